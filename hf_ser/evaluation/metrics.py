"""WA, UA, macro-F1 and what lies under them, in numpy.

WA (weighted accuracy) is accuracy over all clips. UA (unweighted accuracy, UAR) is the mean recall over classes.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from transformers import EvalPrediction


def confusion_matrix(labels: ArrayLike, predictions: ArrayLike, num_labels: int) -> np.ndarray:
    """Count clips by true and predicted class.

    Args:
        labels: (clips,) true class of each clip, 0..num_labels - 1.
        predictions: (clips,) predicted class of each clip.
        num_labels: Number of classes.

    Returns:
        (num_labels, num_labels) int64; row = true class, column = predicted class.

    Raises:
        ValueError: Empty input, different lengths, more than one dimension, a class outside the range.
        TypeError: Values that are not integers.
    """
    if isinstance(num_labels, bool) or not isinstance(num_labels, int | np.integer) or num_labels < 1:
        raise ValueError(f"num_labels: got {num_labels!r}, expected the number of classes, an integer of at least 1")
    num_labels = int(num_labels)  # the square of a small numpy integer could overflow
    true, predicted = class_vector("labels", labels, num_labels), class_vector("predictions", predictions, num_labels)
    if true.size != predicted.size:
        raise ValueError(f"got {true.size} labels and {predicted.size} predictions, expected one prediction per label")
    counts = np.bincount(true * num_labels + predicted, minlength=num_labels * num_labels)
    return counts.reshape(num_labels, num_labels)


def classification_metrics(labels: ArrayLike, predictions: ArrayLike, num_labels: int) -> dict[str, Any]:
    """Score predicted classes.

    A class that no clip has does not count in UA (scikit-learn's `balanced_accuracy_score`); macro-F1 is over the
    classes that occur among labels or predictions, so a class predicted but never true counts as 0 (scikit-learn's
    `f1_score(average="macro")`).

    Args:
        labels: (clips,) true class of each clip, 0..num_labels - 1.
        predictions: (clips,) predicted class of each clip.
        num_labels: Number of classes.

    Returns:
        "wa", "ua", "macro_f1": shares in 0..1. "recall", "precision", "f1": one share per class, None where undefined
        (recall: class not in labels; precision: never predicted; F1: neither). "support": clips per class.
        "confusion_matrix": rows true, columns predicted. All plain Python, fit for JSON.

    Raises:
        ValueError: Empty input, different lengths, more than one dimension, a class outside the range.
        TypeError: Values that are not integers.
    """
    confusion = confusion_matrix(labels, predictions, num_labels)
    hits, support, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    recall, precision = _share(hits, support), _share(hits, predicted)
    f1 = _share(2 * hits, support + predicted)
    return {
        "wa": float(hits.sum() / confusion.sum()),
        "ua": float(np.nanmean(recall)),
        "macro_f1": float(np.nanmean(f1)),
        "recall": _plain(recall),
        "precision": _plain(precision),
        "f1": _plain(f1),
        "support": support.tolist(),
        "confusion_matrix": confusion.tolist(),
    }


def predicted_classes(scores: ArrayLike) -> np.ndarray:
    """Pick the class with the highest score of each clip, the first of equals.

    Args:
        scores: (clips, num_labels) logits or probabilities.

    Returns:
        (clips,) int64.

    Raises:
        ValueError: Not two-dimensional, empty, or NaN among the scores.
    """
    values = np.asarray(scores)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"scores: got shape {values.shape}, expected (clips, num_labels) with at least one of each")
    bad = np.flatnonzero(np.isnan(values).any(axis=1))
    if bad.size:
        raise ValueError(
            f"scores: got NaN in {bad.size} of {len(values)} clips (first: clip {bad[0]}); the model has diverged or "
            "its input holds NaN: lower the learning rate, or check the features of that clip"
        )
    return values.argmax(axis=1)


def compute_metrics(prediction: "EvalPrediction") -> dict[str, float]:
    """Score an evaluation loop; pass it as `Trainer(compute_metrics=...)`.

    Args:
        prediction: `predictions` (clips, num_labels), or a tuple that starts with them; `label_ids` (clips,).

    Returns:
        "wa", "ua", "macro_f1" in 0..1, the scalars of `classification_metrics`.

    Raises:
        ValueError: See `classification_metrics` and `predicted_classes`.
        TypeError: Labels that are not integers.
    """
    scores = prediction.predictions
    if isinstance(scores, tuple | list):
        scores = scores[0]
    scores = np.asarray(scores)
    full = classification_metrics(prediction.label_ids, predicted_classes(scores), scores.shape[1])
    return {name: full[name] for name in ("wa", "ua", "macro_f1")}


def class_vector(name: str, values: ArrayLike, num_labels: int) -> np.ndarray:
    """Check a vector of class numbers, (clips,); gives int64, errors as of `confusion_matrix`."""
    classes = np.asarray(values)
    if classes.ndim != 1 or classes.size == 0:
        raise ValueError(f"{name}: got shape {classes.shape}, expected (clips,) with at least one clip")
    if not np.issubdtype(classes.dtype, np.integer):
        raise TypeError(f"{name}: got {classes.dtype}, expected class numbers (integers), such as label2id gives")
    outside = np.flatnonzero((classes < 0) | (classes >= num_labels))
    if outside.size:
        raise ValueError(
            f"{name}: got class {classes[outside[0]]} at clip {outside[0]}, expected 0 to {num_labels - 1}; "
            "does the corpus have the labels that the model was built with?"
        )
    return classes.astype(np.int64)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide counts, NaN where there is nothing to divide by."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _plain(shares: np.ndarray) -> list[float | None]:
    """Python numbers for JSON, which has no NaN."""
    return [None if np.isnan(share) else float(share) for share in shares]


__all__ = ["class_vector", "classification_metrics", "compute_metrics", "confusion_matrix", "predicted_classes"]
