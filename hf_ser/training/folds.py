"""Which folds of which corpus to run, and what is written down of them."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets
import numpy as np

from ..evaluation import aggregate_folds, format_results_table
from ..protocols import Fold, speaker_folds
from .trainer import SerPredictionOutput

METRICS = ("wa", "ua", "macro_f1")


@dataclass
class DataArguments:
    """Which recordings to train on, and how their speakers are split."""

    corpus: str = field(default="ravdess", metadata={"help": "Name of the corpus, see hf_ser.list_corpora()."})
    data_dir: str = field(default="", metadata={"help": "Folder of the corpus, as its authors publish it."})
    protocol: str = field(
        default="luna-jimenez-5", metadata={"help": "How speakers are split, see hf_ser.speaker_folds."}
    )
    num_folds: int | None = field(default=None, metadata={"help": "Number of folds, for the protocol 'grouped'."})
    fold_seed: int = field(default=0, metadata={"help": "Seed of the protocols that draw their folds."})
    folds: str = field(
        default="0",
        metadata={
            "help": "Folds to run: numbers such as '0' or '0,2', 'all', or 'none' to train once on every speaker but "
            "the held-out ones, without validation or test."
        },
    )
    held_out_speakers: list[str] = field(
        default_factory=list, metadata={"help": "Speakers whose clips are left out altogether, such as ravdess/23."}
    )


def choose_folds(corpus: datasets.Dataset, data: DataArguments) -> list[tuple[int, Fold]]:
    """The folds to run, with their numbers.

    Raises:
        ValueError: if a fold is asked for that the protocol does not have.
    """
    options: dict[str, Any] = {} if data.num_folds is None else {"k": data.num_folds}
    folds = speaker_folds(corpus, protocol=data.protocol, seed=data.fold_seed, **options)
    wanted = [str(number) for number in range(len(folds))] if data.folds == "all" else data.folds.split(",")
    bad = [number for number in wanted if not number.strip().isdigit() or int(number) >= len(folds)]
    if bad:
        raise ValueError(f"folds is {data.folds!r}, expected numbers from 0 to {len(folds) - 1}, 'all' or 'none'")
    return [(int(number), folds[int(number)]) for number in wanted]


def write_predictions(path: Path, rows: datasets.Dataset, prediction: SerPredictionOutput, labels: list[str]) -> None:
    """Write a row for each clip: what it is, whose, its emotion, the predicted one and the score of every emotion."""
    exponentials = np.exp(prediction.predictions - prediction.predictions.max(axis=-1, keepdims=True))
    scores = exponentials / exponentials.sum(axis=-1, keepdims=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", "speaker", "emotion", "predicted", *labels])
        for index, row in enumerate(prediction.row_ids):
            clip, score = rows[int(row)], scores[index]
            shown = [f"{value:.6f}" for value in score]
            writer.writerow([clip["clip"], clip["speaker"], clip["emotion"], labels[int(score.argmax())], *shown])


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
