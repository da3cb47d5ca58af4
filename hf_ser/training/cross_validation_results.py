"""What a finished cross-validation says: one row, one table, every prediction."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from ..evaluation import (
    Answers,
    EvaluationReport,
    Predictions,
    aggregate_folds,
    evaluate_dimensions,
    format_results_table,
    report_predictions,
)
from ..evaluation.log_history import read_log_history
from ..evaluation.multi_label import multi_label_metrics
from ..evaluation.training_curves import has_curves
from .data_arguments import DataArguments
from .folds import references_of, results_table, shown_figures
from .run_config import command_of

ROW, TABLE, PREDICTIONS, REPORT = "results.json", "results.md", "predictions.parquet", "report"
_PER_FOLD = ("target", "parameters", "versions", "labels", "corpus", "corpus_fingerprint", "protocol")

_POOLED = ("metrics", "intervals", "per_class", "confusion_matrix")
_ABOUT = ("corpus", "corpus_fingerprint", "protocol", "speaker_independent", "seeds", "references", "command")


class FinishedFold(Protocol):
    """A fold whose outputs are all there."""

    @property
    def folder(self) -> Path:
        """Where they lie."""
        ...


@dataclass(frozen=True)
class CrossValidationResult:
    """All that came out of a cross-validation.

    Attributes:
        row: what was run (corpus and its fingerprint, protocol, fingerprint of every fold, seeds, versions, command)
            and what came out (mean and standard deviation of WA, UA and macro-F1 over folds and seeds, pooled figures,
            pooled confusion matrix), with how many clips of each speaker were references and not scored, if any;
            plain JSON values.
        predictions: every test clip with every seed.
        table: a Markdown table of the folds.
        folder: where it is all written.
    """

    row: dict[str, Any]
    predictions: Predictions | Answers
    table: str
    folder: Path

    def __str__(self) -> str:
        return self.table


def gather(
    settings: Mapping[str, Any], seeds: Sequence[int], folds: Sequence[FinishedFold], *, write: bool = True
) -> CrossValidationResult:
    """Put the outputs of all folds together.

    Args:
        settings: what the cross-validation was asked for.
        seeds: its seeds.
        folds: its folds, all finished, `run` by `run`.
        write: whether to write the row, the table, the predictions and the report to `output_dir`.
    """
    results = [json.loads((fold.folder / "results.json").read_text(encoding="utf-8")) for fold in folds]
    kind: Any = Predictions if results[0]["target"] == "emotion" else Answers
    predictions = kind.concatenate([kind.from_parquet(fold.folder / "test_predictions.parquet") for fold in folds])
    folder = Path(settings["output_dir"])
    row = _row(settings, seeds, results)
    report = _report(predictions, row)
    row["pooled"] = _pooled(predictions, report)
    table = _tables(seeds, results, row)
    if write:
        predictions.to_parquet(folder / PREDICTIONS)
        _write(folder / ROW, json.dumps(row, indent=2, ensure_ascii=False))
        _write(folder / TABLE, table)
        # made of the files of the folds, so an older one holds nothing that would be lost
        curves = {fold.folder.relative_to(folder).as_posix(): fold.folder for fold in folds}
        figures = find_spec("matplotlib") is not None
        drawn = figures and isinstance(report, EvaluationReport) and has_curves(read_log_history(curves))
        history = {"log_history": curves} if drawn else {}
        if report is not None:
            report.save(folder / REPORT, figures=figures, overwrite=True, **history)
    return CrossValidationResult(row, predictions, table, folder)


def data_of_run(run: str | os.PathLike, **given: Any) -> DataArguments:
    """Which recordings a cross-validation was run on, and what it called their emotions, for `load_data`.

    Args:
        run: its folder, or that of one of its seeds.
        **given: settings that win over its own, such as `data_dir` where the recordings have moved; None for its own.

    Raises:
        FileNotFoundError: if the folder holds no results of a cross-validation.
        ValueError: if a setting does not fit.
    """
    file = next((file for place in (Path(run), Path(run).parent) if (file := place / ROW).is_file()), None)
    settings = None if file is None else json.loads(file.read_text(encoding="utf-8")).get("settings")
    if settings is None:
        raise FileNotFoundError(
            f"{os.fspath(run)!r} holds no {ROW} of a cross-validation, expected the output_dir of hf-ser "
            "cross-validate, run to its end"
        )
    settings |= {name: value for name, value in given.items() if value is not None}
    return DataArguments(**{one.name: settings[one.name] for one in fields(DataArguments) if one.name in settings})


def _report(predictions: Predictions | Answers, row: Mapping[str, Any]) -> Any:
    """The report of all folds together; None where several emotions are judged, whose figures are in the row."""
    about = {name: row[name] for name in _ABOUT if row[name] is not None}
    if isinstance(predictions, Predictions):
        return report_predictions(predictions, about=about)
    if row["target"] == "dimensions":
        answers = predictions
        return evaluate_dimensions(
            answers.labels, answers.scores, answers.label_names, answers.speakers.astype(str), about=about
        )
    return None


def _pooled(predictions: Predictions | Answers, report: Any) -> dict[str, Any]:
    if report is None:
        return multi_label_metrics(predictions.labels, predictions.scores, predictions.label_names)
    return {name: value for name, value in report.to_dict().items() if name in _POOLED}


def _row(settings: Mapping[str, Any], seeds: Sequence[int], results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = results[0]
    named = [result for result in results if result["seed"] == seeds[0]]
    return {
        **{name: first[name] for name in _PER_FOLD},
        "seeds": list(seeds),
        "folds": [{"fold": result["fold"], "fingerprint": result["fold_fingerprint"]} for result in named],
        # which clips of each speaker were not scored, in words
        "references": references_of(results),
        "speaker_independent": all(result["speaker_independent"] for result in results),
        "test": aggregate_folds([result["test"]["figures"] for result in results]),
        # nobody is validated on where the validation speakers are trained on
        "validation": aggregate_folds([result["validation"]["figures"] for result in results])
        if "validation" in results[0]
        else None,
        "runs": len(results),
        "settings": dict(settings),
        "command": command_of({**settings, "seeds": list(seeds)}, "hf-ser cross-validate"),
    }


def _tables(seeds: Sequence[int], results: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> str:
    parts = []
    for seed in seeds:
        table = results_table([result for result in results if result["seed"] == seed])
        parts.append(f"seed {seed}\n\n{table}")
    if len(seeds) > 1:
        line = {"all seeds": f"{row['runs']} runs", **shown_figures(row["test"])}
        parts.append(format_results_table([line]))
    return "\n\n".join(parts)


def _write(path: Path, text: str) -> None:
    """Write a file so that nobody ever sees a part of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, path)
