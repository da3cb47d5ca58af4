"""Training curves: loss, and scores on the validation speakers, of one run or of several folds."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .figures import BLUE, GREEN, ORANGE, RED, new_figure
from .log_history import Curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOSSES = {"loss": ("training", BLUE, "-"), "eval_loss": ("validation", ORANGE, "--")}
_SCORES = {
    "eval_ua": ("UA", BLUE, "-"),
    "eval_wa": ("WA", ORANGE, "--"),
    "eval_macro_f1": ("macro-F1", GREEN, ":"),
    "eval_ccc": ("mean CCC", RED, "-."),
}
_BANDS = ("loss", "eval_loss", "eval_ua")  # more would hide each other


def has_curves(runs: Mapping[str, Curves]) -> bool:
    """Whether a loss or a score was logged in any run, so that there is something to draw.

    Args:
        runs: As `read_log_history` gives.
    """
    return any(name in curves for curves in runs.values() for name in (*_LOSSES, *_SCORES))


def training_curves_figure(runs: Mapping[str, Curves]) -> "Figure":
    """Draw losses on the left and validation scores on the right over epochs.

    One run: every curve. Several: the mean over the runs that reach an epoch as a line, pale where some have ended;
    for losses and UA a band from the lowest to the highest run.

    Args:
        runs: As `read_log_history` gives.

    Raises:
        ValueError: Neither a loss nor a score was logged.
    """
    if not has_curves(runs):
        raise ValueError(
            f"log_history: none of {', '.join((*_LOSSES, *_SCORES))} was logged with an epoch, so there is nothing to "
            "draw; train with logging_strategy='epoch' and eval_strategy='epoch'"
        )
    figure = new_figure(9.5, 4)
    left, right = figure.subplots(1, 2)
    _panel(left, runs, _LOSSES, 1.0)
    _panel(right, runs, _SCORES, 100.0)
    left.set_ylabel("loss")
    left.set_ylim(bottom=0)
    right.set_ylabel("validation score (%)")
    lowest = right.dataLim.ymin  # a CCC may be negative
    right.set_ylim(min(0.0, lowest) if np.isfinite(lowest) else 0.0, 100)
    several = f": mean and range of {len(runs)} runs" if len(runs) > 1 else ""
    left.set_title(f"Loss{several}", loc="left")
    right.set_title(f"Validation{several}", loc="left")
    return figure


def _panel(
    axes: "Axes", runs: Mapping[str, Curves], wanted: Mapping[str, tuple[str, str, str]], factor: float
) -> None:
    for name, (label, colour, style) in wanted.items():
        logged = [curves[name] for curves in runs.values() if name in curves]
        if not logged:
            continue
        epochs, values = _by_epoch(logged)
        mean = np.nanmean(values, axis=0) * factor
        if len(logged) > 1 and name in _BANDS:
            low, high = np.nanmin(values, axis=0) * factor, np.nanmax(values, axis=0) * factor
            axes.fill_between(epochs, low, high, color=colour, alpha=0.18, lw=0)
        axes.plot(epochs, mean, style, color=colour, lw=1.6, alpha=0.45)
        everyone = np.where(np.isnan(values).any(axis=0), np.nan, mean)
        axes.plot(epochs, everyone, style, color=colour, lw=2, label=label, marker="" if len(epochs) > 1 else "o")
    axes.set_xlabel("epoch")
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=9)
    else:
        axes.text(0.5, 0.5, "not logged", transform=axes.transAxes, ha="center", color="#666666")


def _by_epoch(logged: list[tuple[list[float], list[float]]]) -> tuple[np.ndarray, np.ndarray]:
    """Epochs (epochs,) of the longest run, and values (runs, epochs) at them, NaN after a run's end."""
    axis = np.array(sorted(set(max(logged, key=lambda run: len(run[0]))[0])))
    rows = []
    for epochs, values in logged:
        order = np.argsort(epochs, kind="stable")
        rows.append(np.interp(axis, np.array(epochs)[order], np.array(values)[order], left=np.nan, right=np.nan))
    return axis, np.array(rows)


__all__ = ["training_curves_figure"]
