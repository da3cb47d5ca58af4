"""Which clips a dataset holds, apart from where they lie: what folds are matched by and what fingerprints hash."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .columns import ProtocolError, column, emotion_lists, number_of_rows, speaker_column

__all__ = ["ClipTable", "corpus_fingerprint"]

_DIGITS = 16  # hexadecimal, of SHA-256


@dataclass(frozen=True, eq=False)
class ClipTable:
    """Corpus, clip, speaker and emotion of each row of a dataset.

    Attributes:
        corpora: Corpus of each row, "" where the dataset does not say.
        clips: Stable id of each row; its number where the dataset has no column `clip`.
        speakers: Speaker of each row, "" where unknown.
        emotions: Emotion of each row, several joined by "+" (the column `emotion` first), "" where unknown.
        named: Whether the dataset has a column `clip`, so that a row can be found again at another place.
    """

    corpora: Sequence[str]
    clips: Sequence[str]
    speakers: Sequence[str]
    emotions: Sequence[str]
    named: bool

    @classmethod
    def of(cls, dataset: Any) -> "ClipTable":
        """The clips of a dataset, or of a mapping of columns."""
        count = number_of_rows(dataset)
        clips = column(dataset, "clip")
        return cls(
            corpora=_texts(column(dataset, "corpus"), count),
            clips=_texts(clips, count) if clips is not None else [str(row) for row in range(count)],
            speakers=speaker_column(dataset, required=False),
            emotions=["+".join(names) for names in emotion_lists(dataset)],
            named=clips is not None,
        )

    def __len__(self) -> int:
        return len(self.clips)

    @cached_property
    def records(self) -> list[bytes]:
        """One line per row: what a fingerprint hashes of it. The same on every file system."""
        rows = zip(self.corpora, self.clips, self.speakers, self.emotions, strict=True)
        return [
            json.dumps([unicodedata.normalize("NFC", value) for value in row], separators=(",", ":")).encode() + b"\n"
            for row in rows
        ]

    @cached_property
    def ranks(self) -> np.ndarray:
        """Place of each row when all are sorted by their records, shape (rows,): an order that no shuffle changes."""
        ranks = np.empty(len(self), dtype=np.int64)
        ranks[sorted(range(len(self)), key=self.records.__getitem__)] = np.arange(len(self))
        return ranks

    def digest(self, rows: Iterable[int]) -> bytes:
        """SHA-256 over the records of some rows, whatever their order."""
        chosen = np.fromiter(rows, dtype=np.int64)
        ordered = chosen[np.argsort(self.ranks[chosen], kind="stable")]
        return hashlib.sha256(b"".join(self.records[row] for row in ordered.tolist())).digest()

    def rows_in(self, other: "ClipTable", *, allow_new_clips: bool = False) -> np.ndarray:
        """Where each clip of this table stands in another one.

        Args:
            other: The clips of a dataset that was re-ordered, moved or extended.
            allow_new_clips: Accept clips that only the other one has.

        Returns:
            Row numbers in the other table, shape (rows of this table,).

        Raises:
            ProtocolError: Clips are missing, new, of another speaker or emotion, or their ids are not unique.
        """
        if not (self.named and other.named):
            if self.records != other.records:
                raise ProtocolError(
                    "the folds cannot be matched: without a column 'clip' the dataset must have the same rows in the "
                    "same order as when they were made; add a column 'clip' with a stable id for each row"
                )
            return np.arange(len(self))
        places, wanted = other._places(), self._places()
        missing = [clip for key, clip in zip(wanted, self.clips, strict=True) if key not in places]
        if missing:
            raise ProtocolError(
                f"{len(missing)} of {len(self)} clips of the folds are not in the dataset ({_some(missing)}); "
                "load the corpus that the folds were made from, with the same options"
            )
        new = [clip for key, clip in zip(places, other.clips, strict=True) if key not in wanted]
        if new and not allow_new_clips:
            raise ProtocolError(
                f"the dataset has {len(new)} clip(s) that the folds do not know ({_some(new)}); make the folds anew, "
                "or pass allow_new_clips=True to leave these clips out of every side"
            )
        rows = np.array([places[key] for key in wanted], dtype=np.int64)
        for what, mine, theirs in (
            ("speaker", self.speakers, other.speakers),
            ("emotion", self.emotions, other.emotions),
        ):
            changed = [row for row, place in enumerate(rows.tolist()) if mine[row] != theirs[place]]
            if changed:
                first = changed[0]
                raise ProtocolError(
                    f"{len(changed)} clip(s) have another {what} than when the folds were made (such as "
                    f"{self.clips[first]!r}: {mine[first]!r}, now {theirs[int(rows[first])]!r}); load the dataset as "
                    "then, or make the folds anew"
                )
        return rows

    def _places(self) -> dict[tuple[str, str], int]:
        keys = [
            (unicodedata.normalize("NFC", corpus), unicodedata.normalize("NFC", clip))
            for corpus, clip in zip(self.corpora, self.clips, strict=True)
        ]
        places = {key: row for row, key in enumerate(keys)}
        if len(places) < len(keys):
            twice = [clip for (_, clip), count in Counter(keys).items() if count > 1]
            raise ProtocolError(
                f"{len(twice)} clip id(s) stand on more than one row ({_some(twice)}), so rows cannot be matched; "
                "make the column 'clip' unique within each corpus"
            )
        return places


def corpus_fingerprint(dataset: Any) -> str:
    """Short hash of what a dataset holds: corpus, clip, speaker and emotion of every row.

    Equal for the same clips on any machine, in any folder and in any row order (without a column `clip`: in the same
    order); another as soon as a clip, a speaker or a label differs. Goes into every result.

    Args:
        dataset: A dataset or a mapping of columns.

    Returns:
        16 hexadecimal digits.

    Raises:
        ProtocolError: The dataset has no rows.
    """
    table = ClipTable.of(dataset)
    return short(table.digest(range(len(table))))


def short(digest: bytes) -> str:
    """A digest as fingerprints show it: 16 hexadecimal digits."""
    return digest.hex()[:_DIGITS]


def _texts(values: list[Any] | None, count: int) -> list[str]:
    if values is None:
        return [""] * count
    return ["" if value is None else str(value) for value in values]


def _some(names: Sequence[str], count: int = 3) -> str:
    return ", ".join(map(repr, names[:count])) + (", ..." if len(names) > count else "")
