"""Which of several runs to trust in each fold, decided by that fold's validation speakers alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .results import aggregate_folds, format_results_table

_FIGURES = ("wa", "ua", "macro_f1")


@dataclass(frozen=True)
class NestedChoice:
    """What was chosen in each fold, and what it scored.

    Attributes:
        rows: one dict for each seed and fold: seed, fold, test speakers, the run chosen, its figure on the validation
            speakers, and WA, UA and macro-F1 on the test speakers.
        metric: the figure that decided.
    """

    rows: tuple[dict[str, Any], ...]
    metric: str

    @property
    def means(self) -> dict[str, dict[str, float | int | None]]:
        """Mean and standard deviation over folds and seeds: of the figure that decided, and of the test figures."""
        names = (f"validation {self.metric}", *_FIGURES)
        return aggregate_folds([{name: row[name] for name in names} for row in self.rows])

    def to_markdown(self) -> str:
        """The table, with the mean in its last line."""
        last = {"seed": "", "fold": "**mean ± std**"} | self.means
        return format_results_table([*self.rows, last])

    def __str__(self) -> str:
        return self.to_markdown()


def choose_by_validation(
    runs: Mapping[str, str | Path], metric: str = "ua", refitted: Mapping[str, str | Path] | None = None
) -> NestedChoice:
    """In every fold take the run that did best on its validation speakers, and its figures on the test speakers.

    So nothing is chosen on a test fold: what the settings of one fold are is decided without its test speakers.

    Args:
        runs: folders of finished cross-validations on the same folds and seeds, by name; of equal ones the first wins.
        metric: "wa", "ua" or "macro_f1", compared on the validation speakers.
        refitted: the same settings trained on validation speakers too, by the same names: the choice is made among
            `runs`, the figures are those of the refitted run.

    Returns:
        the choice.

    Raises:
        ValueError: if a run holds no finished fold, was trained on its validation speakers, or differs from the
            others in folds, seeds or labels; or a refitted run is missing.
    """
    if metric not in _FIGURES:
        raise ValueError(f"metric is {metric!r}, expected one of {', '.join(_FIGURES)}")
    if not runs:
        raise ValueError("runs: got none, expected folders of cross-validations by name")
    if refitted is not None and (missing := sorted(set(runs) - set(refitted))):
        raise ValueError(
            f"refitted lacks {', '.join(missing)}, expected a folder for every run; leave it out for none"
        )
    tried = {name: _finished(name, folder) for name, folder in runs.items()}
    scored = tried if refitted is None else {name: _finished(name, refitted[name]) for name in runs}
    first = next(iter(tried.values()))
    for name, folds in [*tried.items(), *scored.items()]:
        _check_same_folds(name, folds, first)
    for name, folds in tried.items():
        if any(fold["train_on_validation"] or fold["validation"] is None for fold in folds.values()):
            raise ValueError(
                f"run {name!r} has no validation speakers that it was not trained on, so nothing can be chosen by "
                "them; name it in refitted, and in runs the one that held them out"
            )
    rows = []
    for key in sorted(first):
        best = max(tried, key=lambda name: tried[name][key]["validation"]["figures"][metric])
        test = scored[best][key]["test"]
        rows.append(
            {
                "seed": key[0],
                "fold": first[key]["fold"],
                "test speakers": " ".join(speaker.split("/")[-1] for speaker in test["speakers"]),
                "chosen": best,
                f"validation {metric}": tried[best][key]["validation"]["figures"][metric],
                **{name: test["figures"][name] for name in _FIGURES},
            }
        )
    return NestedChoice(tuple(rows), metric)


def _finished(name: str, folder: str | Path) -> dict[tuple[int, int], dict[str, Any]]:
    """Results of the folds of a run by seed and fold."""
    files = sorted(Path(folder).glob("seed-*/fold-*/results.json"))
    if not files:
        raise ValueError(
            f"run {name!r}: {str(folder)!r} holds no seed-*/fold-*/results.json, expected the output_dir of a "
            "cross-validation"
        )
    results = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return {(result["seed"], result["fold"]): result for result in results}


def _check_same_folds(
    name: str, folds: Mapping[tuple[int, int], Mapping[str, Any]], first: Mapping[tuple[int, int], Mapping[str, Any]]
) -> None:
    if folds.keys() != first.keys():
        differing = ", ".join(f"seed {seed} fold {fold}" for seed, fold in sorted(folds.keys() ^ first.keys()))
        raise ValueError(
            f"run {name!r} differs from the first in {differing}; expected the same folds and seeds of all"
        )
    for key, result in folds.items():
        for what in ("corpus_fingerprint", "labels"):
            if result[what] != first[key][what]:
                raise ValueError(f"run {name!r} has another {what} in fold {key[1]}; expected runs on the same clips")
        if result["test"]["speakers"] != first[key]["test"]["speakers"]:
            raise ValueError(
                f"run {name!r} tests other speakers in fold {key[1]}; expected the same folds of all runs"
            )


__all__ = ["NestedChoice", "choose_by_validation"]
