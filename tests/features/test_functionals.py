"""eGeMAPS by openSMILE, and what happens without it."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from hf_ser.features import functionals

GOLDEN = Path(__file__).parents[1] / "golden" / "egemaps_v02.json"
RATE = 16_000
needs_opensmile = pytest.mark.skipif(find_spec("opensmile") is None, reason="opensmile is missing: hf-ser[egemaps]")


def chirps(seconds=2.0):
    """The test signal of the golden features: three gliding tones under a slow swell."""
    t = np.arange(round(seconds * RATE)) / RATE

    def glide(f, k):
        return np.sin(2 * np.pi * (f * t + k * t**2))

    swell = 0.6 * (1 + 0.5 * np.sin(2 * np.pi * 3 * t))
    return (swell * (0.4 * glide(200, 150) + 0.3 * glide(1200, -100) + 0.1 * glide(3000, 400))).astype(np.float32)


@needs_opensmile
def test_names_and_figures_are_those_of_version_02():
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert list(functionals.egemaps_names()) == golden["names"]
    figures = functionals.egemaps_functionals(chirps())
    assert (figures.shape, figures.dtype) == ((functionals.EGEMAPS_SIZE,), np.float32)
    np.testing.assert_allclose(figures, golden["chirps"], rtol=1e-3, atol=1e-4)


@needs_opensmile
def test_pitch_and_loudness_mean_what_they_say():
    t = np.arange(RATE) / RATE
    pulses = np.sign(np.sin(2 * np.pi * 220 * t)).astype(np.float32) * 0.3
    names = functionals.egemaps_names()
    figures = dict(zip(names, functionals.egemaps_functionals(pulses), strict=True))
    assert figures["F0semitoneFrom27.5Hz_sma3nz_amean"] == pytest.approx(36.0, abs=0.2)  # three octaves above 27.5 Hz
    softer = dict(zip(names, functionals.egemaps_functionals(pulses / 10), strict=True))
    level = "equivalentSoundLevel_dBp"
    assert figures[level] - softer[level] == pytest.approx(20, abs=0.1)


@needs_opensmile
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("samples", [1, 400, 959, 960, 1600])
@pytest.mark.parametrize("kind", ["silence", "noise", "full scale", "beyond full scale"])
def test_any_clip_gives_finite_figures(samples, kind):
    noise = np.random.default_rng(0).normal(size=samples)
    clip = {"silence": 0 * noise, "noise": 0.1 * noise, "full scale": np.sign(noise), "beyond full scale": 1e6 * noise}
    figures = functionals.egemaps_functionals(clip[kind])
    assert figures.shape == (88,)
    assert np.isfinite(figures).all()


@needs_opensmile
def test_full_scale_does_not_wrap_around():
    t = np.arange(RATE // 2) / RATE
    tone = np.sin(2 * np.pi * 200 * t)
    almost, louder = functionals.egemaps_functionals(0.999 * tone), functionals.egemaps_functionals(1.0005 * tone)
    np.testing.assert_allclose(louder, almost, rtol=0.05, atol=0.5)


@needs_opensmile
def test_what_is_no_single_clip_at_16_khz_is_refused():
    with pytest.raises(ValueError, match="8000 Hz"):
        functionals.egemaps_functionals(chirps(), 8000)
    with pytest.raises(ValueError, match="got 2 clips, expected one"):
        functionals.egemaps_functionals([chirps(), chirps()])
    with pytest.raises(ValueError, match="zero samples"):
        functionals.egemaps_functionals(np.zeros(0, np.float32))
    with pytest.raises(TypeError, match="int16"):
        functionals.egemaps_functionals(np.zeros(2000, np.int16))


def test_without_opensmile_the_error_says_how_to_get_it(monkeypatch):
    functionals._egemaps.cache_clear()
    monkeypatch.setitem(sys.modules, "opensmile", None)
    with pytest.raises(ImportError, match=r"pip install 'hf-ser\[egemaps\]'.*non-commercial"):
        functionals.egemaps_functionals(chirps())
    with pytest.raises(ImportError, match="opensmile"):
        functionals.egemaps_names()
