"""Does a probability of 0.8 come true in 80 of 100 clips? Expected calibration error, Brier score, log loss.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, section 2.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .metrics import class_vector
from .scores import as_probabilities


def calibration_metrics(labels: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> dict[str, Any]:
    """Compare the confidence of predictions with how often they are right.

    The confidence of a clip is its highest probability. Bins are equally wide, open below and closed above: bin m of M
    holds (m - 1) / M < confidence <= m / M.

    Args:
        labels: (clips,) true class of each clip, 0..num_labels - 1.
        probabilities: (clips, num_labels), rows that sum to 1; for logits see `as_probabilities`.
        bins: Number of bins; 15 as in the paper's tables.

    Returns:
        "ece": mean over clips of |accuracy - confidence| of their bin, 0..1. "brier": mean squared distance to the
        true class summed over classes, 0..2 (Brier 1950). "nll": mean negative log of the true class's probability,
        probabilities of 0 counted as 2.2e-16 (scikit-learn's `log_loss`). "confidence": mean confidence.
        "bins": one dict per bin with "low", "high", "clips", and "confidence" and "accuracy" (None in an empty bin).

    Raises:
        ValueError: Empty input, different lengths, classes out of range, rows that are no probabilities, no bins.
        TypeError: Labels that are not integers.
    """
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise ValueError(f"bins: got {bins!r}, expected an integer of at least 1")
    values = as_probabilities(probabilities, "probabilities")
    true = class_vector("labels", labels, values.shape[1])
    if true.size != len(values):
        raise ValueError(f"got {true.size} labels and {len(values)} rows of probabilities, expected one row per label")
    confidence, right = values.max(axis=1), values.argmax(axis=1) == true
    edges = np.linspace(0.0, 1.0, int(bins) + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    clips = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, weights=weights, minlength=bins) for weights in (confidence, right.astype(float))]
    rows = np.arange(true.size)
    target = np.zeros_like(values)
    target[rows, true] = 1.0
    return {
        "ece": float(np.abs(sums[0] - sums[1]).sum() / true.size),
        "brier": float(((values - target) ** 2).sum(axis=1).mean()),
        "nll": float(-np.log(np.maximum(values[rows, true], np.finfo(np.float64).eps)).mean()),
        "confidence": float(confidence.mean()),
        "bins": [
            {
                "low": float(edges[index]),
                "high": float(edges[index + 1]),
                "clips": int(count),
                "confidence": float(sums[0][index] / count) if count else None,
                "accuracy": float(sums[1][index] / count) if count else None,
            }
            for index, count in enumerate(clips)
        ],
    }


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> float:
    """Give the "ece" of `calibration_metrics`, 0 (calibrated) to 1."""
    return calibration_metrics(labels, probabilities, bins)["ece"]


__all__ = ["calibration_metrics", "expected_calibration_error"]
