"""Is one model better than another on the same clips? Paired over speakers."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .bootstrap import (
    METRICS,
    Interval,
    confusion_metrics,
    intervals_over_speakers,
    speaker_confusions,
    weighted_sums,
)
from .predictions import Predictions
from .results import HEADINGS


@dataclass(frozen=True)
class Difference:
    """What separates two models in one metric.

    Args:
        baseline: Share of the first model, 0..1, over all clips.
        other: Share of the second model, 0..1, over all clips.
        difference: other - baseline; above 0 the second model is better.
        interval: Confidence interval of the difference, speakers resampled.
        p_value: Two-sided, from swapping the models' answers speaker by speaker; None with one speaker.
    """

    baseline: float
    other: float
    difference: float
    interval: Interval
    p_value: float | None

    def __str__(self) -> str:
        """Write as in "+1.2 [-0.3, +2.8]", in percentage points."""
        if self.interval.low is None or self.interval.high is None:
            return _points(self.difference)
        return f"{_points(self.difference)} [{_points(self.interval.low)}, {_points(self.interval.high)}]"


@dataclass(frozen=True)
class Comparison:
    """Two models on the same clips.

    Args:
        metrics: "wa", "ua", "macro_f1": a `Difference` each.
        only_baseline_right: Clips that the first model alone gets right.
        only_other_right: Clips that the second model alone gets right.
        mcnemar_p: Exact two-sided McNemar test (binomial) of these two counts. It takes clips as independent, which
            clips of one speaker are not: prefer the p-values of `metrics`.
        clips: Rows compared, one for each clip and seed.
        speakers: Speakers among them.
        by_speaker: Difference in WA for each speaker, other - baseline.
    """

    metrics: dict[str, Difference]
    only_baseline_right: int
    only_other_right: int
    mcnemar_p: float
    clips: int
    speakers: int
    by_speaker: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Give plain Python, fit for JSON."""
        return asdict(self)

    def to_markdown(self) -> str:
        """Write a Markdown table with a line per metric, and the McNemar test below it."""
        interval = next(iter(self.metrics.values())).interval
        lines = [
            f"| metric | baseline | other | difference [{100 * interval.level:g} % interval] | p |",
            "| --- | --: | --: | --: | --: |",
        ]
        lines += [
            f"| {HEADINGS[key]} | {100 * one.baseline:.1f} | {100 * one.other:.1f} | {one} | {_p_value(one.p_value)} |"
            for key, one in self.metrics.items()
        ]
        tail = (
            f"{self.clips} clips, {self.speakers} speakers; intervals and p by speaker. Right with the other model "
            f"alone: {self.only_other_right} clips, with the baseline alone: {self.only_baseline_right} (exact "
            f"McNemar test, clips taken as independent: p = {_p_value(self.mcnemar_p)})."
        )
        notes = [f"WA by speaker: {self.for_whom()}."]
        notes += [] if interval.note is None else [f"Interval: {interval.note}."]
        return "\n".join([*lines, "", " ".join([tail, *notes])])

    def for_whom(self) -> str:
        """Say for how many speakers the other model is better, in WA, and how much at the extremes.

        Such as "higher for 15 of 24, lower for 7, from −8.3 (ravdess/05) to +16.7 (ravdess/13)".
        """
        least, most = (choose(self.by_speaker, key=self.by_speaker.__getitem__) for choose in (min, max))
        higher, lower = (sum(sign * value > 0 for value in self.by_speaker.values()) for sign in (1, -1))
        return (
            f"higher for {higher} of {self.speakers}, lower for {lower}, from {_points(self.by_speaker[least])} "
            f"({least}) to {_points(self.by_speaker[most])} ({most})"
        )

    def __str__(self) -> str:
        """Give the Markdown table."""
        return self.to_markdown()


def compare_predictions(
    baseline: Predictions,
    other: Predictions,
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare two models on the same clips; rows are matched by clip id and seed, in any order.

    Speakers are resampled for both models alike, so what makes a speaker hard for both cancels out. The p-value is
    from a permutation test: if the models were equal, each speaker's answers could as well have been the other
    model's. All swaps are tried up to 13 speakers, else `resamples` random ones; with n speakers it cannot fall below
    2 / 2**n, so at least 6 speakers are needed for 0.05.

    Args:
        baseline: Predictions of the first model.
        other: Predictions of the second model.
        resamples: Draws for the interval, and swaps for the test.
        level: Confidence level, between 0 and 1.
        seed: Seed of the draws.

    Raises:
        ValueError: Other clips, seeds, speakers, labels or label names on either side.
    """
    order = _matching_rows(baseline, other)
    size = len(baseline.label_names)
    _, first = speaker_confusions(baseline.labels, baseline.predicted, baseline.speakers, size)
    names, second = speaker_confusions(baseline.labels, other.predicted[order], baseline.speakers, size)
    scores = [confusion_metrics(confusions.sum(axis=0)) for confusions in (first, second)]
    intervals = intervals_over_speakers(np.stack([first, second], axis=1), _differences, resamples, level, seed)
    p_values = _swap_test(first, second, resamples, seed)
    right = [predicted == baseline.labels for predicted in (baseline.predicted, other.predicted[order])]
    gains = np.trace(second - first, axis1=1, axis2=2) / first.sum(axis=(1, 2))
    counts = [int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())]
    return Comparison(
        metrics={
            name: Difference(
                baseline=float(scores[0][name]),
                other=float(scores[1][name]),
                difference=float(scores[1][name] - scores[0][name]),
                interval=intervals[name],
                p_value=p_values[name],
            )
            for name in METRICS
        },
        only_baseline_right=counts[0],
        only_other_right=counts[1],
        mcnemar_p=mcnemar_p_value(*counts),
        clips=len(baseline),
        speakers=len(names),
        by_speaker=dict(zip(names, gains.tolist(), strict=True)),
    )


def mcnemar_p_value(only_first: int, only_second: int) -> float:
    """Exact two-sided McNemar test: are two counts of clips draws of a fair coin?

    Args:
        only_first: Clips that the first model alone gets right.
        only_second: Clips that the second model alone gets right.

    Returns:
        Twice the binomial tail of the smaller count, at most 1; 1 without any such clips.
    """
    if min(only_first, only_second) < 0:
        raise ValueError(f"got {only_first} and {only_second} clips, expected counts of at least 0")
    total, few = only_first + only_second, min(only_first, only_second)
    chosen = np.arange(1, few + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(total - chosen + 1) - np.log(chosen))]) - total * math.log(2)
    return min(1.0, 2 * float(np.exp(logs).sum()))


def _matching_rows(baseline: Predictions, other: Predictions) -> np.ndarray:
    """The row of `other` for each row of `baseline`."""
    if baseline.label_names != other.label_names:
        raise ValueError(
            f"the baseline has the labels {', '.join(baseline.label_names)}, the other model "
            f"{', '.join(other.label_names)}; compare models with the same labels in the same order"
        )
    place = {key: row for row, key in enumerate(other.keys())}
    keys = baseline.keys()
    missing = [key for key in keys if key not in place]
    extra = sorted(set(place) - set(keys), key=str)
    if missing or extra:
        clip, run = (missing or extra)[0]
        raise ValueError(
            f"{len(missing)} rows of the baseline are not in the other model's predictions and {len(extra)} of those "
            f"not in the baseline's (first: clip {clip!r}, seed {run}); compare runs on the same clips and seeds, or "
            "take the common rows with Predictions.select"
        )
    order = np.array([place[key] for key in keys])
    for name, ours, theirs in (
        ("emotion", baseline.labels, other.labels[order]),
        ("speaker", baseline.speakers, other.speakers[order]),
    ):
        differing = np.flatnonzero(ours != theirs)
        if differing.size:
            raise ValueError(
                f"{differing.size} clips have another {name} in the two predictions (first: clip "
                f"{baseline.clips[differing[0]]!r}); both have to come from one corpus with one map of labels"
            )
    return order


def _differences(pairs: np.ndarray) -> dict[str, np.ndarray]:
    """(draws, 2, num_labels, num_labels) -> score of the second minus score of the first."""
    return {name: values[:, 1] - values[:, 0] for name, values in confusion_metrics(pairs).items()}


def _swap_test(first: np.ndarray, second: np.ndarray, swaps: int, seed: int) -> dict[str, float | None]:
    """Two-sided p-values of a permutation test that swaps two models' answers within speakers.

    Args:
        first: (speakers, num_labels, num_labels) confusion matrices.
        second: The other model's.
        swaps: Random swaps, where there are more than can be tried one by one.
        seed: Seed of the random swaps.
    """
    speakers = len(first)
    if speakers < 2:
        return dict.fromkeys(METRICS)
    exact = speakers <= 13
    observed = {name: abs(values[0]) for name, values in _differences(np.stack([first, second])[None].sum(2)).items()}
    above = dict.fromkeys(METRICS, 0 if exact else 1)  # what was seen is one of the random swaps
    tried = 0 if exact else 1
    generator = np.random.default_rng([seed, 1])
    total, block = 2**speakers if exact else swaps, 2000
    for start in range(0, total, block):
        rows = min(block, total - start)
        if exact:
            swapped = (np.arange(start, start + rows)[:, None] >> np.arange(speakers)) & 1
        else:
            swapped = generator.integers(2, size=(rows, speakers))
        one = weighted_sums(1 - swapped, first) + weighted_sums(swapped, second)
        two = weighted_sums(swapped, first) + weighted_sums(1 - swapped, second)
        tried += rows
        for name, values in _differences(np.stack([one, two], axis=1)).items():
            above[name] += int((np.abs(values) >= observed[name] - 1e-12).sum())
    return {name: above[name] / tried for name in METRICS}


def _points(share: float) -> str:
    """Percentage points with a sign."""
    return f"{100 * share:+.1f}".replace("-0.0", "0.0").replace("+0.0", "0.0").replace("-", "−")


def _p_value(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


__all__ = ["Comparison", "Difference", "compare_predictions", "mcnemar_p_value"]
