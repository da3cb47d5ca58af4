"""Checks of what predictions are made of: names of emotions, clips, classes, folds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

COLUMNS = ("clip", "speaker", "emotion", "predicted", "fold", "seed")  # of a file of predictions, see predictions.py


def class_numbers(labels: ArrayLike, label_names: Sequence[str]) -> np.ndarray:
    """Turn emotion names into class numbers; integers are checked and kept.

    Args:
        labels: (clips,) names out of `label_names`, or integers from 0.
        label_names: Emotion of each class.

    Returns:
        (clips,) int64.

    Raises:
        ValueError: Not one-dimensional, empty, or a label that is not there.
        TypeError: Neither names nor integers.
    """
    values = np.asarray(labels)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"labels: got shape {values.shape}, expected (clips,) with at least one clip")
    if values.dtype.kind in "UO" and all(isinstance(value, str) for value in values):
        number = {name: index for index, name in enumerate(label_names)}
        if unknown := sorted(set(values.tolist()) - set(number)):
            raise ValueError(f"labels: {', '.join(unknown)} not among the label names {', '.join(label_names)}")
        return np.array([number[value] for value in values.tolist()], dtype=np.int64)
    if values.dtype.kind not in "iu":
        raise TypeError(f"labels: got {values.dtype}, expected emotion names or class numbers (integers)")
    outside = np.flatnonzero((values < 0) | (values >= len(label_names)))
    if outside.size:
        raise ValueError(
            f"labels: got class {values[outside[0]]} at clip {outside[0]}, expected 0 to {len(label_names) - 1}"
        )
    return values.astype(np.int64)


def check_label_names(names: Sequence[str]) -> tuple[str, ...]:
    """Check the names of the emotions, (num_labels,); ValueError if one is empty, there twice, or a column's name."""
    if isinstance(names, str) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"label_names: got {names!r}, expected the names of the emotions in the order of the scores")
    if len(set(names)) != len(names):
        raise ValueError(f"label_names: got {', '.join(names)}, expected each name once")
    if taken := sorted(set(names) & set(COLUMNS)):
        raise ValueError(f"label_names: {', '.join(taken)} is the name of another column; rename that class")
    return tuple(names)


def name_vector(name: str, values: ArrayLike) -> np.ndarray:
    """Make (clips,) Python strings of names, as an array of objects; ValueError if one is empty or no string."""
    array = np.asarray(values)
    array = np.array(array.tolist(), dtype=object) if array.dtype.kind == "U" else array.astype(object)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name}: got shape {array.shape}, expected (clips,) with at least one clip")
    for index, value in enumerate(array):
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name}: got {value!r} at clip {index}, expected a name that is not empty")
    return array


def number_vector(name: str, values: ArrayLike | None, rows: int) -> np.ndarray | None:
    """Make (rows,) int64 of a vector, or of one number for all rows; None stays None, TypeError for all else."""
    if values is None:
        return None
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or array.shape not in ((), (rows,)):
        raise TypeError(f"{name}: got {array.dtype} of shape {array.shape}, expected integers, one or ({rows},)")
    return np.broadcast_to(array, (rows,)).astype(np.int64)


__all__ = ["COLUMNS", "check_label_names", "class_numbers", "name_vector", "number_vector"]
