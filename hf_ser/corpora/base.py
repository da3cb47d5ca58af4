"""What every corpus shares: the class to derive from, the reading of a folder, and the registry.

A corpus is one file in this folder with one registered class. Most take all they know from file names and override
`Corpus.parse`; those whose labels lie in tables derive from `TableCorpus` and override `key` and `read_labels`.
"""

import dataclasses
import difflib
import importlib
import os
import pkgutil
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import ClassVar

from ..labels import EMOTIONS
from .files import AUDIO_SUFFIXES, audio_files
from .records import CorpusError, CorpusInfo, Reading, Row

__all__ = [
    "AUDIO_SUFFIXES",
    "Corpus",
    "CorpusError",
    "CorpusInfo",
    "Reading",
    "Row",
    "TableCorpus",
    "audio_files",
    "corpus_class",
    "list_corpora",
    "register_corpus",
]

_LOSSY = frozenset({".ogg", ".opus", ".mp3"})


class Corpus:
    """A corpus on disk. Subclasses set `info` and override `parse`; options become arguments of `__init__`.

    Attributes:
        info: The record that `list_corpora` shows.
        columns: Further columns of its rows, with their datasets types ("string", "int32", ...).
    """

    info: ClassVar[CorpusInfo]
    columns: ClassVar[Mapping[str, str]] = {}

    def prepare(self, folder: Path) -> None:
        """Read what lies beside the audio, before the first file name is parsed; most corpora need nothing.

        Raises:
            CorpusError: A table is missing or broken.
        """

    def sets_aside(self, path: PurePosixPath) -> str | None:
        """Why an audio file of the release is no clip, such as a whole dialogue; None for all others.

        Such files are counted by reason; they are neither clips nor misnamed.
        """
        return None

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read one audio file's name.

        Args:
            path: Path below the corpus folder.

        Returns:
            Its row, or None if the name does not fit the corpus.
        """
        raise NotImplementedError(f"{type(self).__name__} overrides neither parse nor read")

    def wants(self, row: Row) -> bool:
        """Whether the options ask for this row; rows that are not wanted are counted and set aside."""
        return True

    def reason(self, row: Row) -> str:
        """Why a row is not wanted, in a few words: rows are counted by it."""
        return "not asked for by the options"

    def expected_keys(self) -> Collection[str] | None:
        """Keys of the complete corpus under the options, or None if its names form no fixed list."""
        return None

    def expected_counts(self) -> Mapping[str, int] | None:
        """Clips per emotion in the complete corpus under the options, as published."""
        return None

    def read(self, folder: Path) -> Reading:
        """Read the corpus from its folder.

        Args:
            folder: The folder as the authors publish it, or one that holds it at any depth.

        Returns:
            Rows, and all that does not fit.

        Raises:
            CorpusError: There is no such folder, it is empty, or no file in it is audio.
        """
        clips = sorted(audio_files(folder), key=_preference)
        self.prepare(folder)
        unmatched: list[str] = []
        aside: Counter[str] = Counter()
        kept: dict[str, Row] = {}
        duplicates: dict[str, str] = {}
        for clip in clips:
            path = PurePosixPath(clip)
            if (why := self.sets_aside(path)) is not None:
                aside[why] += 1
                continue
            row = self.parse(path)
            if row is None:
                unmatched.append(clip)
            elif not self.wants(row):
                aside[self.reason(row)] += 1
            elif row.key in kept:
                duplicates[clip] = kept[row.key].clip
            else:
                kept[row.key] = row
        rows = sorted(kept.values(), key=lambda row: row.clip)
        missing, extra, miscounted = self._compare(rows)
        return Reading(
            rows, sorted(unmatched), duplicates, aside.total(), missing, extra, miscounted, dict(aside.most_common())
        )

    def _compare(self, rows: list[Row]) -> tuple[list[str], list[str], dict[str, tuple[int, int]]]:
        keys = self.expected_keys()
        if keys is None:
            return [], [], self._miscounted(rows)
        expected = set(keys)
        missing = sorted(expected - {row.key for row in rows})
        return missing, [row.clip for row in rows if row.key not in expected], {}

    def _miscounted(self, rows: Iterable[Row]) -> dict[str, tuple[int, int]]:
        found = Counter(row.emotion for row in rows)
        counts = self.expected_counts() or {}
        return {name: (found[name], count) for name, count in counts.items() if found[name] != count}


def _preference(clip: str) -> tuple[bool, int, str]:
    # the lossless copy nearest to the top is kept, so that a nested second copy or an MP3 edition changes nothing
    return os.path.splitext(clip)[1].lower() in _LOSSY, clip.count("/"), clip


class TableCorpus(Corpus):
    """A corpus whose labels lie in tables beside the audio. Subclasses override `key` and `read_labels`.

    The tables are the list of clips: what they name and the options want must be there as audio. Where the authors
    publish counts, `expected_counts` is held against the tables, so that a truncated table is noticed too.
    """

    def __init__(self) -> None:
        self._labels: dict[str, Row] = {}

    def key(self, path: PurePosixPath) -> str | None:
        """The key of an audio file by its path, or None if its name does not fit the corpus."""
        raise NotImplementedError(f"{type(self).__name__} does not override key")

    def read_labels(self, folder: Path) -> Iterable[Row]:
        """One row per labelled clip, with an empty `clip`: where the audio lies is found out later.

        Raises:
            CorpusError: A table is missing or broken.
        """
        raise NotImplementedError(f"{type(self).__name__} does not override read_labels")

    def prepare(self, folder: Path) -> None:
        """Read the tables; of two labels for one key the first counts."""
        self._labels = {}
        for row in self.read_labels(folder):
            self._labels.setdefault(row.key, row)

    def sets_aside(self, path: PurePosixPath) -> str | None:
        """Audio that fits the corpus but has no label."""
        key = self.key(path)
        return "no label in the tables" if key is not None and key not in self._labels else None

    def parse(self, path: PurePosixPath) -> Row | None:
        """The row of the table that an audio file belongs to."""
        key = self.key(path)
        return None if key not in self._labels else dataclasses.replace(self._labels[key], clip=str(path))

    def wanted_labels(self) -> list[Row]:
        """Rows of the tables that the options ask for, whether their audio is there or not."""
        return [row for row in self._labels.values() if self.wants(row)]

    def expected_keys(self) -> Collection[str]:
        """Keys of all labelled clips that the options ask for."""
        return [row.key for row in self.wanted_labels()]

    def _compare(self, rows: list[Row]) -> tuple[list[str], list[str], dict[str, tuple[int, int]]]:
        missing, extra, _ = super()._compare(rows)
        return missing, extra, self._miscounted(self.wanted_labels())


_CORPORA: dict[str, type[Corpus]] = {}


def register_corpus(corpus: type[Corpus]) -> type[Corpus]:
    """Class decorator that makes a corpus known to `load_corpus` and `list_corpora`.

    Raises:
        CorpusError: Its name is taken, or it names emotions outside the vocabulary.
    """
    info = corpus.info
    if info.name in _CORPORA and _CORPORA[info.name].__qualname__ != corpus.__qualname__:
        raise CorpusError(f"corpus name {info.name!r} is taken by {_CORPORA[info.name].__name__}; choose another")
    unknown = [name for name in info.emotions if name not in EMOTIONS]
    if unknown:
        raise CorpusError(f"corpus {info.name!r} names emotions outside the vocabulary: {', '.join(unknown)}")
    _CORPORA[info.name] = corpus
    return corpus


def _registry() -> dict[str, type[Corpus]]:
    # each corpus is a module of this package and registers itself when imported
    package = importlib.import_module(__package__ or "hf_ser.corpora")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return _CORPORA


def corpus_class(name: str) -> type[Corpus]:
    """The class of a registered corpus; case, hyphens and underscores in its name do not matter.

    Raises:
        CorpusError: There is none of this name; near and known names are given.
    """
    known = _registry()
    plain = {key.replace("-", "").replace("_", ""): key for key in known}
    wanted = str(name).lower().replace("-", "").replace("_", "")
    if wanted in plain:
        return known[plain[wanted]]
    near = difflib.get_close_matches(wanted, plain, n=2, cutoff=0.65)
    hint = f"did you mean {' or '.join(repr(plain[match]) for match in near)}? " if near else ""
    raise CorpusError(f"unknown corpus {name!r}; {hint}Known corpora: {', '.join(sorted(known))}")


def list_corpora() -> list[CorpusInfo]:
    """All corpora that `load_corpus` reads, by name, with licence, citation and how each parser was verified."""
    return [corpus.info for _, corpus in sorted(_registry().items())]
