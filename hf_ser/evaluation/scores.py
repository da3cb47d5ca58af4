"""From what a model gives for each emotion (logits or probabilities) to probabilities."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

ScoreType = Literal["probabilities", "logits"]
TOLERANCE = 1e-3  # how far a row of probabilities may be from 1: six decimals in a file, or half precision


def softmax(logits: ArrayLike) -> np.ndarray:
    """Turn logits into probabilities.

    Args:
        logits: (clips, num_labels); log-probabilities are logits too.

    Returns:
        (clips, num_labels) float64, each row sums to 1.
    """
    values = np.asarray(logits, dtype=np.float64)
    exponentials = np.exp(values - values.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def find_score_type(scores: ArrayLike) -> ScoreType:
    """Tell probabilities from logits where one can, and refuse where one cannot.

    The rule: every row within [0, 1] and with a sum of 1 (to within 0.001): probabilities. Some score below 0 or above
    1: logits. All else (scores within [0, 1] that do not sum to 1: sigmoids, votes, or chance) is not told apart.

    Args:
        scores: (clips, num_labels).

    Returns:
        "probabilities" or "logits".

    Raises:
        ValueError: The rule does not decide, the shape is wrong, or a score is not finite.
    """
    values = _check(scores)
    off = np.abs(values.sum(axis=1) - 1)
    if values.min() >= -TOLERANCE and off.max() <= TOLERANCE:
        return "probabilities"
    if values.min() < 0 or values.max() > 1:
        return "logits"
    worst = int(off.argmax())
    raise ValueError(
        f"scores: all lie within 0 and 1, but those of clip {worst} sum to {values[worst].sum():.4g}, so they may be "
        "logits or probabilities; pass score_type='logits' or score_type='probabilities' (rows that sum to 1)"
    )


def as_probabilities(scores: ArrayLike, score_type: ScoreType) -> np.ndarray:
    """Turn scores of a known type into probabilities.

    Args:
        scores: (clips, num_labels).
        score_type: "logits" go through a softmax; "probabilities" are checked, and rows that are off by rounding
            (up to 0.001) are scaled to a sum of 1.

    Returns:
        (clips, num_labels) float64, each row sums to 1.

    Raises:
        ValueError: Unknown type, wrong shape, a score that is not finite, or probabilities that are none.
    """
    if score_type not in get_args(ScoreType):
        raise ValueError(f"score_type: got {score_type!r}, expected 'logits' or 'probabilities'")
    values = _check(scores)
    if score_type == "logits":
        return softmax(values)
    off = np.abs(values.sum(axis=1) - 1)
    bad = np.flatnonzero((values.min(axis=1) < -TOLERANCE) | (off > TOLERANCE))
    if bad.size:
        raise ValueError(
            f"scores: {bad.size} of {len(values)} rows are no probabilities (first: clip {bad[0]}, smallest "
            f"{values[bad[0]].min():.4g}, sum {values[bad[0]].sum():.4g}), expected rows of at least 0 that sum to 1; "
            "pass score_type='logits' if that is what they are"
        )
    values = np.clip(values, 0.0, None)
    return values / values.sum(axis=1, keepdims=True)


def _check(scores: ArrayLike) -> np.ndarray:
    """A finite (clips, num_labels) float64 array."""
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"scores: got shape {values.shape}, expected (clips, num_labels) with at least one of each")
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        raise ValueError(
            f"scores: got a value that is not finite in {bad.size} of {len(values)} clips (first: clip {bad[0]}); "
            "the model has diverged or its input holds NaN: lower the learning rate, or check that clip"
        )
    return values


__all__ = ["ScoreType", "as_probabilities", "find_score_type", "softmax"]
