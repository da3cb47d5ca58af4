"""What every corpus shares: the row, the record that describes a corpus, the registry, and the reading of a folder.

A corpus is one file in this folder with one registered class. Most take all they know from file names and override
`Corpus.parse`; those whose labels lie in tables override `Corpus.read`.
"""

import difflib
import importlib
import os
import pkgutil
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from ..labels import EMOTIONS

__all__ = ["Corpus", "CorpusError", "CorpusInfo", "Reading", "Row", "corpus_class", "list_corpora", "register_corpus"]

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff"})
_JUNK = frozenset({"thumbs.db", ".ds_store", "desktop.ini"})


class CorpusError(ValueError):
    """A corpus is unknown, or its folder does not hold what its authors publish."""


@dataclass(frozen=True, kw_only=True)
class CorpusInfo:
    """What `list_corpora` says about a corpus.

    Attributes:
        name: What `load_corpus` takes.
        title: Its authors' name for it.
        language: Spoken language(s).
        licence: Terms of the recordings, as far as known.
        citation: What to cite.
        homepage: Where it is published.
        emotions: Common names of its classes, in the order of the vocabulary.
        speakers: Number of speakers.
        clips: Number of recordings in the complete corpus.
        verified: How its parser was checked: on the "recordings", on real file "names", or by "documentation" alone.
        example: A file name that fits, for messages.
        faults: Known faults of the published files.
    """

    name: str
    title: str
    language: str
    licence: str
    citation: str
    homepage: str
    emotions: tuple[str, ...]
    speakers: int
    clips: int
    verified: Literal["recordings", "names", "documentation"]
    example: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One recording as its corpus describes it.

    Attributes:
        clip: Path below the corpus folder, with forward slashes.
        emotion: Common name of its emotion.
        speaker: The corpus's own name of the speaker.
        label: The corpus's own code of the emotion.
        sex: "female" or "male", None where the corpus does not say.
        more: Values of the corpus's further columns.
        key: Names the recording within the corpus, whatever folder or format its copy is in; the lower-case stem where
            that is unique.
    """

    clip: str
    emotion: str
    speaker: str
    label: str
    key: str
    sex: Literal["female", "male"] | None = None
    more: Mapping[str, str | int | float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What was found in a corpus folder.

    Attributes:
        rows: One row per recording, sorted by clip, each key once.
        unmatched: Audio files whose names do not fit the corpus.
        duplicates: Further copies of recordings in `rows` (left out), each with the clip that was kept.
        set_aside: How many recordings fit but were not asked for.
        missing: Keys of the complete corpus that are not there.
        extra: Clips in `rows` that the complete corpus does not have.
        miscounted: Emotion -> (found, published), where a corpus has no fixed list of names and the counts differ.
    """

    rows: list[Row]
    unmatched: list[str]
    duplicates: dict[str, str] = field(default_factory=dict)
    set_aside: int = 0
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    miscounted: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether the folder holds the published corpus, no more and no less (further copies aside)."""
        return not (self.unmatched or self.missing or self.extra or self.miscounted)


class Corpus:
    """A corpus on disk. Subclasses set `info` and override `parse`; options become arguments of `__init__`.

    Attributes:
        info: The record that `list_corpora` shows.
        columns: Further columns of its rows, with their datasets types ("string", "int32", ...).
    """

    info: ClassVar[CorpusInfo]
    columns: ClassVar[Mapping[str, str]] = {}

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

    def expected_keys(self) -> Collection[str] | None:
        """Keys of the complete corpus under the options, or None if its names form no fixed list."""
        return None

    def expected_counts(self) -> Mapping[str, int] | None:
        """Clips per emotion in the complete corpus, where `expected_keys` cannot tell."""
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
        unmatched: list[str] = []
        set_aside = 0
        kept: dict[str, Row] = {}
        duplicates: dict[str, str] = {}
        # the copy nearest to the top is kept, so that a nested second copy changes nothing
        for clip in sorted(audio_files(folder), key=lambda clip: (clip.count("/"), clip)):
            row = self.parse(PurePosixPath(clip))
            if row is None:
                unmatched.append(clip)
            elif not self.wants(row):
                set_aside += 1
            elif row.key in kept:
                duplicates[clip] = kept[row.key].clip
            else:
                kept[row.key] = row
        rows = sorted(kept.values(), key=lambda row: row.clip)
        missing, extra, miscounted = self._compare(rows)
        return Reading(rows, sorted(unmatched), duplicates, set_aside, missing, extra, miscounted)

    def _compare(self, rows: list[Row]) -> tuple[list[str], list[str], dict[str, tuple[int, int]]]:
        keys, counts = self.expected_keys(), self.expected_counts()
        if keys is not None:
            expected = set(keys)
            return (
                sorted(expected - {row.key for row in rows}),
                [row.clip for row in rows if row.key not in expected],
                {},
            )
        found = Counter(row.emotion for row in rows)
        return [], [], {name: (found[name], n) for name, n in (counts or {}).items() if found[name] != n}


def audio_files(folder: Path) -> list[str]:
    """Audio files at any depth below `folder`, as paths with forward slashes; links are followed, junk is skipped.

    Raises:
        CorpusError: There is no such folder, it is empty, or no file in it is audio.
    """
    if not folder.exists():
        raise CorpusError(f"folder {str(folder)!r} does not exist (looked in {str(Path.cwd())!r}); check the path")
    if not folder.is_dir():
        raise CorpusError(f"{str(folder)!r} is a file; pass the folder that the corpus was unpacked to")
    audio: list[str] = []
    others: Counter[str] = Counter()
    seen: set[tuple[int, int]] = set()
    for where, folders, names in os.walk(folder, followlinks=True):
        status = os.stat(where)
        if (status.st_dev, status.st_ino) in seen:  # a link back up, or a second link to one folder
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if name != "__MACOSX")
        prefix = Path(where).relative_to(folder).as_posix()
        for name in names:
            if name.startswith("._") or name.lower() in _JUNK:
                continue
            suffix = os.path.splitext(name)[1].lower()
            if suffix in AUDIO_SUFFIXES:
                audio.append(name if prefix == "." else f"{prefix}/{name}")
            else:
                others[suffix or name] += 1
    if not audio:
        if not others:
            raise CorpusError(f"folder {str(folder)!r} is empty; pass the folder that the corpus was unpacked to")
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(5))
        hint = "; unpack the archive first" if others.keys() & {".zip", ".gz", ".tgz", ".tar", ".7z", ".rar"} else ""
        raise CorpusError(
            f"folder {str(folder)!r} holds no audio (found {kinds}); "
            f"expected {', '.join(sorted(AUDIO_SUFFIXES))}{hint}"
        )
    for clip in audio:
        try:
            clip.encode("utf-8")
        except UnicodeEncodeError:
            raise CorpusError(
                f"file name {clip!r} below {str(folder)!r} is not UTF-8; rename it, for example with convmv"
            ) from None
    return audio


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
    near = difflib.get_close_matches(wanted, plain, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(plain[match]) for match in near)}? " if near else ""
    raise CorpusError(f"unknown corpus {name!r}; {hint}Known corpora: {', '.join(sorted(known))}")


def list_corpora() -> list[CorpusInfo]:
    """All corpora that `load_corpus` reads, by name, with licence, citation and how each parser was verified."""
    return [corpus.info for _, corpus in sorted(_registry().items())]
