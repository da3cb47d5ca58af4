"""What is written down of the folds of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import numpy as np

from ..evaluation import Answers, Predictions, aggregate_folds, format_results_table
from ..protocols.reference_clips import reference_protocol
from .trainer import SerPredictionOutput

_FIGURES = {
    "emotion": ("wa", "ua", "macro_f1"),
    "dimensions": ("ccc", "mae"),
    "multi-label": ("macro_f1", "micro_f1", "subset_accuracy", "mean_ap"),
}
_NO_SHARES = ("ccc", "mae")


def figures_of(metrics: Mapping[str, Any], side: str, target: str) -> dict[str, float]:
    """The figures to report out of a trainer's metrics: WA, UA and macro-F1; or CCC and mean absolute error, also of
    each dimension; or those of several emotions.

    Args:
        metrics: what the trainer gave, names beginning with the side.
        side: "validation" or "test".
        target: what the model says of a clip, see `ModelArguments.target`.
    """
    plain = {name.removeprefix(f"{side}_"): value for name, value in metrics.items() if name.startswith(f"{side}_")}
    each = tuple(f"{name}_" for name in _NO_SHARES) if target == "dimensions" else ()
    return {
        name: value for name, value in plain.items() if name in _FIGURES[target] or (each and name.startswith(each))
    }


def speakers_of(clips: datasets.Dataset) -> list[str]:
    """The distinct speakers of clips, sorted; "unknown" where nobody is named."""
    return sorted(set(_speakers(clips)))


def _speakers(clips: datasets.Dataset) -> list[str]:
    named = clips["speaker"] if "speaker" in clips.column_names else [None] * len(clips)
    return [speaker or "unknown" for speaker in named]


def predictions_of(
    clips: datasets.Dataset,
    prediction: SerPredictionOutput,
    labels: list[str],
    fold: int,
    seed: int,
    target: str = "emotion",
) -> Predictions | Answers:
    """A row for each clip: what it is, whose, its label, and the score of every emotion or the predicted values.

    Args:
        clips: the clips that were predicted.
        prediction: what the trainer made of them; its row ids number the rows of `clips`.
        labels: name of each class or dimension.
        fold: number of the fold.
        seed: seed of the run.
        target: what the model says of a clip, see `ModelArguments.target`.
    """
    rows = np.asarray(prediction.row_ids)
    names = np.asarray(list(clips["clip"]), dtype=object)
    speakers = np.asarray(_speakers(clips), dtype=object)
    if target == "emotion":
        return Predictions.from_logits(
            names[rows], speakers[rows], prediction.label_ids, prediction.predictions, labels, fold, seed
        )
    scores = np.asarray(prediction.predictions, dtype=np.float64)
    if target == "multi-label":
        scores = 1.0 / (1.0 + np.exp(-scores))
    return Answers(
        clips=names[rows],
        speakers=speakers[rows],
        labels=np.asarray(prediction.label_ids, dtype=np.float64),
        scores=scores,
        label_names=tuple(labels),
        folds=np.full(len(rows), fold),
        seeds=np.full(len(rows), seed),
    )


def results_table(results: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table of the folds' test figures with mean and standard deviation, shares in percent, and below it
    how many clips of each speaker were references; empty if none was tested.
    """
    tested = [result for result in results if "test" in result]
    if not tested:
        return ""
    rows: list[dict[str, Any]] = [
        {
            "fold": result["fold"],
            "test speakers": " ".join(speaker.split("/")[-1] for speaker in result["test"]["speakers"]),
            "clips": result["test"]["clips"],
            **shown_figures(result["test"]["figures"]),
        }
        for result in tested
    ]
    if len(tested) > 1:
        summary = shown_figures(aggregate_folds([result["test"]["figures"] for result in tested]))
        total = sum(result["test"]["clips"] for result in tested)
        rows.append({"fold": "**mean ± std**", "test speakers": None, "clips": total, **summary})
    table, protocol = format_results_table(rows), references_of(tested)
    return table if protocol is None else f"{table}\n\n{protocol}."


def references_of(results: Sequence[Mapping[str, Any]]) -> str | None:
    """How many clips of each tested speaker were given to the models as references, in a line; None for none."""
    clips = results[0]["test"].get("reference_clips", 0)
    return reference_protocol(clips, *sorted({result["seed"] for result in results})) if clips else None


def shown_figures(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures as `format_results_table` takes them; CCC and MAE, which are no shares, with three decimals."""
    return {name: _decimals(value) if name.startswith(_NO_SHARES) else value for name, value in figures.items()}


def _decimals(value: Any) -> str:
    if not isinstance(value, Mapping):
        return f"{value:.3f}"
    return f"{value['mean']:.3f}" + ("" if value["std"] is None else f" ± {value['std']:.3f}")
