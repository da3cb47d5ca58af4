import numpy as np
import pytest

from hf_ser.augmentation import SpeedPerturb, WaveformAugmentation


def peak_hz(waveform, rate=16000):
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)), 1 << 17))
    return spectrum.argmax() * rate / (1 << 17)


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_speed_changes_length_and_pitch_together(speed):
    tone = np.sin(2 * np.pi * 500 * np.arange(16000) / 16000).astype(np.float32)
    changed = SpeedPerturb(speed, speed, p=1.0)(tone, 16000)
    assert changed.dtype == np.float32
    assert len(changed) == pytest.approx(16000 / speed, abs=2)
    assert peak_hz(changed) == pytest.approx(500 * speed, rel=0.005)


def test_it_is_a_transform_of_a_specification_and_keyed_by_the_generator():
    augmentation = WaveformAugmentation([{"transform": "SpeedPerturb", "kwargs": {"p": 1.0}}])
    tone = np.sin(np.arange(8000) / 9).astype(np.float32)
    first, again, other = (augmentation(tone, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert len(first) != len(other)


def test_probability_zero_changes_nothing():
    tone = np.ones(100, np.float32)
    assert SpeedPerturb(p=0.0)(tone, 16000) is tone


@pytest.mark.parametrize("settings", [{"min_speed": 0.0}, {"min_speed": 1.2, "max_speed": 1.1}, {"p": 1.5}])
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ValueError, match="expected"):
        SpeedPerturb(**settings)
