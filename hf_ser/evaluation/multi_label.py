"""Scores where a clip has several emotions, or none."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

THRESHOLD = 0.5


def multi_label_metrics(
    labels: ArrayLike, probabilities: ArrayLike, names: Sequence[str], threshold: float = THRESHOLD
) -> dict[str, Any]:
    """Score emotions that are judged one by one.

    An emotion is predicted where its probability is at least the threshold. F1 of an emotion that is neither true nor
    predicted anywhere is undefined and does not count in macro-F1; average precision is undefined where an emotion is
    never true.

    Args:
        labels: (clips, num_labels), 1 where a clip has an emotion and 0 elsewhere.
        probabilities: (clips, num_labels) in [0, 1].
        names: emotion of each column.
        threshold: probability from which on an emotion is predicted.

    Returns:
        "macro_f1", "micro_f1", "subset_accuracy" (share of clips with exactly the right emotions), "mean_ap"; and by
        emotion "f1" and "average_precision" (area under the precision-recall steps, as scikit-learn's
        `average_precision_score`), None where undefined, and "support". All plain Python.

    Raises:
        ValueError: shapes that differ or are empty, labels other than 0 and 1, or probabilities outside [0, 1].
    """
    true, scores = np.asarray(labels, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if true.ndim != 2 or true.shape != scores.shape or true.size == 0 or true.shape[1] != len(names):
        raise ValueError(
            f"got labels {true.shape}, probabilities {scores.shape} and {len(names)} names, expected both as "
            "(clips, num_labels) with a name for each column"
        )
    if not np.isin(true, (0.0, 1.0)).all():
        raise ValueError("labels: expected 0 and 1 only, one column for each emotion")
    if not ((scores >= 0.0) & (scores <= 1.0)).all():
        raise ValueError("probabilities: expected numbers in [0, 1]; pass the sigmoid of the logits")
    predicted = scores >= threshold
    hits = (true * predicted).sum(axis=0)
    pairs = true.sum(axis=0) + predicted.sum(axis=0)
    f1 = [2 * float(hit) / float(pair) if pair else None for hit, pair in zip(hits, pairs, strict=True)]
    precisions = [average_precision(true[:, index], scores[:, index]) for index in range(len(names))]
    return {
        "macro_f1": _mean(f1),
        "micro_f1": 2 * float(hits.sum()) / float(pairs.sum()) if pairs.sum() else 0.0,
        "subset_accuracy": float((true == predicted).all(axis=1).mean()),
        "mean_ap": _mean(precisions),
        "f1": dict(zip(names, f1, strict=True)),
        "average_precision": dict(zip(names, precisions, strict=True)),
        "support": dict(zip(names, true.sum(axis=0).astype(int).tolist(), strict=True)),
    }


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """Area under the steps of precision over recall; clips with equal scores count together.

    Args:
        labels: (clips,) of 0 and 1.
        scores: (clips,), higher for more certain.

    Returns:
        0..1, None if no label is 1.
    """
    if not labels.any():
        return None
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(labels[order])[ends]
    steps = np.diff(hits, prepend=0.0)
    return float((steps * hits / (ends + 1)).sum() / labels.sum())


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else 0.0


__all__ = ["THRESHOLD", "average_precision", "multi_label_metrics"]
