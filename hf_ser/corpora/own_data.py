"""A user's table of recordings -> a dataset with the columns of every corpus."""

import logging
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import CorpusError
from .columns import match_columns
from .own_emotions import OwnEmotions
from .own_options import OwnOptions
from .own_rows import RowFaults, absolute_paths, clip_ids, find_copies
from .own_table import OwnTable
from .own_values import dimension, sexes, splits, texts

if TYPE_CHECKING:
    import datasets

__all__ = ["own_dataset"]

logger = logging.getLogger(__name__)

NO_SPEAKERS = (
    "without speakers no speaker-independent split can be made; give --speaker-column or accept --protocol random, "
    "which the card will say"
)
_DIMENSIONS = ("arousal", "valence", "dominance")


def own_dataset(
    table: OwnTable,
    options: OwnOptions,
    *,
    merge: Mapping[str, str] | None = None,
    drop: Collection[str] = (),
    new_labels: Collection[str] = (),
    skip: bool = False,
) -> "datasets.Dataset":
    """Turn a user's table into a dataset as `load_corpus` gives it.

    Args:
        table: The table.
        options: What the user said about it.
        merge: Emotion -> the emotion that takes it in.
        drop: Emotions to leave out.
        new_labels: Classes outside the vocabulary, as `check_new_labels` gives them.
        skip: Leave out rows with empty cells, missing files or contradictions instead of raising.

    Raises:
        CorpusError: A column is missing or ambiguous, there are no speakers, or rows are at fault.
        LabelError: Labels are unknown; `merge` or `drop` names an emotion that no row has.
    """
    reading = _Reading(table, options)
    faults = reading.faults
    reading.read_files()
    reading.read_speakers()
    reading.find_empty_emotions()
    faults.settle(skip)
    reading.read_emotions(new_labels)
    reading.find_copies()
    faults.settle(skip)
    reading.merge(merge, drop, new_labels)
    return reading.dataset()


class _Reading:
    """One table on its way; each step fills columns and notes rows that cannot be used."""

    def __init__(self, table: OwnTable, options: OwnOptions) -> None:
        self.table, self.options, self.where = table, options, table.where
        self.roles = match_columns(table.names, options.said_columns, table.where)
        there = ", ".join(map(repr, table.names)) or "none"
        if "audio" not in self.roles:
            raise CorpusError(
                f"{self.where} has no column that is known to hold the recordings; its columns: {there}. "
                "Say which one: audio_column=..."
            )
        if not self.roles.keys() & {"emotion", "emotions", *_DIMENSIONS}:
            raise CorpusError(
                f"{self.where} has no column that is known to hold the emotion; its columns: {there}. "
                "Say which one: emotion_column=..."
            )
        if "speaker" not in self.roles and options.speaker_pattern is None and not options.allow_unknown_speakers:
            raise CorpusError(
                f"{self.where} has no column that is known to hold the speaker; its columns: {there}. {NO_SPEAKERS} "
                "(in Python: speaker_column=..., speaker_pattern=... or allow_unknown_speakers=True)"
            )
        if len(table) == 0:
            raise CorpusError(f"{self.where} has columns but no rows; expected a row for each recording")
        self.root = table.root if options.audio_root is None else Path(options.audio_root).expanduser().absolute()
        self.faults = RowFaults(self.where, len(table))
        self.left_out: set[int] = set()
        self.columns: dict[str, list[Any]] = {}
        self.paths: list[str | None] | None = None
        self.emotions = OwnEmotions(table, self.roles)

    def _values(self, role: str) -> list[Any]:
        return self.table.values(self.roles[role])

    def _used(self) -> list[int]:
        return [row for row in range(len(self.table)) if row not in self.faults.rows and row not in self.left_out]

    def read_files(self) -> None:
        paths = self.table.paths(self.roles["audio"])
        if paths is None:
            self.columns["clip"] = self.table.ids(self.roles["audio"])
        else:
            self.paths = absolute_paths(paths, self.root)
            self.columns["clip"] = clip_ids(self.paths, self.root)
            empty = [row for row, path in enumerate(self.paths) if path is None]
            self.faults.add(empty, f"have no file in column {self.roles['audio']!r}")
            if self.options.check_files:
                gone = [row for row, path in enumerate(self.paths) if path is not None and not os.path.isfile(path)]
                self.faults.add(
                    gone,
                    f"name files that do not exist (relative paths start from {str(self.root)!r}, see audio_root)",
                    [paths[row] for row in gone[:3]],
                )
        if "clip" in self.roles:
            clips = texts(self._values("clip"))
            if None in clips or len(set(clips)) < len(clips):
                logger.warning(
                    "%s: column %r is not unique, so clips are named by file", self.where, self.roles["clip"]
                )
            else:
                self.columns["clip"] = clips

    def read_speakers(self) -> None:
        name = self.options.corpus_name or self.table.name
        corpora = texts(self._values("corpus")) if "corpus" in self.roles else [None] * len(self.table)
        self.columns["corpus"] = [corpus or name for corpus in corpora]
        pattern = self.options.speaker_regex
        speakers: list[str | None] = [None] * len(self.table)
        if pattern is not None:
            group = "speaker" if "speaker" in pattern.groupindex else 1
            found = [pattern.search(clip) for clip in self.columns["clip"]]
            speakers = [match[group] if match else None for match in found]
            how = f"have no speaker: speaker_pattern={pattern.pattern!r} does not fit their paths"
        elif "speaker" in self.roles:
            speakers = texts(self._values("speaker"))
            how = f"have no speaker in column {self.roles['speaker']!r}; {NO_SPEAKERS}"
        unknown = [row for row, speaker in enumerate(speakers) if not speaker]
        if unknown and self.options.allow_unknown_speakers:
            logger.warning(
                "%s: the speaker of %d of %d clips is unknown; only the protocol 'random' can split them",
                self.where, len(unknown), len(speakers),
            )  # fmt: skip
        else:
            self.faults.add(unknown, how, [self.columns["clip"][row] for row in unknown[:3]])
        self.columns["speaker"] = [
            None if not speaker else speaker if speaker.startswith(f"{corpus}/") else f"{corpus}/{speaker}"
            for speaker, corpus in zip(speakers, self.columns["corpus"], strict=True)
        ]

    def find_empty_emotions(self) -> None:
        self.faults.add(self.emotions.empty(), f"have no emotion in column {self.emotions.column!r}")
        if self.emotions.column is None:
            logger.info("%s has no emotion, only dimensions", self.where)

    def read_emotions(self, new_labels: Collection[str]) -> None:
        self.left_out.update(self.emotions.map(self._used(), self.options.labels, new_labels))
        if not self._used():
            raise CorpusError(f"{self.where}: labels leaves no row; leave out fewer labels")

    def find_copies(self) -> None:
        if self.paths is None:
            return
        said = list(zip(self.emotions.names, self.columns["speaker"], strict=True))
        copies, disputed = find_copies(self.paths, said, self._used())
        if copies:
            shown = self.columns["clip"][copies[0]]
            logger.warning("%s: %d rows repeat an earlier row (%r); left out", self.where, len(copies), shown)
        self.left_out.update(copies)
        self.faults.add(
            disputed,
            "contradict each other: the same file with different emotions or speakers",
            list(dict.fromkeys(self.columns["clip"][row] for row in disputed)),
        )

    def merge(self, merge: Mapping[str, str] | None, drop: Collection[str], new_labels: Collection[str]) -> None:
        self.left_out.update(self.emotions.merge(self._used(), merge, drop, new_labels))
        if not self._used():
            raise CorpusError(f"drop={sorted(drop)!r} leaves no row of {self.where}; drop fewer emotions")

    def dataset(self) -> "datasets.Dataset":
        import datasets

        columns = self.columns | {"emotion": self.emotions.names}
        columns["sex"] = sexes(self._values("sex"), self.where) if "sex" in self.roles else [None] * len(self.table)
        columns["label"] = (
            texts(self._values("label")) if "label" in self.roles else list(map(_shown, self.emotions.words))
        )
        ordered = {name: columns[name] for name in ("emotion", "speaker", "sex", "label", "clip", "corpus")}
        kinds: dict[str, Any] = dict.fromkeys(ordered, datasets.Value("string"))
        for role in _DIMENSIONS:
            if role in self.roles:
                ordered[role] = dimension(role, self._values(role), self.where, self.options.ranges.get(role))
                kinds[role] = datasets.Value("float32")
        for role in ("session", "split", "text"):
            if role in self.roles:
                ordered[role] = (splits if role == "split" else texts)(self._values(role))
                kinds[role] = datasets.Value("string")
        if self.emotions.lists is not None:
            ordered["emotions"] = self.emotions.lists
            kinds["emotions"] = datasets.List(datasets.Value("string"))
        renamed = {column for role, column in self.roles.items() if column != role}
        dataset = self.table.build(self.roles["audio"], self.paths, ordered, kinds, leave_out=renamed)
        rows = self._used()
        if len(rows) < len(self.table):
            dataset = dataset.select(rows)
        dataset.info.dataset_name = self.options.corpus_name or self.table.name
        dataset.info.description = f"{self.where}: {len(rows)} of {len(self.table)} rows"
        return dataset


def _shown(word: Any) -> str | None:
    return None if word is None else str(word)
