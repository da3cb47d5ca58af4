import numpy as np
import pytest

from hf_ser.features.silence import sounding_span

RATE = 16000


def tone_in_silence(before, sound, after, level=1.0, noise=0.0):
    tone = level * np.sin(2 * np.pi * 200 * np.arange(round(sound * RATE)) / RATE)
    clip = np.concatenate([np.zeros(round(before * RATE)), tone, np.zeros(round(after * RATE))])
    return (clip + noise * np.random.default_rng(0).normal(size=len(clip))).astype(np.float32)


@pytest.mark.parametrize("level", [1.0, 0.001])
@pytest.mark.parametrize("noise_db", [-100, -60])
def test_silence_at_both_ends_is_found_at_any_level(level, noise_db):
    clip = tone_in_silence(0.5, 1.0, 0.8, level, level * 10 ** (noise_db / 20))
    first, last = sounding_span(clip, RATE, 40.0, 0.08)
    assert first / RATE == pytest.approx(0.5 - 0.08, abs=0.03)
    assert last / RATE == pytest.approx(1.5 + 0.08, abs=0.03)


def test_silence_inside_is_kept():
    clip = np.concatenate([tone_in_silence(0.3, 0.4, 0.5), tone_in_silence(0.5, 0.4, 0.3)])
    first, last = sounding_span(clip, RATE, 40.0, 0.0)
    assert last - first == pytest.approx(1.8 * RATE, abs=0.05 * RATE)


def test_range_decides_what_counts_as_sound():
    clip = np.concatenate([0.01 * tone_in_silence(0, 0.5, 0), tone_in_silence(0, 0.5, 0)])
    assert sounding_span(clip, RATE, 50.0, 0.0)[0] == 0
    assert sounding_span(clip, RATE, 30.0, 0.0)[0] == pytest.approx(0.5 * RATE, abs=0.03 * RATE)


@pytest.mark.parametrize("samples", [1, 100, 400, 401, 5000])
def test_clip_without_sound_or_shorter_than_a_frame_is_kept_whole(samples):
    assert sounding_span(np.zeros(samples, np.float32), RATE, 40.0, 0.1) == (0, samples)
    assert sounding_span(np.ones(samples, np.float32), RATE, 40.0, 0.0)[0] == 0


def test_trimming_twice_changes_next_to_nothing():
    clip = tone_in_silence(0.5, 1.0, 0.8)
    first, last = sounding_span(clip, RATE, 40.0, 0.08)
    trimmed = clip[first:last]
    again = sounding_span(trimmed, RATE, 40.0, 0.08)
    assert again[0] <= 0.01 * RATE
    assert again[1] >= len(trimmed) - 0.01 * RATE
