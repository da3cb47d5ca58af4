"""One split of a dataset's rows whose speakers are disjoint, however it was made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Fold", "ProtocolError", "SpeakerOverlapError", "column", "speaker_column"]


class ProtocolError(ValueError):
    """A protocol is unknown, or the dataset or the options do not suit it."""


class SpeakerOverlapError(ValueError):
    """A speaker, or a row, is on more than one side of a split, so a score would not be speaker-independent."""


@dataclass(frozen=True)
class Fold:
    """One split of a dataset's rows, its speakers disjoint.

    Attributes:
        name: Number of the fold and its test speakers, fit for a folder name.
        train: Row indices to learn from.
        validation: Row indices to choose on.
        test: Row indices to report.
        train_speakers: Speakers of these rows, sorted.
        validation_speakers: Speakers of the validation rows.
        test_speakers: Speakers of the test rows.

    Raises:
        SpeakerOverlapError: A speaker or a row is on two sides.
        ProtocolError: A side is empty.
    """

    name: str
    train: list[int]
    validation: list[int]
    test: list[int]
    train_speakers: tuple[str, ...]
    validation_speakers: tuple[str, ...]
    test_speakers: tuple[str, ...]

    def __post_init__(self) -> None:
        sides = {"train": self.train, "validation": self.validation, "test": self.test}
        for side, rows in sides.items():
            if len(rows) == 0:
                raise ProtocolError(f"fold {self.name!r} has no {side} rows; use fewer folds or more speakers")
        _refuse_overlap(
            self.name,
            {"train": self.train_speakers, "validation": self.validation_speakers, "test": self.test_speakers},
        )
        every = np.concatenate([np.asarray(rows, dtype=np.int64) for rows in sides.values()])
        unique, counts = np.unique(every, return_counts=True)
        if len(unique) < len(every):
            raise SpeakerOverlapError(
                f"fold {self.name!r} has {int((counts > 1).sum())} row(s) more than once (such as row "
                f"{int(unique[counts > 1][0])}); give each row to at most one side"
            )

    def check(self, dataset: Any) -> None:
        """Make sure that the fold still fits a dataset, for instance right before training.

        Args:
            dataset: The dataset whose rows the fold numbers.

        Raises:
            SpeakerOverlapError: In this dataset, a speaker is on two sides.
            ProtocolError: The dataset has no speakers, or too few rows.
        """
        speakers = np.asarray(speaker_column(dataset), dtype=object)
        last = max(max(self.train), max(self.validation), max(self.test))
        if last >= len(speakers):
            raise ProtocolError(
                f"fold {self.name!r} has row {last}, but the dataset has {len(speakers)} rows; "
                "pass the dataset that the fold was made from"
            )
        _refuse_overlap(
            self.name,
            {side: set(speakers[getattr(self, side)].tolist()) for side in ("train", "validation", "test")},
        )

    def __str__(self) -> str:
        return (
            f"fold {self.name}: {len(self.train)} train, {len(self.validation)} validation "
            f"({', '.join(self.validation_speakers)}), {len(self.test)} test ({', '.join(self.test_speakers)})"
        )


def _refuse_overlap(fold: str, sides: Mapping[str, Iterable[str]]) -> None:
    names = list(sides)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        shared = sorted(set(sides[names[first]]) & set(sides[names[second]]))
        if shared:
            raise SpeakerOverlapError(
                f"fold {fold!r} has {len(shared)} speaker(s) in both {names[first]} and {names[second]}: "
                f"{', '.join(shared[:5])}{', ...' if len(shared) > 5 else ''}; move all their clips to one side"
            )


def column(dataset: Any, name: str) -> list[Any] | None:
    """One column of a dataset (or of a mapping of columns) as a list, read once; None if it is not there."""
    columns = getattr(dataset, "column_names", None)
    if columns is None:
        columns = list(dataset) if isinstance(dataset, Mapping) else []
    return list(dataset[name][:]) if name in columns else None


def speaker_column(dataset: Any) -> list[str]:
    """The speaker of each row.

    Raises:
        ProtocolError: There are no rows, no speaker column, or rows without a speaker.
    """
    speakers = column(dataset, "speaker")
    why = "without speakers no speaker-independent split can be made"
    if speakers is None:
        raise ProtocolError(f"the dataset has no column 'speaker'; {why}. Rename or add the column")
    if not speakers:
        raise ProtocolError("the dataset has no rows; expected at least three speakers")
    unnamed = [row for row, speaker in enumerate(speakers) if speaker is None or not str(speaker).strip()]
    if unnamed:
        raise ProtocolError(
            f"{len(unnamed)} of {len(speakers)} rows have no speaker (the first is row {unnamed[0]}); {why}. "
            "Name their speakers or leave these rows out"
        )
    return [str(speaker) for speaker in speakers]
