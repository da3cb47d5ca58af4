"""Long recordings are scored in windows, never cut, and windows in batches of like length."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

# for models that take any length: attention grows with its square, and speech changes its emotion sooner than this
DEFAULT_SECONDS = 30.0
# a window shorter than the longest of its batch by more than this factor would mostly be padding
LIKE_LENGTH = 1.5


def window_seconds(feature_extractor: Any) -> float | None:
    """Length of the windows that a model's recordings are scored in.

    Args:
        feature_extractor: the model's: hf_ser's own, or one of transformers', some of which crop what is longer
            without a word (WhisperFeatureExtractor, ASTFeatureExtractor).

    Returns:
        seconds: what the extractor is limited to, or 30 s for models that read waveforms of any length; None for a
        spectrogram extractor that is set to show whole recordings.
    """
    for name in ("window_seconds", "max_seconds", "chunk_length"):
        if hasattr(feature_extractor, name):
            return getattr(feature_extractor, name)
    if type(feature_extractor).__name__ == "ASTFeatureExtractor":
        # frames of 10 ms
        return feature_extractor.max_length / 100.0
    return DEFAULT_SECONDS


def padding_of(feature_extractor: Any) -> str:
    """The padding under which a window in a batch is what it is alone, "longest" or "max_length".

    Args:
        feature_extractor: the model's; transformers' WhisperForAudioClassification takes nothing but 30 s.

    Returns:
        the argument `padding` for the extractor's calls.
    """
    stock_whisper = type(feature_extractor).__name__ == "WhisperFeatureExtractor"
    return getattr(feature_extractor, "batch_padding", "max_length" if stock_whisper else "longest")


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


def batches_of_like_length(
    lengths: Sequence[int], batch_size: int, most_samples: int, padded_alike: bool = False
) -> Iterator[list[int]]:
    """Put windows into batches that waste little on padding and need a bounded memory.

    Args:
        lengths: samples of each window.
        batch_size: windows of a batch at most.
        most_samples: samples of a batch at most, padding included; a window longer than that is a batch of its own.
        padded_alike: whether all windows are padded to one length anyway, so that only `batch_size` counts.

    Yields:
        indices of the windows of a batch, the shortest first; each index once.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        longest = lengths[index]
        too_much = (len(batch) + 1) * longest > most_samples
        if batch and not padded_alike and (too_much or longest > LIKE_LENGTH * lengths[batch[0]]):
            yield batch
            batch = []
        batch.append(index)
        if len(batch) == batch_size:
            yield batch
            batch = []
    if batch:
        yield batch
