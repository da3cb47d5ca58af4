import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from transformers import ASTFeatureExtractor, Wav2Vec2FeatureExtractor, WhisperFeatureExtractor

from hf_ser.features import SpectrogramFeatureExtractor, SpeechFeatureExtractor
from hf_ser.inference.windows import (
    batches_of_like_length,
    mean_log_probability,
    padding_of,
    split_into_windows,
    window_seconds,
)


@pytest.mark.parametrize("length", [1, 99, 100])
def test_short_recording_is_one_window(length):
    waveform = np.arange(length)
    windows = split_into_windows(waveform, 100)
    assert len(windows) == 1
    assert np.array_equal(windows[0], waveform)


@pytest.mark.parametrize(("length", "count"), [(101, 2), (200, 2), (201, 3), (1000, 10)])
def test_windows_cover_every_sample(length, count):
    windows = split_into_windows(np.arange(length), 100)
    assert len(windows) == count
    assert all(len(window) == 100 for window in windows)
    assert set(np.concatenate(windows)) == set(range(length))


def test_window_without_length_is_refused():
    with pytest.raises(ValueError, match="0 samples"):
        split_into_windows(np.zeros(5), 0)


def test_windows_are_joined_by_mean_log_probability():
    logits = np.random.default_rng(0).normal(size=(4, 6)) * 50
    expected = softmax(log_softmax(logits, axis=-1).mean(axis=0))
    scores = mean_log_probability(logits)
    assert np.allclose(scores, expected)
    assert scores.sum() == pytest.approx(1.0)


def test_one_window_is_plain_softmax():
    logits = np.array([[1.0, 2.0, -3.0]])
    assert np.allclose(mean_log_probability(logits), softmax(logits[0]))


@pytest.mark.parametrize(
    ("make", "seconds", "padding"),
    [
        (lambda: SpeechFeatureExtractor("log_mel"), 30.0, "longest"),
        (lambda: SpeechFeatureExtractor("waveform"), 30.0, "longest"),
        (lambda: SpeechFeatureExtractor("waveform", max_seconds=6.0), 6.0, "longest"),
        (lambda: SpectrogramFeatureExtractor(num_frames=300), 3.0, "longest"),
        (lambda: SpectrogramFeatureExtractor(num_frames=300, image_size=[32, 32]), 3.0, "max_length"),
        (lambda: SpectrogramFeatureExtractor(), None, "longest"),
        (lambda: WhisperFeatureExtractor(), 30, "max_length"),
        (lambda: Wav2Vec2FeatureExtractor(), 30.0, "longest"),
        (lambda: ASTFeatureExtractor(num_mel_bins=16), 10.24, "longest"),
    ],
)
def test_every_extractor_has_windows_that_it_does_not_crop(make, seconds, padding):
    extractor = make()
    assert window_seconds(extractor) == seconds
    assert padding_of(extractor) == padding


def test_batches_hold_every_window_once_and_little_padding():
    lengths = np.random.default_rng(0).integers(1, 1000, size=200).tolist()
    batches = list(batches_of_like_length(lengths, 8, 2000))
    assert sorted(index for batch in batches for index in batch) == list(range(200))
    for batch in batches:
        members = [lengths[index] for index in batch]
        assert len(batch) <= 8
        assert len(batch) * max(members) <= 2000
        assert max(members) <= 1.5 * min(members)


def test_windows_longer_than_a_batch_may_be_are_scored_alone():
    assert list(batches_of_like_length([500, 500, 10], 8, 100)) == [[2], [0], [1]]


def test_windows_that_are_padded_alike_are_only_counted():
    assert list(batches_of_like_length([5, 1, 1000], 2, 1, padded_alike=True)) == [[1, 0], [2]]
