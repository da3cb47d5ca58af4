"""Scores of dimensions such as arousal, valence and dominance: concordance correlation and mean absolute error."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def concordance_correlation(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Concordance correlation coefficient (CCC) of Lin, Biometrics 45, 1989.

    2 s_xy / (s_x^2 + s_y^2 + (mean_x - mean_y)^2), with 1/n in covariance and variances: 1 only where predictions
    equal labels, unlike Pearson's correlation, which forgives a wrong scale and offset.

    Args:
        labels: (clips,) true values.
        predictions: (clips,) predicted values, on the same scale.

    Returns:
        -1..1; 0 for a constant predictor; NaN where it is undefined: both constant and equal.

    Raises:
        ValueError: Empty, different lengths, more than one dimension, or values that are not finite.
    """
    true, predicted = _values("labels", labels), _values("predictions", predictions)
    if true.size != predicted.size:
        raise ValueError(f"got {true.size} labels and {predicted.size} predictions, expected one prediction per label")
    return float(ccc_of_moments(moments(true, predicted).sum(axis=0)))


def moments(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Give each clip's share of the sums that the CCC needs; they add up over clips and speakers.

    Args:
        labels: (clips,) finite.
        predictions: (clips,) finite.

    Returns:
        (clips, 6): 1, x, y, x^2, y^2, xy, with x and y counted from the mean of the labels.
    """
    true, predicted = labels - labels.mean(), predictions - labels.mean()
    return np.stack([np.ones_like(true), true, predicted, true**2, predicted**2, true * predicted], axis=-1)


def ccc_of_moments(sums: np.ndarray) -> np.ndarray:
    """Give the CCC of sums of `moments`: (..., 6) -> (...), NaN where it is undefined."""
    x, y, xx, yy, xy = np.moveaxis(sums[..., 1:] / sums[..., :1], -1, 0)
    spread = (xx - x**2) + (yy - y**2) + (x - y) ** 2
    tiny = 1e-14 * np.maximum(xx + yy, np.finfo(np.float64).tiny)  # what rounding leaves of a variance of zero
    return np.where(spread > tiny, 2 * (xy - x * y) / np.where(spread > tiny, spread, 1.0), np.nan)


def dimensional_metrics(labels: ArrayLike, predictions: ArrayLike, dimensions: Sequence[str]) -> dict[str, Any]:
    """Score each dimension.

    Args:
        labels: (clips, dimensions), NaN where a clip has no label for a dimension: the clip does not count there.
        predictions: (clips, dimensions), on the scale of the labels.
        dimensions: Name of each column, such as ("arousal", "valence", "dominance").

    Returns:
        For each name {"ccc", "mae", "clips"}; MAE in the labels' unit; CCC None where undefined (both constant).

    Raises:
        ValueError: Other shapes, no clip with a label in some dimension, predictions or labels that are not finite.
    """
    true, predicted = np.asarray(labels, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
    names = list(dimensions)
    if true.ndim != 2 or true.shape != predicted.shape or true.shape[1] != len(names) or not names:
        raise ValueError(
            f"got labels {true.shape}, predictions {predicted.shape} and {len(names)} dimensions, expected both as "
            "(clips, dimensions) with one name per column"
        )
    if len(set(names)) != len(names):
        raise ValueError(f"dimensions: got {', '.join(names)}, expected each name once")
    result = {}
    for index, name in enumerate(names):
        known = ~np.isnan(true[:, index])
        if not known.any():
            raise ValueError(f"{name}: no clip has a label; leave the dimension out")
        x, y = _values(f"labels of {name}", true[known, index]), _values(name, predicted[known, index])
        ccc = concordance_correlation(x, y)
        result[name] = {
            "ccc": None if np.isnan(ccc) else ccc,
            "mae": float(np.abs(x - y).mean()),
            "clips": int(known.sum()),
        }
    return result


def _values(name: str, values: ArrayLike) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name}: got shape {array.shape}, expected (clips,) with at least one clip")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ValueError(
            f"{name}: got {array[bad[0]]} at clip {bad[0]} ({bad.size} of {array.size} clips), expected finite "
            "numbers; leave those clips out, or mend the model that gave them"
        )
    return array


__all__ = ["ccc_of_moments", "concordance_correlation", "dimensional_metrics", "moments"]
