"""What a finished cross-validation says: one row, one table, every prediction."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from ..evaluation import Predictions, aggregate_folds, format_results_table, report_predictions
from .folds import METRICS, results_table
from .run_config import command_of

ROW, TABLE, PREDICTIONS, REPORT = "results.json", "results.md", "predictions.parquet", "report"
_PER_FOLD = ("seed", "parameters", "versions", "labels", "corpus", "corpus_fingerprint", "protocol")

_POOLED = ("metrics", "intervals", "per_class", "confusion_matrix")
_ABOUT = ("corpus", "corpus_fingerprint", "protocol", "speaker_independent", "seeds", "command")


class FinishedFold(Protocol):
    """A fold whose outputs are all there."""

    number: int

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
            pooled confusion matrix); plain JSON values.
        predictions: every test clip with every seed.
        table: a Markdown table of the folds.
        folder: where it is all written.
    """

    row: dict[str, Any]
    predictions: Predictions
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
    predictions = Predictions.concatenate(
        [Predictions.from_parquet(fold.folder / "test_predictions.parquet") for fold in folds]
    )
    folder = Path(settings["output_dir"])
    row = _row(settings, seeds, results)
    report = report_predictions(predictions, about={name: row[name] for name in _ABOUT})
    row["pooled"] = {name: report.to_dict()[name] for name in _POOLED}
    table = _tables(seeds, results, row)
    if write:
        predictions.to_parquet(folder / PREDICTIONS)
        _write(folder / ROW, json.dumps(row, indent=2, ensure_ascii=False))
        _write(folder / TABLE, table)
        # made of the files of the folds, so an older one holds nothing that would be lost
        curves = {fold.folder.relative_to(folder).as_posix(): fold.folder for fold in folds}
        report.save(folder / REPORT, curves, figures=find_spec("matplotlib") is not None, overwrite=True)
    return CrossValidationResult(row, predictions, table, folder)


def _row(settings: Mapping[str, Any], seeds: Sequence[int], results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = results[0]
    summary = aggregate_folds([{metric: result["test"][metric] for metric in METRICS} for result in results])
    validated = aggregate_folds([{metric: result["validation"][metric] for metric in METRICS} for result in results])
    named = [result for result in results if result["seed"] == seeds[0]]
    return {
        **{name: first[name] for name in _PER_FOLD if name not in ("seed",)},
        "seeds": list(seeds),
        "folds": [{"fold": result["fold"], "fingerprint": result["fold_fingerprint"]} for result in named],
        "speaker_independent": all(result["speaker_independent"] for result in results),
        "test": summary,
        "validation": validated,
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
        line = {"all seeds": f"{row['runs']} runs", **{metric: row["test"][metric] for metric in METRICS}}
        parts.append(format_results_table([line]))
    return "\n\n".join(parts)


def _write(path: Path, text: str) -> None:
    """Write a file so that nobody ever sees a part of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, path)
