"""Long recordings are scored in windows, never cut."""

import numpy as np


def split_into_windows(waveform: np.ndarray, window: int) -> list[np.ndarray]:
    """Cut a waveform into windows of equal length that cover all of it.

    The windows lie evenly, so that neighbours overlap a little where the length is no multiple of the window.

    Args:
        waveform: (samples,).
        window: samples of a window.

    Returns:
        one view for each window; the waveform itself if it is not longer than one window.

    Raises:
        ValueError: if `window` is not positive.
    """
    if window <= 0:
        raise ValueError(f"window is {window} samples, expected a positive number")
    if len(waveform) <= window:
        return [waveform]
    count = -(-len(waveform) // window)
    starts = np.linspace(0, len(waveform) - window, count).round().astype(int)
    return [waveform[start : start + window] for start in starts]


def mean_log_probability(logits: np.ndarray) -> np.ndarray:
    """Join the windows of one recording: the mean of their log-probabilities, as probabilities again.

    Args:
        logits: (windows, num_labels).

    Returns:
        probabilities (num_labels,), which sum to 1.
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    mean = log_probabilities.mean(axis=0)
    scores = np.exp(mean - mean.max())
    return scores / scores.sum()
