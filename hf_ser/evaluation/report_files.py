"""A report as a folder of files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .figures import confusion_figure, reliability_figure, require_matplotlib, save_figure, speakers_figure
from .log_history import LogHistory, read_log_history
from .report_text import CAPTIONS, report_markdown
from .training_curves import training_curves_figure


def write_report(
    report: Mapping[str, Any],
    json_text: str,
    folder: Path,
    log_history: LogHistory | None = None,
    figures: bool = True,
    overwrite: bool = False,
) -> list[Path]:
    """Write `report.md`, `report.json` and figures; see `EvaluationReport.save`.

    Args:
        report: `EvaluationReport.to_dict()`.
        json_text: `EvaluationReport.to_json()`.
        folder: Where to; made if need be.
        log_history: For training curves; needs figures.
        figures: Whether to draw.
        overwrite: Replace an older report.

    Returns:
        The files written, in the order of the report.

    Raises:
        FileExistsError: A report is there and overwrite is not set; nothing was written.
        ImportError: Figures without matplotlib; nothing was written.
        ValueError: A log history that is none, or one without figures; nothing was written.
    """
    known = [folder / name for name in ("report.md", "report.json", *CAPTIONS)]
    there = [path.name for path in known if path.exists()]
    if there and not overwrite:
        raise FileExistsError(
            f"{folder} holds a report already ({', '.join(there)}); pass overwrite=True to replace it, or another "
            "folder"
        )
    if log_history is not None and not figures:
        raise ValueError("log_history is there for a figure, but figures=False; leave one of them out")
    drawn: dict[str, Any] = {}
    if figures:
        require_matplotlib()
        drawn["confusion_matrix.png"] = confusion_figure(report["confusion_matrix"], report["label_names"])
        if report["per_speaker"]:
            drawn["speakers.png"] = speakers_figure(report["per_speaker"], report["metrics"], report["intervals"])
        drawn["reliability.png"] = reliability_figure(report["calibration"], report["metrics"])
        if log_history is not None:
            drawn["training_curves.png"] = training_curves_figure(read_log_history(log_history))
    folder.mkdir(parents=True, exist_ok=True)
    for path in known:
        path.unlink(missing_ok=True)
    (folder / "report.md").write_text(report_markdown(report, list(drawn)), encoding="utf-8")
    (folder / "report.json").write_text(json_text, encoding="utf-8")
    for name, figure in drawn.items():
        save_figure(figure, folder / name)
    return [folder / name for name in ("report.md", "report.json", *drawn)]


__all__ = ["write_report"]
