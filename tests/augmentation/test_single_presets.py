"""The presets of one change each: that they change what their name says, and nothing else."""

import numpy as np
import pytest

from hf_ser.augmentation import WaveformAugmentation

pytest.importorskip("audiomentations")

TIME = np.arange(16000) / 16000
TONE = (0.2 * np.sin(2 * np.pi * 440 * TIME)).astype(np.float32)


def outcomes(preset, clip=TONE, count=40):
    augment = WaveformAugmentation(preset)
    results = [augment(clip, np.random.default_rng([row])) for row in range(count)]
    assert all(
        np.array_equal(result, augment(clip, np.random.default_rng([row]))) for row, result in enumerate(results)
    )
    changed = [result for result in results if len(result) != len(clip) or not np.array_equal(result, clip)]
    # about every other clip
    assert 0.25 * count < len(changed) < 0.75 * count
    return changed


def frequency(clip):
    window = np.hanning(len(clip))
    return np.abs(np.fft.rfft(clip * window)).argmax() * 16000 / len(clip)


def level(clip):
    return 10 * np.log10(np.mean(np.square(clip, dtype=np.float64)))


def test_pitch_moves_up_to_two_semitones_and_keeps_the_length():
    semitones = [12 * np.log2(frequency(clip) / 440) for clip in outcomes("pitch")]
    assert all(len(clip) == len(TONE) for clip in outcomes("pitch"))
    assert max(map(abs, semitones)) < 2.1
    assert min(semitones) < -0.5 < 0.5 < max(semitones)


def test_stretch_changes_the_length_and_keeps_the_pitch():
    changed = outcomes("stretch")
    lengths = [len(clip) / len(TONE) for clip in changed]
    assert 1 / 1.25 - 0.001 <= min(lengths) < 0.95 < 1.05 < max(lengths) <= 1 / 0.8 + 0.001
    assert all(abs(frequency(clip) - 440) < 6 for clip in changed)


def test_gain_changes_the_level_alone():
    changed = outcomes("gain")
    gains = [level(clip) - level(TONE) for clip in changed]
    assert -12.01 <= min(gains) < -3 < 2 < max(gains) <= 6.01
    for clip, gain in zip(changed, gains, strict=True):
        assert np.allclose(clip, TONE * 10 ** (gain / 20), atol=1e-5)


def test_noise_is_added_at_5_to_30_db():
    ratios = [level(TONE) - level(clip - TONE) for clip in outcomes("noise")]
    assert 4.5 <= min(ratios) < 12 < 22 < max(ratios) <= 30.5


def test_reverberation_keeps_length_and_level():
    changed = outcomes("reverb", TONE * np.hanning(len(TONE)).astype(np.float32))
    assert all(len(clip) == len(TONE) for clip in changed)
    assert all(level(clip) == pytest.approx(level(TONE * np.hanning(len(TONE))), abs=0.01) for clip in changed)
