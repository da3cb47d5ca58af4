"""One evaluation of dimensions in full: CCC and mean absolute error, with intervals over speakers."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .bootstrap import Interval, intervals_over_speakers
from .checks import name_vector
from .dimensional import ccc_of_moments, dimensional_metrics, moments
from .figures import dimensions_figure, require_matplotlib, save_figure
from .results import format_results_table

_FILES = ("report.md", "report.json", "dimensions.png")


@dataclass(frozen=True)
class DimensionalReport:
    """What `evaluate_dimensions` found.

    Args:
        clips: Clips scored.
        speakers: Number of speakers; None where unknown.
        metrics: For each dimension {"ccc", "mae", "clips"}; MAE in the labels' unit, "ccc" None where undefined.
        mean_ccc: Mean CCC over dimensions; None if one is undefined.
        intervals: For each dimension the confidence intervals of "ccc" and "mae"; empty where speakers are unknown.
        points: For each dimension "labels" and "predictions" of the clips that have a label; for the figure, not kept
            in the JSON file.
        resamples: Draws of speakers behind the intervals.
        seed: Seed of these draws.
        about: What the caller wants kept with the figures.
    """

    clips: int
    speakers: int | None
    metrics: dict[str, dict[str, Any]]
    mean_ccc: float | None
    intervals: dict[str, dict[str, Interval]]
    points: dict[str, dict[str, np.ndarray]] = field(repr=False, compare=False)
    resamples: int
    seed: int
    about: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Give plain Python, fit for JSON, without the points."""
        return {name: value for name, value in asdict(self).items() if name != "points"}

    def to_markdown(self) -> str:
        """Write the report as Markdown, without the figure."""
        voices = "" if self.speakers is None else f" of {self.speakers} speakers"
        text = f"{self.clips} clips{voices}. CCC: concordance correlation, −1 to 1; MAE in the unit of the labels."
        if self.intervals:
            one = next(iter(self.intervals.values()))["ccc"]
            text += (
                f" Intervals: {100 * one.level:g} %, speakers resampled {self.resamples:,} times (seed {self.seed})."
            )
            text += "" if one.note is None else f" Interval: {one.note}."
        else:
            text += " No confidence intervals: speakers are unknown."
        rows = []
        for name, scores in self.metrics.items():
            row: dict[str, Any] = {"dimension": name, "clips": scores["clips"]}
            for score in ("ccc", "mae"):
                row[score.upper()] = None if scores[score] is None else f"{scores[score]:.3f}"
                if self.intervals:
                    row[f"interval of {score.upper()}"] = _ends(self.intervals[name][score])
            rows.append(row)
        mean = "undefined" if self.mean_ccc is None else f"{self.mean_ccc:.3f}"
        blocks = ["# Evaluation of dimensions", text, format_results_table(rows), f"Mean CCC: {mean}."]
        if self.about:
            blocks.append("\n".join(f"- {key}: {' '.join(str(value).split())}" for key, value in self.about.items()))
        return "\n\n".join(blocks) + "\n"

    def save(self, folder: str | os.PathLike[str], figures: bool = True, overwrite: bool = False) -> list[Path]:
        """Write `report.md`, `report.json` and `dimensions.png` into a folder, which is made if need be.

        Returns:
            The files that were written.

        Raises:
            FileExistsError: There is a report already and overwrite is not set.
            ImportError: matplotlib is missing; install it, or pass figures=False.
        """
        place = Path(folder)
        if (there := [name for name in _FILES if (place / name).exists()]) and not overwrite:
            raise FileExistsError(
                f"{place} holds a report already ({', '.join(there)}); pass overwrite=True to replace it, or another "
                "folder"
            )
        if figures:
            require_matplotlib()
        place.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            (place / name).unlink(missing_ok=True)
        text = self.to_markdown()
        if figures:
            save_figure(dimensions_figure(self.points, self.metrics), place / "dimensions.png")
            text += "\n![Labels and predictions of each dimension](dimensions.png)\n"
        (place / "report.md").write_text(text, encoding="utf-8")
        content = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        (place / "report.json").write_text(content + "\n", encoding="utf-8")
        return [place / name for name in (_FILES if figures else _FILES[:2])]

    def __str__(self) -> str:
        """Give the Markdown text."""
        return self.to_markdown()


def evaluate_dimensions(
    labels: ArrayLike,
    predictions: ArrayLike,
    dimensions: Sequence[str],
    speakers: ArrayLike | None = None,
    *,
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
    about: Mapping[str, Any] | None = None,
) -> DimensionalReport:
    """Score predicted arousal, valence, dominance or the like.

    Args:
        labels: (clips, dimensions), NaN where a clip has no label for a dimension: it does not count there.
        predictions: (clips, dimensions), on the scale of the labels.
        dimensions: Name of each column.
        speakers: (clips,) speaker of each clip, for confidence intervals (see `bootstrap_intervals`).
        resamples: Draws of speakers for the intervals.
        level: Confidence level of the intervals.
        seed: Seed of the draws.
        about: Kept in the report as it is; plain Python, fit for JSON.

    Raises:
        ValueError: Other shapes, a dimension without labels, predictions that are not finite, speakers that do
            not fit.
    """
    metrics = dimensional_metrics(labels, predictions, dimensions)
    true, predicted = np.asarray(labels, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
    voices = None if speakers is None else name_vector("speakers", speakers).astype(str)
    if voices is not None and len(voices) != len(true):
        raise ValueError(f"speakers: got {len(voices)}, expected {len(true)}, one for each clip")
    intervals, points = {}, {}
    for index, name in enumerate(dimensions):
        known = ~np.isnan(true[:, index])
        x, y = true[known, index], predicted[known, index]
        points[name] = {"labels": x, "predictions": y}
        if voices is not None:
            clips = np.concatenate([moments(x, y), np.abs(x - y)[:, None]], axis=1)
            names, place = np.unique(voices[known], return_inverse=True)
            sums = np.zeros((len(names), clips.shape[1]))
            np.add.at(sums, place, clips)
            intervals[name] = intervals_over_speakers(sums, _scores, resamples, level, seed)
    found = [row["ccc"] for row in metrics.values()]
    json.dumps(dict(about or {}), allow_nan=False)
    return DimensionalReport(
        clips=len(true),
        speakers=None if voices is None else len(set(voices.tolist())),
        metrics=metrics,
        mean_ccc=None if None in found else float(np.mean(found)),
        intervals=intervals,
        points=points,
        resamples=resamples,
        seed=seed,
        about=dict(about or {}),
    )


def _scores(sums: np.ndarray) -> dict[str, np.ndarray]:
    """(draws, 7): six sums of `moments` and one of absolute errors -> scores (draws,)."""
    return {"ccc": ccc_of_moments(sums[:, :6]), "mae": sums[:, 6] / sums[:, 0]}


def _ends(interval: Interval) -> str | None:
    if interval.low is None or interval.high is None:
        return None
    return f"{interval.low:.3f} – {interval.high:.3f}"


__all__ = ["DimensionalReport", "evaluate_dimensions"]
