import numpy as np
import pytest

from hf_ser.augmentation import DecayReverb, WaveformAugmentation
from hf_ser.augmentation.reverberation import decay_response, reverberate


def rng(seed=0):
    return np.random.default_rng(seed)


def test_response_falls_by_60_db_in_its_time_and_has_the_wanted_direct_sound():
    response = decay_response(0.5, 6.0, 16000, rng())
    assert response[0] == 1.0
    assert 10 * np.log10(1.0 / np.sum(response[1:] ** 2)) == pytest.approx(6.0)
    levels = 10 * np.log10([np.mean(part**2) for part in np.array_split(response[1:], 10)])
    assert np.diff(levels).mean() == pytest.approx(-6.0, abs=0.2)


def test_a_click_comes_back_as_the_response_of_the_same_length_and_power():
    click = np.zeros(4000, np.float32)
    click[100] = 1.0
    response = decay_response(0.1, 3.0, 16000, rng())
    wet = reverberate(click, response)
    assert len(wet) == len(click)
    assert np.mean(wet.astype(np.float64) ** 2) == pytest.approx(np.mean(click**2), rel=1e-5)
    assert np.allclose(wet[100 : 100 + len(response)] / wet[100], response, atol=1e-5)
    assert np.abs(wet[:100]).max() < 1e-6


@pytest.mark.parametrize("samples", [1, 2, 5])
def test_short_and_silent_clips_survive(samples):
    room = DecayReverb(p=1.0)
    for clip in (np.zeros(samples, np.float32), np.ones(samples, np.float32)):
        wet = room.apply(clip, 16000, rng())
        assert wet.shape == clip.shape
        assert np.isfinite(wet).all()


def test_the_preset_reverberates_every_other_clip():
    augment = WaveformAugmentation("reverb")
    clip = rng().normal(size=2000).astype(np.float32)
    changed = [not np.array_equal(augment(clip, rng(seed)), clip) for seed in range(200)]
    assert 0.4 < np.mean(changed) < 0.6
    assert np.array_equal(augment(clip, rng(1)), augment(clip, rng(1)))


@pytest.mark.parametrize(
    "settings", [{"min_seconds": 0.0}, {"min_seconds": 2.0}, {"min_direct_db": 20.0}, {"p": 1.5}], ids=str
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="expected"):
        DecayReverb(**settings)
