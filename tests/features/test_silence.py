import numpy as np
import pytest

from hf_ser import SpectrogramFeatureExtractor
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


def test_extractor_trims_alike_alone_and_in_a_batch():
    extractor = SpectrogramFeatureExtractor(trim_db=40.0, trim_margin=0.05)
    clips = [tone_in_silence(0.5, 1.0, 0.8, noise=1e-4), tone_in_silence(0.1, 0.6, 0.1, noise=1e-4)]
    batch = extractor(clips, sampling_rate=RATE, padding="longest", return_tensors="pt")
    frames = batch["attention_mask"].sum(1).tolist()
    assert frames == [extractor.frames_of(len(extractor.trim_silence(clip))) for clip in clips]
    for row, clip in enumerate(clips):
        alone = extractor(clip, sampling_rate=RATE, return_tensors="pt")["input_features"]
        assert alone.shape[-1] == frames[row] < SpectrogramFeatureExtractor().frames_of(len(clip))
        assert np.allclose(batch["input_features"][row, ..., : frames[row]], alone[0], atol=1e-4)


def test_trimming_is_saved_and_off_by_default(tmp_path):
    SpectrogramFeatureExtractor(trim_db=35.0).save_pretrained(tmp_path)
    assert SpectrogramFeatureExtractor.from_pretrained(tmp_path).trim_db == 35.0
    clip = tone_in_silence(0.5, 1.0, 0.8)
    assert SpectrogramFeatureExtractor().trim_silence(clip) is clip


@pytest.mark.parametrize("settings", [{"trim_db": 0.0}, {"trim_db": "40"}, {"trim_margin": -1.0}])
def test_wrong_trimming_is_refused(settings):
    with pytest.raises(ValueError, match="trim_"):
        SpectrogramFeatureExtractor(**settings)
