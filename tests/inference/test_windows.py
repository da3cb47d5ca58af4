import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from hf_ser.inference.windows import mean_log_probability, split_into_windows


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
