"""A report as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from .results import HEADINGS, format_results_table

CAPTIONS = {
    "confusion_matrix.png": "Confusion matrix: share of each true emotion's clips, and clips",
    "speakers.png": "UA of each speaker",
    "reliability.png": "Reliability diagram",
    "training_curves.png": "Training curves",
}


def report_markdown(report: Mapping[str, Any], figures: Sequence[str] = ()) -> str:
    """Write a report.

    Args:
        report: `EvaluationReport.to_dict()`.
        figures: Names of image files beside the text, out of `CAPTIONS`.

    Returns:
        Markdown, with a newline at the end.
    """
    blocks = ["# Evaluation", _summary(report), _scores(report)]
    if report["about"]:
        blocks.append("\n".join(f"- {key}: {_inline(value)}" for key, value in report["about"].items()))
    blocks += ["## By emotion", format_results_table(report["per_class"])]
    blocks += ["## Confusion", "Rows: true emotion; columns: predicted; clips.", _confusion(report)]
    if report["per_speaker"]:
        blocks += ["## By speaker", "Lowest UA first.", format_results_table(report["per_speaker"])]
    blocks += ["## Calibration", _calibration(report)]
    if report["confident_errors"]:
        blocks += ["## Most confident errors", format_results_table(report["confident_errors"])]
    if figures:
        blocks.append("## Figures")
        blocks += [f"![{CAPTIONS[name]}]({name})" for name in figures]
    return "\n\n".join(blocks) + "\n"


def _summary(report: Mapping[str, Any]) -> str:
    voices = f" of {len(report['per_speaker'])} speakers" if report["per_speaker"] else ""
    text = f"{report['clips']} clips{voices}, {len(report['label_names'])} emotions; figures in percent."
    found = "told by their values" if report["score_type_found"] else "as passed"
    text += f" The scores are {report['score_type']} ({found})."
    if not report["intervals"]:
        return text + " No confidence intervals: speakers are unknown, and clips of one speaker are not independent."
    one = next(iter(report["intervals"].values()))
    draws = f"{report['resamples']:,} times (seed {report['seed']})"
    text += f" Intervals: {100 * one['level']:g} %, speakers resampled {draws}."
    return text if one["note"] is None else f"{text} Interval: {one['note']}."


def _scores(report: Mapping[str, Any]) -> str:
    rows = []
    for name in ("wa", "ua", "macro_f1"):
        row: dict[str, Any] = {"metric": HEADINGS[name], "%": report["metrics"][name]}
        if report["intervals"]:
            interval = report["intervals"][name]
            known = interval["low"] is not None
            row["interval"] = f"{100 * interval['low']:.1f} – {100 * interval['high']:.1f}" if known else None
        rows.append(row)
    return format_results_table(rows)


def _confusion(report: Mapping[str, Any]) -> str:
    names = report["label_names"]
    return format_results_table(
        [
            {"true": name, **{f"→ {other}": count for other, count in zip(names, counts, strict=True)}}
            for name, counts in zip(names, report["confusion_matrix"], strict=True)
        ]
    )


def _calibration(report: Mapping[str, Any]) -> str:
    scores = report["metrics"]
    gap = scores["confidence"] - scores["wa"]
    tendency = "more" if gap > 0 else "less"
    return (
        f"Expected calibration error {100 * scores['ece']:.1f} % ({len(report['calibration'])} bins), Brier score "
        f"{scores['brier']:.3f} (0 to 2), negative log likelihood {scores['nll']:.3f}. Mean confidence "
        f"{100 * scores['confidence']:.1f} %: {100 * abs(gap):.1f} points {tendency} than the share that is right."
    )


def _inline(value: Any) -> str:
    """A value on one line."""
    return " ".join(str(value).split())


__all__ = ["CAPTIONS", "report_markdown"]
