import numpy as np
import pytest
import torch
from transformers import WhisperFeatureExtractor

from hf_ser.features.whisper_log_mel import count_log_mel_frames, whisper_log_mels

CPU = torch.device("cpu")


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def log_mels(clips, length=None, mels=80):
    length = max(count_log_mel_frames(len(clip), 160) for clip in clips) if length is None else length
    settings = {"sampling_rate": 16000, "n_fft": 400, "hop_length": 160, "num_mel_bins": mels}
    return whisper_log_mels(clips, length, padding_value=7.0, device=CPU, **settings).numpy()


# some of 128 bands are a single bin, where single precision itself leaves 1e-4 of a quiet one in stock's values too
@pytest.mark.parametrize(("mels", "tolerance"), [(80, 1e-5), (128, 2e-4)])
@pytest.mark.parametrize("samples", [201, 319, 320, 1600, 15999, 16001, 59213])
def test_a_clip_is_what_whisper_makes_of_it_without_padding(samples, mels, tolerance):
    clip = noise(samples, samples) * np.linspace(1, 0.001, samples, dtype=np.float32)
    stock = WhisperFeatureExtractor(feature_size=mels)
    expected = stock(clip, sampling_rate=16000, padding="longest", truncation=False, return_tensors="np")
    np.testing.assert_allclose(log_mels([clip], mels=mels)[0], expected["input_features"][0].T, atol=tolerance)


def test_neighbours_in_the_signal_do_not_reach_a_clip():
    clips = [noise(samples, seed) for seed, samples in enumerate((4000, 201, 161, 1, 2400, 8000))]
    clips[2] *= 1000
    together = log_mels(clips, length=60)
    for row, clip in zip(together, clips, strict=True):
        alone = log_mels([clip])[0]
        np.testing.assert_allclose(row[: len(alone)], alone, atol=1e-6)
        assert (row[len(alone) :] == 7.0).all()


def test_a_clip_too_short_to_be_mirrored_goes_on_in_silence():
    short = noise(150)
    np.testing.assert_array_equal(log_mels([short]), log_mels([np.concatenate([short, np.zeros(51, np.float32)])]))


def test_silence_is_finite():
    np.testing.assert_allclose(log_mels([np.zeros(1600, np.float32)]), -1.5, atol=1e-6)


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (159, 1), (319, 1), (320, 2), (480000, 3000)])
def test_frames_are_whole_steps(samples, frames):
    assert count_log_mel_frames(samples, 160) == frames
