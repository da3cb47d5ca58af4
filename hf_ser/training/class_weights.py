"""How much each class counts in the loss."""

import json
from collections.abc import Mapping, Sequence

import numpy as np


def parse_class_weights(value: Mapping[str, float] | str) -> dict[str, float] | str:
    """Read the setting `class_weights`.

    Args:
        value: "none", "balanced", or weights by emotion, as a mapping or in JSON.

    Returns:
        the word, or the mapping.

    Raises:
        ValueError: if it is neither, or a weight is no number of 0 or more.
    """
    if isinstance(value, str) and value in ("none", "balanced"):
        return value
    weights = value
    if isinstance(value, str):
        try:
            weights = json.loads(value)
        except ValueError:
            weights = value
    numbers = isinstance(weights, Mapping) and all(
        isinstance(weight, int | float) and not isinstance(weight, bool) and 0 <= weight < float("inf")
        for weight in weights.values()
    )
    if not isinstance(weights, Mapping) or not numbers or not any(weights.values()):
        raise ValueError(
            f"class_weights is {value!r}, expected 'none', 'balanced', or weights of 0 or more by emotion such as "
            '\'{"sad": 2.0, "neutral": 0.5}\''
        )
    return {str(name): float(weight) for name, weight in weights.items()}


def class_weights(
    setting: Mapping[str, float] | str, labels: Sequence[int], id2label: Mapping[int, str]
) -> np.ndarray | None:
    """The weight of each class.

    "balanced" gives class c the weight n / (k * n_c) (King and Zeng 2001; scikit-learn's `class_weight="balanced"`)
    for n rows of which n_c are of class c, and k classes that occur: every class then counts alike, and the mean
    weight over the rows is 1. A class that does not occur gets 1.

    Args:
        setting: as `parse_class_weights` returns it.
        labels: the classes of the training rows, of no others.
        id2label: class index -> emotion.

    Returns:
        (num_labels,), float32; None for "none".

    Raises:
        ValueError: if a mapping names an emotion that the model does not know, or leaves one out.
    """
    if setting == "none":
        return None
    if isinstance(setting, str):
        counts = np.bincount(np.asarray(labels, dtype=np.int64), minlength=len(id2label))
        weights = np.ones(len(id2label), dtype=np.float32)
        present = counts > 0
        weights[present] = len(labels) / (present.sum() * counts[present])
        return weights
    names = [id2label[index] for index in range(len(id2label))]
    wrong = sorted(set(setting) ^ set(names))
    if wrong:
        raise ValueError(
            f"class_weights and the model disagree on {wrong}: it has weights for {sorted(setting)}, expected one for "
            f"each of {sorted(names)}"
        )
    return np.array([setting[name] for name in names], dtype=np.float32)


__all__ = ["class_weights", "parse_class_weights"]
