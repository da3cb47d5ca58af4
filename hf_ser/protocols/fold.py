"""One split of a dataset's rows into train, validation and test, however it was made."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .clip_table import ClipTable, short
from .columns import ProtocolError, SpeakerOverlapError, speaker_column
from .description import describe_fold

__all__ = ["SIDES", "Fold"]

SIDES = ("train", "validation", "test")


@dataclass(frozen=True)
class Fold:
    """One split of a dataset's rows, its speakers disjoint unless it says otherwise.

    Attributes:
        name: Number of the fold and its test speakers, fit for a folder name.
        train: Row indices to learn from.
        validation: Row indices to choose on.
        test: Row indices to report.
        train_speakers: Speakers of these rows, sorted; none where they are not known.
        validation_speakers: Speakers of the validation rows.
        test_speakers: Speakers of the test rows.
        left_out: Row indices of copies of recordings on another side, which are on none.
        speaker_independent: False if a speaker may be on two sides, by consent; results must say so.
        protocol: Name of the protocol that made it, "" for none.
        options: Options of the protocol, as plain JSON values.
        clips: The clips of the dataset that the rows number; None for a fold made by hand (see `on`).

    Raises:
        SpeakerOverlapError: A row is on two sides; or a speaker is, though the fold is speaker-independent.
        ProtocolError: A side is empty, or a row number negative.
    """

    name: str
    train: list[int]
    validation: list[int]
    test: list[int]
    train_speakers: tuple[str, ...]
    validation_speakers: tuple[str, ...]
    test_speakers: tuple[str, ...]
    left_out: list[int] = field(default_factory=list)
    speaker_independent: bool = True
    protocol: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    clips: ClipTable | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for side, rows in self._sides().items():
            if len(rows) == 0:
                raise ProtocolError(f"fold {self.name!r} has no {side} rows; use fewer folds or more speakers")
        if self.speaker_independent:
            refuse_overlap(
                self.name,
                {"train": self.train_speakers, "validation": self.validation_speakers, "test": self.test_speakers},
            )
        every = np.concatenate([np.asarray(rows, dtype=np.int64) for rows in (*self._sides().values(), self.left_out)])
        if every.min() < 0:
            raise ProtocolError(f"fold {self.name!r} has row {every.min()}; expected row numbers from 0")
        twice = np.flatnonzero(np.bincount(every) > 1)
        if len(twice):
            raise SpeakerOverlapError(
                f"fold {self.name!r} has {len(twice)} row(s) more than once (such as row {twice[0]}); give each row "
                "to at most one side"
            )

    def _sides(self) -> dict[str, list[int]]:
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @cached_property
    def fingerprint(self) -> str:
        """Short hash (16 hexadecimal digits) of protocol, options, and clip, speaker and emotion of each side's rows.

        The same on every machine, whatever folder the corpus lies in and whatever the order of rows. A fold made by
        hand has row numbers in place of clips until `on` tells it its dataset.
        """
        digest = hashlib.sha256(json.dumps([self.protocol, self.options], sort_keys=True).encode())
        for side, rows in self._sides().items():
            digest.update(f"\n{side} {len(rows)}\n".encode())
            if self.clips is not None:
                digest.update(self.clips.digest(rows))
            else:
                digest.update(json.dumps([sorted(map(int, rows)), getattr(self, f"{side}_speakers")]).encode())
        return short(digest.digest())

    def check(self, dataset: Any) -> None:
        """Make sure that the fold still fits a dataset, for instance right before training.

        Args:
            dataset: The dataset whose rows the fold numbers.

        Raises:
            SpeakerOverlapError: In this dataset, a speaker is on two sides.
            ProtocolError: The dataset has no speakers, too few rows, or other clips at the fold's rows (`on` finds
                them where they are now).
        """
        speakers = np.asarray(speaker_column(dataset, required=self.speaker_independent), dtype=object)
        last = max(max(rows) for rows in self._sides().values())
        if last >= len(speakers):
            raise ProtocolError(
                f"fold {self.name!r} has row {last}, but the dataset has {len(speakers)} rows; "
                "pass the dataset that the fold was made from"
            )
        now = ClipTable.of(dataset)
        self._refuse_changes(now, "clips", "corpora")
        if self.speaker_independent:
            refuse_overlap(self.name, {side: set(speakers[rows].tolist()) for side, rows in self._sides().items()})
        self._refuse_changes(now, "speakers")

    def _refuse_changes(self, now: ClipTable, *what: str) -> None:
        then = self.clips
        if then is None or not (then.named and now.named):
            return
        for values in what:
            before, after = getattr(then, values), getattr(now, values)
            for side, rows in self._sides().items():
                for row in rows:
                    if before[row] != after[row]:
                        raise ProtocolError(
                            f"row {row} on the {side} side of fold {self.name!r} has {after[row]!r} in place of "
                            f"{before[row]!r} among its {values}: the dataset was re-ordered or changed since "
                            "the fold was made; use fold.on(dataset), which finds the clips by their ids"
                        )
        if len(now) != len(then):
            raise ProtocolError(
                f"the dataset has {len(now)} rows, but had {len(then)} when fold {self.name!r} was made; make "
                "the folds anew, or use fold.on(dataset, allow_new_clips=True)"
            )

    def on(self, dataset: Any, *, allow_new_clips: bool = False) -> "Fold":
        """The same fold over the rows of a dataset that was re-ordered, moved or extended.

        Clips are found by `corpus` and `clip`; a fold made by hand keeps its row numbers and learns which clips they
        are.

        Args:
            dataset: The dataset.
            allow_new_clips: Accept clips that the fold does not know; they are on no side.

        Raises:
            SpeakerOverlapError: In this dataset, a speaker is on two sides.
            ProtocolError: Clips are missing, new, or of another speaker or emotion.
        """
        return moved([self], dataset, allow_new_clips=allow_new_clips)[0]

    def describe(self) -> str:
        """The fold as a table: clips, speakers and classes of each side, then who is where."""
        return describe_fold(self)

    def __str__(self) -> str:
        sides = [
            f"{len(self.train)} train",
            f"{len(self.validation)} validation ({_listed(self.validation_speakers)})",
            f"{len(self.test)} test ({_listed(self.test_speakers)})",
        ]
        sides += [f"{len(self.left_out)} left out"] if self.left_out else []
        mark = "" if self.speaker_independent else " [not speaker-independent]"
        return f"fold {self.name}{mark}: {', '.join(sides)}"


def moved(folds: Iterable[Fold], dataset: Any, *, allow_new_clips: bool = False) -> list[Fold]:
    """`Fold.on` for several folds, reading the dataset once."""
    now, found, places = ClipTable.of(dataset), [], {}
    for fold in folds:
        if fold.clips is None:
            fold.check(dataset)
            found.append(dataclasses.replace(fold, clips=now))
            continue
        if id(fold.clips) not in places:
            places[id(fold.clips)] = fold.clips.rows_in(now, allow_new_clips=allow_new_clips)
        rows = places[id(fold.clips)]
        sides = {side: rows[getattr(fold, side)].tolist() for side in (*SIDES, "left_out") if getattr(fold, side)}
        found.append(dataclasses.replace(fold, **sides, clips=now))
    return found


def refuse_overlap(fold: str, sides: Mapping[str, Iterable[str]]) -> None:
    """Raise if a speaker is on two sides.

    Raises:
        SpeakerOverlapError: Naming the fold, the sides and the speakers.
    """
    names = list(sides)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        shared = sorted(set(sides[names[first]]) & set(sides[names[second]]))
        if shared:
            raise SpeakerOverlapError(
                f"fold {fold!r} has {len(shared)} speaker(s) in both {names[first]} and {names[second]}: "
                f"{', '.join(shared[:5])}{', ...' if len(shared) > 5 else ''}; move all their clips to one side"
            )


def _listed(speakers: Sequence[str], count: int = 8) -> str:
    if not speakers:
        return "speakers unknown"
    more = f" and {len(speakers) - count} more" if len(speakers) > count else ""
    return ", ".join(speakers[:count]) + more
