"""From one result per fold to one row, and from rows to a table."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

HEADINGS = {"wa": "WA", "ua": "UA", "macro_f1": "macro-F1"}


def aggregate_folds(folds: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | int | None]]:
    """Summarise the folds of a cross-validation.

    Each fold counts once, however many clips it has. "std" is the sample standard deviation over folds (n - 1 in the
    denominator): the folds are a sample of how speakers could have been divided. It is not the error of the mean,
    since folds share training speakers.

    Args:
        folds: One dict per fold, as `classification_metrics` or `compute_metrics` return. Entries that are not single
            numbers (lists, names) are left out.

    Returns:
        For each number: {"mean", "std", "folds"}; "std" is None for one fold.

    Raises:
        ValueError: No folds, folds with different numbers, or a value that is not finite.
    """
    if not folds:
        raise ValueError("folds: got none, expected one dict of metrics per fold")
    numbers = [{name: value for name, value in fold.items() if _is_number(value)} for fold in folds]
    for index, fold in enumerate(numbers):
        if differing := sorted(set(fold) ^ set(numbers[0])):
            raise ValueError(f"fold {index}: {', '.join(differing)} not in every fold; score all folds alike")
        for name, value in fold.items():
            if not math.isfinite(value):
                raise ValueError(f"fold {index}: got {name} = {value}, expected a finite number; rerun this fold")
    return {
        name: {
            "mean": float(np.mean([fold[name] for fold in numbers])),
            "std": float(np.std([fold[name] for fold in numbers], ddof=1)) if len(numbers) > 1 else None,
            "folds": len(numbers),
        }
        for name in numbers[0]
    }


def format_results_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write results as a Markdown table.

    Args:
        rows: One dict per line; the columns are the keys in order of first appearance. A float is a share and is
            printed in percent with one decimal; what `aggregate_folds` gives for a metric becomes "mean ± std"; names
            and integers are printed as they are; None and missing become "–".

    Returns:
        The table, lines joined by newlines, no newline at the end.

    Raises:
        ValueError: No rows, or a float outside 0..1.
    """
    if not rows:
        raise ValueError("rows: got none, expected one dict per line of the table")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(name, row.get(name)) for name in columns] for row in rows]
    right = [any(_is_number(row.get(name)) or isinstance(row.get(name), Mapping) for row in rows) for name in columns]
    lines = [
        [_text(HEADINGS.get(name, name)) for name in columns],
        ["--:" if flag else "---" for flag in right],
        *cells,
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(name: str, value: Any) -> str:
    """Format one value."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        mean = _cell(name, float(value["mean"]))
        return mean if value.get("std") is None else f"{mean} ± {100 * value['std']:.1f}"
    if isinstance(value, float | np.floating):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name}: got {value}, expected a share between 0 and 1; print other numbers as text")
        return f"{100 * value:.1f}"
    return _text(str(value))


def _text(value: str) -> str:
    """Keep a cell within its cell."""
    return value.replace("|", "\\|").replace("\n", " ")


def _is_number(value: Any) -> bool:
    """True for a single int or float, numpy's included; bool is a name, not a number."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


__all__ = ["HEADINGS", "aggregate_folds", "format_results_table"]
