"""A fold as text: a table of its sides, and who is where."""

from collections import Counter
from typing import TYPE_CHECKING

from ..labels import EMOTIONS

if TYPE_CHECKING:
    from .fold import Fold

__all__ = ["describe_fold"]

_MOST_NAMED = 40  # speakers of a side


def describe_fold(fold: "Fold") -> str:
    """A fold as a table of clips, speakers and classes of each side, then the speakers by name.

    Args:
        fold: The fold; classes are shown if it knows its clips.

    Returns:
        Several lines, without a line break at the end.
    """
    sides = {"train": fold.train, "validation": fold.validation, "test": fold.test}
    speakers = {
        "train": fold.train_speakers,
        "validation": fold.validation_speakers,
        "test": fold.test_speakers,
    }
    classes = {side: _classes(fold, rows) for side, rows in sides.items()}
    names = sorted(set().union(*classes.values()), key=_place)
    table = [["side", "clips", "speakers", *names]]
    for side, rows in sides.items():
        counts = [str(classes[side][name]) for name in names]
        table.append([side, str(len(rows)), str(len(speakers[side])), *counts])
    made = ", ".join([fold.protocol, *(f"{name}={value!r}" for name, value in fold.options.items())])
    lines = [f"fold {fold.name}" + (f" ({made})" if fold.protocol else "") + f", fingerprint {fold.fingerprint}"]
    if not fold.speaker_independent:
        lines.append("NOT speaker-independent: a speaker may be on several sides")
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    for first, *rest in table:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    if fold.left_out:
        copies = [fold.clips.clips[row] if fold.clips is not None else f"row {row}" for row in fold.left_out]
        shown = ", ".join(copies[:5]) + (", ..." if len(copies) > 5 else "")
        lines.append(f"left out as copies of clips on another side: {len(copies)} ({shown})")
    for side, whose in speakers.items():
        more = f" and {len(whose) - _MOST_NAMED} more" if len(whose) > _MOST_NAMED else ""
        lines.append(f"{side} speakers: {', '.join(whose[:_MOST_NAMED]) or 'not known'}{more}")
    return "\n".join(lines)


def _classes(fold: "Fold", rows: list[int]) -> Counter[str]:
    if fold.clips is None:
        return Counter()
    return Counter(fold.clips.emotions[row] or "unlabelled" for row in rows)


def _place(name: str) -> tuple[int, str]:
    order = list(EMOTIONS)
    return (order.index(name) if name in order else len(order), name)
