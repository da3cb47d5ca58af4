"""What is written down of the folds of a run."""

from typing import Any

import datasets
import numpy as np

from ..evaluation import Predictions, aggregate_folds, format_results_table
from .trainer import SerPredictionOutput

METRICS = ("wa", "ua", "macro_f1")


def predictions_of(
    clips: datasets.Dataset, prediction: SerPredictionOutput, labels: list[str], fold: int, seed: int
) -> Predictions:
    """A row for each clip: what it is, whose, its emotion, the predicted one and the score of every emotion.

    Args:
        clips: the clips that were predicted.
        prediction: what the trainer made of them; its row ids number the rows of `clips`.
        labels: emotion of each class.
        fold: number of the fold.
        seed: seed of the run.
    """
    rows = np.asarray(prediction.row_ids)
    names, speakers = np.asarray(list(clips["clip"]), dtype=object), np.asarray(list(clips["speaker"]), dtype=object)
    return Predictions.from_logits(
        names[rows], speakers[rows], prediction.label_ids, prediction.predictions, labels, fold, seed
    )


def results_table(results: list[dict[str, Any]]) -> str:
    """A Markdown table of the folds' test figures in percent, with mean and standard deviation; empty if none was
    tested.
    """
    tested = [result for result in results if "test" in result]
    if not tested:
        return ""
    rows: list[dict[str, Any]] = [
        {
            "fold": result["fold"],
            "test speakers": " ".join(speaker.split("/")[-1] for speaker in result["test"]["speakers"]),
            "clips": result["test"]["clips"],
            **{metric: result["test"][metric] for metric in METRICS},
        }
        for result in tested
    ]
    if len(tested) > 1:
        summary = aggregate_folds([{metric: result["test"][metric] for metric in METRICS} for result in tested])
        total = sum(result["test"]["clips"] for result in tested)
        rows.append({"fold": "**mean ± std**", "test speakers": None, "clips": total, **summary})
    return format_results_table(rows)
