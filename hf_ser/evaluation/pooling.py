"""From the predictions of all folds to figures: fold by fold, pooled, and run beside run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .bootstrap import METRICS
from .comparison import Comparison, compare_predictions
from .metrics import classification_metrics
from .predictions import Predictions
from .results import HEADINGS, aggregate_folds, format_results_table


def pooled_metrics(predictions: Predictions) -> dict[str, Any]:
    """Score all rows of all folds and seeds together, as `classification_metrics`, pooled confusion included."""
    return classification_metrics(predictions.labels, predictions.predicted, len(predictions.label_names))


def fold_metrics(predictions: Predictions) -> list[dict[str, Any]]:
    """Score each fold of each seed.

    Returns:
        One dict per seed and fold, in this order: "seed" (None where unknown), "fold", "clips", "speakers" (sorted
        names), "metrics" ("wa", "ua", "macro_f1" in 0..1).

    Raises:
        ValueError: The predictions do not say which fold a clip was tested in.
    """
    if predictions.folds is None:
        raise ValueError(
            "the predictions have no folds, so there is no mean over folds; pass folds=0 if all were tested at once, "
            "or from_csv(path, fold=...) for the file of one fold"
        )
    seeds = [None] * len(predictions) if predictions.seeds is None else predictions.seeds.tolist()
    rows: dict[tuple[Any, int], list[int]] = {}
    for row, key in enumerate(zip(seeds, predictions.folds.tolist(), strict=True)):
        rows.setdefault(key, []).append(row)
    scored = []
    for (seed, fold), numbers in sorted(rows.items()):
        part = predictions.select(numbers)
        scores = pooled_metrics(part)
        scored.append(
            {
                "seed": seed,
                "fold": fold,
                "clips": len(part),
                "speakers": sorted(set(part.speakers.tolist())),
                "metrics": {name: scores[name] for name in METRICS},
            }
        )
    return scored


@dataclass(frozen=True)
class ComparisonTable:
    """Runs beside a baseline.

    Args:
        baseline: Name of the baseline's row.
        rows: One dict per run: "run", "clips", "folds" (folds times seeds), and for each metric what `aggregate_folds`
            gives; baseline first, the others as they were passed.
        comparisons: For each run but the baseline, its paired comparison with the baseline.
    """

    baseline: str
    rows: list[dict[str, Any]]
    comparisons: dict[str, Comparison]

    def to_dict(self) -> dict[str, Any]:
        """Give plain Python, fit for JSON."""
        differences = {name: comparison.to_dict() for name, comparison in self.comparisons.items()}
        return {"baseline": self.baseline, "rows": self.rows, "comparisons": differences}

    def to_markdown(self) -> str:
        """Write a Markdown table in percent, and below it how to read it."""
        lines = []
        for row in self.rows:
            comparison = self.comparisons.get(row["run"])
            line = {"run": row["run"], "clips": row["clips"], **{name: row[name] for name in METRICS}}
            for name in METRICS:
                line[f"Δ {HEADINGS[name]}"] = None if comparison is None else str(comparison.metrics[name])
            lines.append(line)
        table = format_results_table(lines)
        read = f"Mean ± standard deviation over {_folds(self.rows)}, in percent."
        if self.comparisons:
            one = next(iter(self.comparisons.values()))
            interval = one.metrics["wa"].interval
            read += (
                f" Δ: difference from “{self.baseline}” on the same clips, pooled over folds, with a "
                f"{100 * interval.level:g} % interval from resampled speakers ({one.speakers})."
            )
            if interval.note is not None:
                read += f" Interval: {interval.note}."
            whom = [f"{name} {comparison.for_whom()}" for name, comparison in self.comparisons.items()]
            read += f" WA by speaker: {'; '.join(whom)}."
        return f"{table}\n\n{read}"

    def __str__(self) -> str:
        """Give the Markdown table."""
        return self.to_markdown()


def comparison_table(
    runs: Mapping[str, Predictions],
    baseline: str,
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> ComparisonTable:
    """Set runs beside a baseline that was tested on the same clips.

    Args:
        runs: Name of each run and its predictions, with all folds (and seeds) in one.
        baseline: Name of the run that the others are compared with.
        resamples: Draws for intervals and tests, see `compare_predictions`.
        level: Confidence level, between 0 and 1.
        seed: Seed of the draws.

    Raises:
        ValueError: No such baseline, predictions without folds, or runs on other clips.
    """
    if baseline not in runs:
        raise ValueError(f"baseline: got {baseline!r}, expected one of {', '.join(runs) or 'the runs, of which none'}")
    names = [baseline, *(name for name in runs if name != baseline)]
    rows, comparisons = [], {}
    for name in names:
        try:
            folds = fold_metrics(runs[name])
            if name != baseline:
                comparisons[name] = compare_predictions(runs[baseline], runs[name], resamples, level, seed)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        summary = aggregate_folds([fold["metrics"] for fold in folds])
        rows.append({"run": name, "clips": len(runs[name]), "folds": len(folds), **summary})
    return ComparisonTable(baseline=baseline, rows=rows, comparisons=comparisons)


def _folds(rows: list[dict[str, Any]]) -> str:
    counts = sorted({row["folds"] for row in rows})
    return f"{' or '.join(map(str, counts))} tests (folds times seeds)"


__all__ = ["ComparisonTable", "comparison_table", "fold_metrics", "pooled_metrics"]
