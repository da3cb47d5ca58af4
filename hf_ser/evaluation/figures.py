"""Figures of a report: confusion matrix, speakers, reliability. Drawn without a display and without pyplot's state.

Colours are those of Okabe and Ito, which people with any common colour vision deficiency tell apart.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, RED, GREEN, GREY = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#666666"
_MOST_BARS = 60
_DPI = 150


def require_matplotlib() -> None:
    """Raise an ImportError that says how to get matplotlib, if it is missing."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "figures need matplotlib: pip install 'hf-ser[report]', or leave them out with figures=False"
        ) from error


def new_figure(width: float, height: float) -> "Figure":
    """Make an empty figure, width and height in inches, that no display and no global state knows of."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG, without a date in it, so that equal reports are equal files."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=_DPI, format="png", metadata={"Software": "hf_ser"})


def confusion_figure(confusion: Sequence[Sequence[int]], label_names: Sequence[str]) -> "Figure":
    """Draw a confusion matrix: each cell says the share of its row in percent, and clips.

    Args:
        confusion: (num_labels, num_labels) counts; row = true, column = predicted.
        label_names: Emotion of each class.
    """
    counts = np.asarray(confusion)
    support = counts.sum(axis=1, keepdims=True)
    shares = 100 * np.divide(counts, support, out=np.zeros(counts.shape), where=support > 0)
    size = len(label_names)
    longest, shown = max(map(len, label_names)), max(size, 3)
    figure = new_figure(2.2 + 0.72 * shown + 0.075 * longest, 1.7 + 0.62 * shown + 0.045 * longest)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            axes.text(
                column,
                row,
                f"{shares[row, column]:.0f} %\n{counts[row, column]}",
                ha="center",
                va="center",
                fontsize=8,
                linespacing=1.15,
                color="white" if shares[row, column] > 55 else "black",
                fontweight="bold" if row == column else "normal",
            )
    axes.set_xticks(range(size), label_names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), [f"{name} ({total})" for name, total in zip(label_names, support[:, 0], strict=True)])
    axes.set_xticks(np.arange(0.5, size - 1), minor=True)
    axes.set_yticks(np.arange(0.5, size - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted emotion")
    axes.set_ylabel("true emotion (clips)")
    axes.set_title("Confusion matrix", loc="left")
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, ticks=[0, 25, 50, 75, 100])
    bar.set_label("share of the row (%)")
    bar.outline.set_visible(False)
    return figure


def speakers_figure(
    per_speaker: Sequence[Mapping[str, Any]], metrics: Mapping[str, float], intervals: Mapping[str, Mapping[str, Any]]
) -> "Figure":
    """Draw the UA of each speaker as bars, best on top; of over 60 speakers, how many have which UA.

    Args:
        per_speaker: Dicts with "speaker", "clips" and "ua" (0..1), lowest UA first.
        metrics: With "ua" over all clips.
        intervals: With "ua": "low", "high", "level"; empty, or ends None, where undefined.
    """
    values = [100 * row["ua"] for row in per_speaker]
    many = len(values) > _MOST_BARS
    figure = new_figure(7, 4 if many else 1.5 + 0.22 * max(len(values), 3))
    axes = figure.subplots()
    interval = intervals.get("ua", {})
    if interval.get("low") is not None:
        label = f"{100 * interval['level']:g} % interval, speakers resampled"
        axes.axvspan(100 * interval["low"], 100 * interval["high"], color=ORANGE, alpha=0.3, lw=0, label=label)
    axes.axvline(100 * metrics["ua"], color=RED, lw=1.8, label=f"all clips: {100 * metrics['ua']:.1f} %")
    if many:
        axes.hist(values, bins=20, range=(0, 100), color=BLUE, edgecolor="white")
        axes.set_ylabel("speakers")
    else:
        axes.barh(range(len(values)), values, color=BLUE, height=0.72)
        for place, value in enumerate(values):  # at the foot of the bars, clear of the line of all clips
            inside = value > 8
            foot = 1.0 if inside else value + 1
            axes.text(foot, place, f"{value:.0f}", va="center", fontsize=8, color="white" if inside else "black")
        axes.set_yticks(range(len(values)), [f"{row['speaker']} ({row['clips']})" for row in per_speaker], fontsize=8)
        axes.set_ylim(-0.6, len(values) - 0.4)
        axes.set_ylabel("speaker (clips)")
        axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 100)
    axes.set_xlabel("UA (%)")
    axes.set_title("UA by speaker", loc="left")
    _tidy(axes)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return figure


def reliability_figure(bins: Sequence[Mapping[str, Any]], metrics: Mapping[str, float]) -> "Figure":
    """Draw how often answers of each confidence are right, and below how many there are.

    Args:
        bins: As of `calibration_metrics`.
        metrics: With "ece", "wa" and "confidence".
    """
    figure = new_figure(5.6, 6.2)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    filled = [one for one in bins if one["clips"]]
    left = [100 * one["low"] for one in filled]
    width = [100 * (one["high"] - one["low"]) for one in filled]
    right = np.array([100 * one["accuracy"] for one in filled])
    sure = np.array([100 * one["confidence"] for one in filled])
    edges = {"align": "edge", "edgecolor": "white", "linewidth": 0.8}
    top.bar(left, right, width, color=BLUE, label="right answers", **edges)
    ends = np.stack([np.minimum(right, sure), np.maximum(right, sure)])
    centres = np.array(left) + np.array(width) / 2
    top.vlines(centres, ends[0], ends[1], color=RED, lw=2.5, label="gap to the confidence")
    top.plot(centres, sure, "_", color=RED, markersize=12, markeredgewidth=2.5)
    top.plot([0, 100], [0, 100], "--", color=GREY, lw=1.2, label="perfectly calibrated")
    top.set_ylim(0, 100)
    top.set_ylabel("right answers (%)")
    top.set_title(f"Reliability: calibration error {100 * metrics['ece']:.1f} %", loc="left")
    top.legend(loc="upper left", frameon=False, fontsize=8)
    bottom.bar(left, [one["clips"] for one in filled], width, color=BLUE, **edges)
    bottom.axvline(100 * metrics["confidence"], color=RED, lw=1.8, label="mean confidence")
    bottom.axvline(100 * metrics["wa"], color="black", lw=1.8, ls=":", label="right answers overall")
    bottom.set_ylabel("clips")
    bottom.set_xlabel("confidence of the answer (%)")
    bottom.set_xlim(0, 100)
    bottom.legend(loc="upper left", frameon=False, fontsize=8)
    _tidy(top)
    _tidy(bottom)
    return figure


def dimensions_figure(
    points: Mapping[str, Mapping[str, np.ndarray]], metrics: Mapping[str, Mapping[str, Any]]
) -> "Figure":
    """Draw predictions over labels, a panel for each dimension.

    Args:
        points: For each dimension "labels" and "predictions", (clips,) on one scale.
        metrics: For each dimension "ccc" and "mae".
    """
    figure = new_figure(0.6 + 3.4 * len(points), 4)
    panels = figure.subplots(1, len(points), squeeze=False)[0]
    for axes, (name, one) in zip(panels, points.items(), strict=True):
        labels, predictions = one["labels"], one["predictions"]
        low, high = min(labels.min(), predictions.min()), max(labels.max(), predictions.max())
        margin = 0.05 * (high - low) or 0.5
        ends = (low - margin, high + margin)
        axes.plot(ends, ends, "--", color=GREY, lw=1.2, label="equal")
        alpha = float(np.clip(12 / np.sqrt(len(labels)), 0.05, 0.8))
        axes.scatter(labels, predictions, s=12, color=BLUE, alpha=alpha, lw=0)
        axes.set(xlim=ends, ylim=ends, xlabel="label")
        ccc = "undefined" if metrics[name]["ccc"] is None else f"{metrics[name]['ccc']:.2f}"
        axes.set_title(f"{name}\nCCC {ccc}, MAE {metrics[name]['mae']:.2f}", loc="left", fontsize=10)
        _tidy(axes)
    panels[0].set_ylabel("prediction")
    panels[0].legend(loc="lower right", frameon=False, fontsize=8)
    return figure


def _tidy(axes: "Axes") -> None:
    """Take away the lines of the box that say nothing."""
    axes.spines[["top", "right"]].set_visible(False)


__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "RED",
    "confusion_figure",
    "dimensions_figure",
    "new_figure",
    "reliability_figure",
    "require_matplotlib",
    "save_figure",
    "speakers_figure",
]
