"""What happens to the folds of every protocol: no copy on two sides, no class that is never learned, provenance.

Copies are left out rather than their speakers kept on one side: so the folds of a protocol are those of its name and
seed, whether audio is at hand or not, and one silent file under many names cannot glue all speakers together. Speakers
that share a recording may be one person, though, which leaving out a clip does not mend: they are named in the log.
"""

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..corpora.duplicates import find_duplicates
from .clip_table import ClipTable
from .columns import ProtocolError
from .fold import SIDES, Fold

__all__ = ["finish_folds"]

logger = logging.getLogger(__name__)


def finish_folds(
    folds: Sequence[Fold],
    dataset: Any,
    clips: ClipTable,
    classes: tuple[list[str], np.ndarray, np.ndarray],
    *,
    protocol: str,
    options: Mapping[str, Any],
    by_content: bool,
    allow_missing_classes: bool,
) -> list[Fold]:
    """Folds as a protocol made them -> folds to train with.

    Args:
        folds: The folds of the protocol.
        dataset: The dataset that they split.
        clips: Its clips.
        classes: Names of its classes; row of each label and its class.
        protocol: Name of the protocol.
        options: Its options, as plain JSON values, for folds that do not name their own.
        by_content: Whether to compare recordings and take copies apart from their originals.
        allow_missing_classes: Accept training sides that lack a class.

    Raises:
        ProtocolError: A training side lacks a class, or copies leave a side empty.
        FileNotFoundError: An audio file is not there.
    """
    groups = _duplicates(dataset, clips) if by_content else []
    names, rows, codes = classes
    present = np.zeros((len(clips), len(names)), dtype=bool)
    present[rows, codes] = True
    finished, left_out, unlearned = [], set(), []
    for fold in folds:
        changes = _without_copies(fold, groups, clips)
        left_out |= set(changes.get("left_out", []))
        fold = dataclasses.replace(fold, **changes, protocol=protocol, options=fold.options or options, clips=clips)
        missing = _missing_classes(fold, names, present)
        if missing and not allow_missing_classes:
            raise ProtocolError(
                f"{missing}, which its model then never learns; drop or merge such classes (drop=... and merge=... of "
                "load_corpus), use other folds, or pass allow_missing_classes=True (--allow_missing_classes)"
            )
        unlearned += [missing] if missing else []
        finished.append(fold)
    if left_out:
        logger.warning(
            "%s: %d clip(s) are copies of recordings on another side of a fold, and left out of it (%s)",
            protocol,
            len(left_out),
            _some([clips.clips[row] for row in sorted(left_out)]),
        )
    if unlearned:
        logger.warning("%d of %d folds lack a class in training: %s", len(unlearned), len(folds), _some(unlearned))
    return finished


def _duplicates(dataset: Any, clips: ClipTable) -> list[list[int]]:
    columns = getattr(dataset, "column_names", None)
    if "audio" not in (dataset if columns is None else columns):
        return []
    groups = find_duplicates(dataset)
    for rows in groups:
        whose = sorted({clips.speakers[row] for row in rows} - {""})
        if len(whose) > 1:
            logger.warning(
                "%s are one recording under %d speakers (%s): one of the names is wrong, or they are one person",
                _some([clips.clips[row] for row in rows]),
                len(whose),
                _some(whose),
            )
    return groups


def _without_copies(fold: Fold, groups: Sequence[Sequence[int]], clips: ClipTable) -> dict[str, Any]:
    """The fields that change when copies are left out of the lesser side: train before validation before test."""
    if not groups:
        return {}
    side_of = np.full(len(clips), -1, dtype=np.int8)
    for number, side in enumerate(SIDES):
        side_of[getattr(fold, side)] = number
    copies = {row for rows in groups for row in rows if 0 <= side_of[row] < max(side_of[other] for other in rows)}
    if not copies:
        return {}
    changes: dict[str, Any] = {"left_out": sorted(copies)}
    for side in SIDES:
        rows = [row for row in getattr(fold, side) if row not in copies]
        if not rows:
            raise ProtocolError(
                f"fold {fold.name!r} has no {side} rows left: all are copies of recordings on another side; remove "
                "one of each from the dataset (hf_ser.corpora.find_duplicates names them)"
            )
        changes[side] = rows
        changes[f"{side}_speakers"] = tuple(sorted({clips.speakers[row] for row in rows} - {""}))
    return changes


def _missing_classes(fold: Fold, names: Sequence[str], present: np.ndarray) -> str:
    """Says which classes are validated or tested but not learned; empty if none is."""
    learned = present[fold.train].any(axis=0)
    missing = []
    for side in ("test", "validation"):
        counts = present[getattr(fold, side)].sum(axis=0)
        codes = np.flatnonzero((counts > 0) & ~learned).tolist()
        missing += [f"{names[code]!r} ({side} clips: {counts[code]})" for code in codes]
    return f"fold {fold.name!r} would train without {', '.join(missing)}" if missing else ""


def _some(names: Sequence[str], count: int = 5) -> str:
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")
