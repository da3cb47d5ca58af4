"""Waveform augmentation: pure in (waveform, generator), repeatable anywhere, honest about its limits.

Cost of each transform on a 4 s clip at 16 kHz, one thread of a shared 2-core machine, audiomentations 0.43.1, as a
ratio to real time (median of 14): Gain, Shift, TimeMask, PolarityInversion > 250,000; HighPass, LowPass 5,000;
AddGaussianSNR, BandPass, BandStop 4,000; AddColorNoise, SevenBandParametricEQ 1,500; TimeStretch 450; PitchShift 420
(9.5 ms). No first call above 10 ms, but 15 s for method="librosa_phase_vocoder" (numba compiles). Seeding and
restoring the global generators: 0.08 ms. Importing audiomentations: 0.85 s.
"""

import hashlib
import json
import pickle
import random
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from hf_ser.augmentation import WAVEFORM_PRESETS, WaveformAugmentation

pytest.importorskip("audiomentations")


def voice(seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    """A buzz with harmonics under a slow envelope."""
    time = np.arange(int(16000 * seconds)) / 16000
    pitch = 120 + 20 * np.sin(2 * np.pi * 3 * time + seed)
    wave = sum(np.sin(2 * np.pi * k * np.cumsum(pitch) / 16000) / k for k in range(1, 8))
    return (0.1 * wave * np.sin(np.pi * time / max(seconds, 1e-3)) ** 2).astype(np.float32)


def everything() -> list[dict]:
    """The strong preset with every transform certain to run."""
    spec = json.loads(json.dumps(WAVEFORM_PRESETS["strong"]))
    for entry in spec:
        entry["kwargs"]["p"] = 1.0
    return spec


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(list(seed))


class Rows(Dataset):
    def __init__(self) -> None:
        self.augment = WaveformAugmentation(everything())

    def __len__(self) -> int:
        return 4

    def __getitem__(self, row: int) -> torch.Tensor:
        return torch.from_numpy(self.augment(voice(), rng(7, 0, row)))


def first(batch: list) -> torch.Tensor:
    return batch[0]


@pytest.mark.parametrize("preset", WAVEFORM_PRESETS)
def test_presets_give_finite_float32_and_leave_the_input_and_global_states_alone(preset: str) -> None:
    augment = WaveformAugmentation(preset)
    clip = voice()
    clip.flags.writeable = False
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.rand()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    for row in range(30):
        out = augment(clip, rng(row))
        assert out.dtype == np.float32
        assert out.ndim == 1
        assert out.flags.c_contiguous
        assert out.flags.writeable
        assert np.isfinite(out).all()
        assert not np.shares_memory(out, clip)
        longest = {"standard": 1 / 0.9, "strong": 1 / 0.8, "stretch": 1 / 0.8, "voices": 1 / 0.82}
        longest = (longest | {"rooms": 1 / 0.82}).get(preset, 1.0)
        shortest = {"standard": 1 / 1.1, "strong": 1 / 1.25, "stretch": 1 / 1.25, "voices": 1 / 1.22}
        shortest = (shortest | {"rooms": 1 / 1.22}).get(preset, 1.0)
        assert shortest * clip.size - 1 <= out.size <= longest * clip.size + 1
    assert (random.random(), np.random.rand()) == expected  # noqa: NPY002
    np.testing.assert_array_equal(clip, voice())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_global_states_come_back_after_an_error() -> None:
    spec = [{"transform": "Gain", "kwargs": {"min_gain_db": 2000.0, "max_gain_db": 2000.0, "p": 1.0}}]
    augment = WaveformAugmentation(spec)
    before = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    with pytest.raises(ValueError, match=r"Gain.*16000 samples into NaN or infinite"):
        augment(voice(), rng(0))
    assert random.getstate() == before[0]
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def test_result_depends_on_the_generator_alone() -> None:
    augment = WaveformAugmentation(everything())
    once = augment(voice(), rng(3, 1, 4))
    random.seed(99)
    np.random.seed(99)  # noqa: NPY002
    augment(voice(seed=1), rng(5))  # an earlier call must not matter
    np.testing.assert_array_equal(augment(voice(), rng(3, 1, 4)), once)
    np.testing.assert_array_equal(WaveformAugmentation(augment.transforms)(voice(), rng(3, 1, 4)), once)
    from_json = WaveformAugmentation(" " + json.dumps(augment.transforms))
    np.testing.assert_array_equal(from_json(voice(), rng(3, 1, 4)), once)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(augment))(voice(), rng(3, 1, 4)), once)
    other = augment(voice(), rng(3, 1, 5))
    assert other.size != once.size or not np.array_equal(other, once)


@pytest.mark.parametrize("name", ["PitchShift", "TimeStretch"])
def test_stretchers_repeat_over_their_whole_presets_range(name: str) -> None:
    extremes = {"PitchShift": ("semitones", (-4.0, 4.0)), "TimeStretch": ("rate", (0.5, 0.8, 1.25))}[name]
    for value in extremes[1]:
        spec = [{"transform": name, "kwargs": {f"min_{extremes[0]}": value, f"max_{extremes[0]}": value, "p": 1.0}}]
        np.testing.assert_array_equal(*(WaveformAugmentation(spec)(voice(), rng(0)) for _ in range(2)))


def test_workers_and_a_fresh_process_agree_with_this_one() -> None:
    here = [Rows()[row].numpy() for row in range(len(Rows()))]
    loaded = [row.numpy() for row in DataLoader(Rows(), batch_size=1, collate_fn=first, num_workers=2)]
    for a, b in zip(here, loaded, strict=True):
        np.testing.assert_array_equal(a, b)
    code = (
        "import hashlib, json, sys; import numpy as np; from hf_ser.augmentation import WaveformAugmentation\n"
        "clip = np.frombuffer(sys.stdin.buffer.read(), dtype=np.float32)\n"
        "out = WaveformAugmentation(json.loads(sys.argv[1]))(clip, np.random.default_rng([7, 0, 2]))\n"
        "print(hashlib.sha256(out.tobytes()).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, json.dumps(everything())],
        input=voice().tobytes(),
        capture_output=True,
        check=True,
    )
    assert run.stdout.decode().strip() == hashlib.sha256(here[2].tobytes()).hexdigest()


@pytest.mark.parametrize("samples", [1, 2, 10, 800, 3000])
def test_short_and_silent_clips_survive(samples: int) -> None:
    augment = WaveformAugmentation(everything())
    for row in range(5):
        for clip in (voice(3.0)[24000 : 24000 + samples], np.zeros(samples, dtype=np.float32)):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert augment(clip, rng(row)).size >= 1


def test_transforms_do_what_they_say() -> None:
    quieter = WaveformAugmentation(
        [{"transform": "Gain", "kwargs": {"min_gain_db": -6.0206, "max_gain_db": -6.0206, "p": 1.0}}]
    )
    np.testing.assert_allclose(quieter(voice(), rng(0)), voice() / 2, atol=1e-6)
    noisy = WaveformAugmentation(
        [{"transform": "AddGaussianSNR", "kwargs": {"min_snr_db": 10, "max_snr_db": 10, "p": 1}}]
    )
    noise = noisy(voice(), rng(0)) - voice()
    assert 10 * np.log10(np.mean(voice() ** 2) / np.mean(noise**2)) == pytest.approx(10, abs=0.3)
    up = WaveformAugmentation(
        [{"transform": "PitchShift", "kwargs": {"min_semitones": 12, "max_semitones": 12, "p": 1.0}}]
    )
    tone = np.sin(2 * np.pi * 500 * np.arange(16000) / 16000).astype(np.float32)
    assert np.abs(np.fft.rfft(up(tone, rng(0)))).argmax() == pytest.approx(1000, abs=5)


@pytest.mark.parametrize(
    ("spec", "error", "says"),
    [
        ("loud", ValueError, "'loud', expected one of none, light, standard, strong"),
        ('[{"transform": "Gain"]', ValueError, "not JSON"),
        ([{"transform": "PichShift"}], ValueError, "'PichShift'.*PitchShift"),
        ([{"transform": "Lambda", "kwargs": {"transform": "print"}}], ValueError, "'Lambda'"),
        ([{"transform": "os.system"}], ValueError, "os.system"),
        ([{"transform": "TimeMask", "kwargs": {"width": 3}}], ValueError, "got width, expected only min_band_part"),
        ([{"transform": "Gain", "kwargs": {"p": 7}}], ValueError, "Gain refused"),
        ([{"transform": "TimeStretch", "kwargs": {"min_rate": 0.4}}], ValueError, "at least 0.5"),
        ([{"transform": "OneOf"}], ValueError, "no transforms"),
        ([{"name": "Gain"}], TypeError, '"transform": name'),
        ([{"transform": ["Gain"]}], TypeError, '"transform": name'),
        ([{"transform": "Gain", "kwargs": {"p": np.float64}}], TypeError, "JSON"),
        (3, TypeError, "got int"),
    ],
)
def test_wrong_specs_are_explained(spec: object, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        WaveformAugmentation(spec)


@pytest.mark.parametrize(
    ("clip", "error", "says"),
    [
        (np.zeros((2, 100), np.float32), ValueError, r"\(2, 100\)"),
        (np.zeros(0, np.float32), ValueError, "at least one sample"),
        (np.full(100, np.nan, np.float32), ValueError, "NaN"),
        (np.zeros(100, np.int16), TypeError, "int16"),
        ([0.0] * 100, TypeError, "list"),
    ],
)
def test_wrong_waveforms_are_explained(clip: object, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        WaveformAugmentation("none")(clip, rng(0))


def test_wrong_generator_and_rate_are_explained() -> None:
    with pytest.raises(TypeError, match="default_rng"):
        WaveformAugmentation("none")(voice(), 0)
    with pytest.raises(ValueError, match="16000"):
        WaveformAugmentation("none", sampling_rate=16000.0)


def test_missing_audiomentations_names_the_extra_and_only_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "audiomentations", None)
    np.testing.assert_array_equal(WaveformAugmentation("none")(voice(), rng(0)), voice())
    with pytest.raises(ImportError, match=r"hf-ser\[augment\]"):
        WaveformAugmentation("light")
