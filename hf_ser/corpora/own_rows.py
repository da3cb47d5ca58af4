"""The rows of a user's table that can be used, and the faults of the others, each counted and named."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from .base import CorpusError

__all__ = ["RowFaults", "absolute_paths", "clip_ids", "find_copies"]

logger = logging.getLogger(__name__)


class RowFaults:
    """Rows that cannot be used, by reason.

    Args:
        where: What messages call the table.
        count: Its rows.
    """

    def __init__(self, where: str, count: int) -> None:
        self.where, self.count = where, count
        self.rows: set[int] = set()
        self.reasons: list[str] = []

    def add(self, rows: Sequence[int], reason: str, examples: Sequence[object] = ()) -> None:
        """Note rows of one fault, if there are any; `reason` follows their count, such as "have no emotion"."""
        if rows:
            shown = [repr(example) for example in examples[:3]] or [f"row {row + 1}" for row in rows[:3]]
            self.reasons.append(
                f"{len(rows)} of {self.count} rows {reason} ({', '.join(shown)}{', ...' if len(rows) > 3 else ''})"
            )
            self.rows.update(rows)

    def settle(self, skip: bool) -> None:
        """Raise for the faults noted so far, or log them and leave their rows out.

        Raises:
            CorpusError: There are faults, and `skip` is False or no row is left.
        """
        if not self.reasons:
            return
        what = f"{self.where}: {'; '.join(self.reasons)}"
        if not skip:
            raise CorpusError(f"{what}. Mend them, or pass skip_unmatched=True to leave these rows out")
        if len(self.rows) == self.count:
            raise CorpusError(f"{what}. No row is left")
        logger.warning("%s; left out", what)
        self.reasons.clear()


def absolute_paths(paths: Sequence[str | None], root: Path) -> list[str | None]:
    """Paths as a manifest gives them -> absolute ones; relative ones start from `root`, empty ones are None."""
    base = str(root)
    return [
        os.path.normpath(os.path.join(base, os.path.expanduser(path.strip()))) if path and path.strip() else None
        for path in paths
    ]


def clip_ids(paths: Sequence[str | None], root: Path) -> list[str]:
    """The path below `root`, with forward slashes; the whole path where a file lies elsewhere."""
    base = os.path.normpath(root).rstrip(os.sep) + os.sep
    return [(path or "").removeprefix(base).replace(os.sep, "/") for path in paths]


def find_copies(
    paths: Sequence[str | None], said: Sequence[tuple[object, ...]], rows: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Rows of a file that an earlier row has.

    Args:
        paths: File of each row.
        said: What each row says of it, such as emotion and speaker.
        rows: The rows to look at.

    Returns:
        Later rows that say the same as the first of their file; and all rows of files of which two rows say different
        things.
    """
    first: dict[str | None, int] = {}
    later: list[int] = []
    disputed: set[str | None] = set()
    for row in rows:
        kept = first.setdefault(paths[row], row)
        if kept != row:
            later.append(row)
            if said[kept] != said[row]:
                disputed.add(paths[row])
    copies = [row for row in later if paths[row] not in disputed]
    return copies, [row for row in rows if paths[row] in disputed] if disputed else []
