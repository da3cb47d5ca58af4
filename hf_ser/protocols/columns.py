"""Columns of a dataset as protocols read them, and the errors that protocols raise."""

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = [
    "ProtocolError",
    "SpeakerOverlapError",
    "classes_of",
    "column",
    "emotion_lists",
    "number_of_rows",
    "speaker_column",
]


class ProtocolError(ValueError):
    """A protocol is unknown, or the dataset or the options do not suit it."""


class SpeakerOverlapError(ValueError):
    """A speaker, or a row, is on more than one side of a split, so a score would not be speaker-independent."""


def column(dataset: Any, name: str) -> list[Any] | None:
    """One column of a dataset (or of a mapping of columns) as a list, read once; None if it is not there."""
    columns = getattr(dataset, "column_names", None)
    if columns is None:
        columns = list(dataset) if isinstance(dataset, Mapping) else []
    return list(dataset[name][:]) if name in columns else None


def number_of_rows(dataset: Any) -> int:
    """Rows of a dataset, or of a mapping of columns."""
    if isinstance(dataset, Mapping):
        return max((len(values) for values in dataset.values()), default=0)
    return len(dataset)


def emotion_lists(dataset: Any) -> list[list[str]]:
    """The emotions of each row: that of the column `emotion` first, further ones of the column `emotions` sorted.

    A cell of either may hold one name, several, or none.
    """
    first, every = column(dataset, "emotion"), column(dataset, "emotions")
    if every is None:
        return [_names(one) for one in first or [None] * number_of_rows(dataset)]
    first, found = first or [None] * len(every), []
    for one, several in zip(first, every, strict=True):
        names = _names(one)
        found.append(names + sorted(set(_names(several)) - set(names)))
    return found


def classes_of(dataset: Any) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The classes of a dataset.

    Returns:
        Their names, sorted; and of each label the row, shape (labels,), and the class, shape (labels,): a row may have
        several labels, or none.
    """
    of_row = emotion_lists(dataset)
    rows = np.repeat(np.arange(len(of_row)), [len(labels) for labels in of_row])
    labels = np.asarray([label for labels in of_row for label in labels], dtype=str)
    names, codes = np.unique(labels, return_inverse=True)
    return names.tolist(), rows, codes


def _names(value: Any) -> list[str]:
    if value is None or isinstance(value, str):
        return [value] if value else []
    if isinstance(value, list | tuple | set | np.ndarray):
        return sorted({str(part) for part in value if part is not None})
    return [str(value)]


def speaker_column(dataset: Any, *, required: bool = True) -> list[str]:
    """The speaker of each row.

    Args:
        dataset: A dataset or a mapping of columns.
        required: Whether rows without a speaker are an error; if not, theirs is "".

    Raises:
        ProtocolError: There are no rows; or no speaker column, or rows without a speaker, though they are required.
    """
    speakers = column(dataset, "speaker")
    why = "without speakers no speaker-independent split can be made"
    accept = "or accept protocol='random' with accept_speaker_overlap=True, which every result then says"
    if speakers is None and required:
        raise ProtocolError(f"the dataset has no column 'speaker'; {why}. Rename or add the column, {accept}")
    if speakers is None:
        speakers = [None] * number_of_rows(dataset)
    if not speakers:
        raise ProtocolError("the dataset has no rows; expected at least three speakers")
    unnamed = [row for row, speaker in enumerate(speakers) if speaker is None or not str(speaker).strip()]
    if unnamed and required:
        raise ProtocolError(
            f"{len(unnamed)} of {len(speakers)} rows have no speaker (the first is row {unnamed[0]}); {why}. "
            f"Name their speakers or leave these rows out, {accept}"
        )
    named = [str(speaker) if speaker is not None else "" for speaker in speakers]
    for row in unnamed:
        named[row] = ""
    return named
