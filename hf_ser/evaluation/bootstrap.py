"""Confidence intervals from resampled speakers.

Clips of one speaker are alike: counted as independent they give intervals that are too narrow. Speakers are drawn with
replacement, each with all of its clips (cluster bootstrap; Field and Welsh, JRSS B 69, 2007), and the interval is
taken from the percentiles of the score over the draws.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .checks import name_vector
from .metrics import class_vector

METRICS = ("wa", "ua", "macro_f1")
FEW_SPEAKERS = 10
_CHUNK = 2_000_000  # numbers that one block of draws may hold: 16 MB


@dataclass(frozen=True)
class Interval:
    """A confidence interval.

    Args:
        low: Lower end; None where the interval is undefined.
        high: Upper end; None where the interval is undefined.
        level: Share of intervals that are to hold the true value, such as 0.95.
        speakers: Speakers that were drawn from.
        note: Why it is undefined, or too narrow; None if neither.
    """

    low: float | None
    high: float | None
    level: float
    speakers: int
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give plain Python, fit for JSON."""
        return asdict(self)


def bootstrap_intervals(
    labels: ArrayLike,
    predictions: ArrayLike,
    speakers: ArrayLike,
    num_labels: int,
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Give the confidence intervals of WA, UA and macro-F1 over speakers.

    With one speaker there is none (None, with the reason). With fewer than ten the interval is given, but it is too
    narrow and its note says so: in a simulation (60 clips a speaker, 11 points standard deviation between speakers)
    intervals of 95 % held the true WA in 49 % of the cases with 2 speakers, 74 % with 3, 85 % with 5, 89 % with 10
    and 94 % with 24.

    Args:
        labels: (clips,) true class of each clip, 0..num_labels - 1.
        predictions: (clips,) predicted class of each clip.
        speakers: (clips,) name of each clip's speaker.
        num_labels: Number of classes.
        resamples: Draws of as many speakers as there are.
        level: Confidence level, between 0 and 1.
        seed: Seed of the draws; the same input and seed give the same interval.

    Returns:
        "wa", "ua", "macro_f1": an `Interval` each.

    Raises:
        ValueError: Inputs as for `confusion_matrix`; speakers without a name; resamples or level out of range.
        TypeError: Classes that are not integers.
    """
    _, confusions = speaker_confusions(labels, predictions, speakers, num_labels)
    return intervals_over_speakers(confusions, confusion_metrics, resamples, level, seed)


def intervals_over_speakers(
    shares: np.ndarray,
    score: Callable[[np.ndarray], dict[str, np.ndarray]],
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Give the interval of any score that can be had from sums over speakers.

    Args:
        shares: (speakers, ...) what each speaker adds to the sum, such as its confusion matrix.
        score: From sums (draws, ...) to scores (draws,) by name; NaN where a draw has none.
        resamples: Draws of as many speakers as there are.
        level: Confidence level, between 0 and 1.
        seed: Seed of the draws.

    Returns:
        An `Interval` for each name that `score` gives.

    Raises:
        ValueError: resamples or level out of range.
    """
    if isinstance(resamples, bool) or not isinstance(resamples, int | np.integer) or resamples < 1:
        raise ValueError(f"resamples: got {resamples!r}, expected an integer of at least 1; 10,000 is usual")
    if not 0.0 < level < 1.0:
        raise ValueError(f"level: got {level!r}, expected a number between 0 and 1, such as 0.95")
    count = len(shares)
    if count < 2:
        alone = "undefined: only one speaker, so nothing is known of how scores differ between speakers"
        return {name: Interval(None, None, level, count, alone) for name in score(shares.sum(axis=0, keepdims=True))}
    draws: dict[str, list[np.ndarray]] = {}
    for times in _draws(count, resamples, seed):
        sums = weighted_sums(times, shares)
        for name, values in score(sums).items():
            draws.setdefault(name, []).append(values)
    note = None if count >= FEW_SPEAKERS else f"only {count} speakers: the interval is too narrow"
    intervals = {}
    for name, blocks in draws.items():
        values = np.concatenate(blocks)
        values = values[~np.isnan(values)]
        if not values.size:
            intervals[name] = Interval(None, None, level, count, "undefined: no draw of speakers has this score")
            continue
        low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
        intervals[name] = Interval(float(low), float(high), level, count, note)
    return intervals


def speaker_confusions(
    labels: ArrayLike, predictions: ArrayLike, speakers: ArrayLike, num_labels: int
) -> tuple[list[str], np.ndarray]:
    """Count each speaker's clips by true and predicted class.

    Args:
        labels: (clips,) true class of each clip, 0..num_labels - 1.
        predictions: (clips,) predicted class of each clip.
        speakers: (clips,) name of each clip's speaker.
        num_labels: Number of classes.

    Returns:
        Names of the speakers, sorted, and (speakers, num_labels, num_labels) int64; row = true, column = predicted.

    Raises:
        ValueError: Empty input, different lengths, a class outside the range, a speaker without a name.
        TypeError: Classes that are not integers.
    """
    true, predicted = class_vector("labels", labels, num_labels), class_vector("predictions", predictions, num_labels)
    names, place = np.unique(name_vector("speakers", speakers).astype(str), return_inverse=True)
    if not true.size == predicted.size == place.size:
        raise ValueError(
            f"got {true.size} labels, {predicted.size} predictions and {place.size} speakers, expected as many of each"
        )
    cells = np.bincount((place * num_labels + true) * num_labels + predicted, minlength=len(names) * num_labels**2)
    return names.tolist(), cells.reshape(len(names), num_labels, num_labels)


def confusion_metrics(confusions: np.ndarray) -> dict[str, np.ndarray]:
    """Give WA, UA and macro-F1 of many confusion matrices at once, as `classification_metrics` defines them.

    Args:
        confusions: (..., num_labels, num_labels) counts; row = true, column = predicted; none without clips.

    Returns:
        "wa", "ua", "macro_f1": (...) shares in 0..1.
    """
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    support, predicted = confusions.sum(axis=-1), confusions.sum(axis=-2)
    return {
        "wa": hits.sum(axis=-1) / support.sum(axis=-1),
        "ua": _mean_share(hits, support),
        "macro_f1": _mean_share(2 * hits, support + predicted),
    }


def weighted_sums(weights: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Add up what speakers contribute: (draws, speakers), (speakers, ...) -> (draws, ...) float64."""
    flat = shares.reshape(len(shares), -1).astype(np.float64)
    return (weights.astype(np.float64) @ flat).reshape(len(weights), *shares.shape[1:])


def _draws(speakers: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks of (draws, speakers): how often each draw has each speaker."""
    generator = np.random.default_rng(seed)
    size = max(1, _CHUNK // speakers)
    for start in range(0, resamples, size):
        rows = min(size, resamples - start)
        drawn = generator.integers(speakers, size=(rows, speakers)) + speakers * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * speakers).reshape(rows, speakers)


def _mean_share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Mean over the classes that occur."""
    occurs = whole > 0
    return np.divide(part, whole, out=np.zeros(part.shape, dtype=np.float64), where=occurs).sum(-1) / occurs.sum(-1)


__all__ = [
    "METRICS",
    "Interval",
    "bootstrap_intervals",
    "confusion_metrics",
    "intervals_over_speakers",
    "speaker_confusions",
    "weighted_sums",
]
