"""What is said of a corpus and of each of its recordings: plain records, and the error of this room."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["CorpusError", "CorpusInfo", "Reading", "Row"]


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
        dimensions: Rated dimension ("arousal", "valence", "dominance", ...) -> lowest and highest value of its scale.
        splits: Values of its `split` column, where the authors publish a split.
        labels_in: Where its labels lie: in file "names" or in "tables" beside the audio.
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
    dimensions: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    splits: tuple[str, ...] = ()
    labels_in: Literal["names", "tables"] = "names"


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
        set_aside_by: The same by reason; the counts add up to `set_aside`.
        missing: Keys of the complete corpus that are not there.
        extra: Clips in `rows` that the complete corpus does not have.
        miscounted: Emotion -> (found, published), where the corpus knows counts and they differ.
    """

    rows: list[Row]
    unmatched: list[str]
    duplicates: dict[str, str] = field(default_factory=dict)
    set_aside: int = 0
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    miscounted: dict[str, tuple[int, int]] = field(default_factory=dict)
    set_aside_by: dict[str, int] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether the folder holds the published corpus, no more and no less (further copies aside)."""
        return not (self.unmatched or self.missing or self.extra or self.miscounted)
