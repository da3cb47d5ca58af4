"""Options of a user's own data. All are plain JSON types, so that they can come from a command line or a file."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .base import CorpusError
from .columns import ROLES

__all__ = ["OwnOptions"]


@dataclass(frozen=True, kw_only=True)
class OwnOptions:
    """What a user can say about a table or a folder of recordings.

    Attributes:
        audio_column: Column of the recordings: paths, or `datasets.Audio`. Found by its name unless said, as are the
            columns that follow.
        emotion_column: Column of the emotion: words, numbers or `datasets.ClassLabel`.
        emotions_column: Column of several emotions: lists, or words with `;` between them.
        speaker_column: Column of the speaker.
        sex_column: Column of the sex.
        label_column: Column kept as `label`, the corpus's own word; the emotion column's words unless said.
        clip_column: Column of an id that is unique to each row.
        corpus_column: Column of the corpus, where several are in one table.
        arousal_column: Column of arousal (activation), a number.
        valence_column: Column of valence.
        dominance_column: Column of dominance.
        session_column: Column of the recording session.
        split_column: Column of the published split.
        text_column: Column of what is said.
        labels: Own word -> emotion (None leaves its rows out), or the names of the numbers 0, 1, ...
        speaker_pattern: Regular expression that finds the speaker in a clip's path: its group `speaker`, or its first.
        allow_unknown_speakers: Load data without speakers, which only the protocol "random" can split.
        audio_root: Folder that relative paths start from; that of the table unless said.
        check_files: Whether each file is looked for.
        dimension_range: Lowest and highest arousal, valence and dominance, or one such pair for each by name.
        corpus_name: Name that goes before speakers and into `corpus`; the folder's name unless said.
    """

    audio_column: str | None = None
    emotion_column: str | None = None
    emotions_column: str | None = None
    speaker_column: str | None = None
    sex_column: str | None = None
    label_column: str | None = None
    clip_column: str | None = None
    corpus_column: str | None = None
    arousal_column: str | None = None
    valence_column: str | None = None
    dominance_column: str | None = None
    session_column: str | None = None
    split_column: str | None = None
    text_column: str | None = None
    labels: Mapping[str, str | None] | Sequence[str] | None = None
    speaker_pattern: str | None = None
    allow_unknown_speakers: bool = False
    audio_root: str | None = None
    check_files: bool = True
    dimension_range: Sequence[float] | Mapping[str, Sequence[float]] | None = None
    corpus_name: str | None = None

    def __post_init__(self) -> None:
        for switch in ("allow_unknown_speakers", "check_files"):
            if not isinstance(getattr(self, switch), bool):
                raise CorpusError(f"{switch}={getattr(self, switch)!r}; expected true or false")
        name = self.corpus_name
        if name is not None and (not isinstance(name, str) or not name.strip() or "/" in name):
            raise CorpusError(f"corpus_name={name!r}; expected a name without '/', such as 'calls'")
        _ = self.speaker_regex, self.ranges  # their errors now, not after a table was read

    @classmethod
    def take(cls, source: str, options: Mapping[str, Any], further: Sequence[str] = ()) -> "OwnOptions":
        """The options of a source, without its `further` ones.

        Raises:
            CorpusError: There is no such option, or its value does not suit it.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(options.keys() - set(known) - set(further))
        if unknown:
            raise CorpusError(
                f"corpus {source!r} has no option {', '.join(map(repr, unknown))}; "
                f"its options: {', '.join([*further, *known])}"
            )
        return cls(**{name: value for name, value in options.items() if name in known})

    @property
    def said_columns(self) -> dict[str, str | None]:
        """Role -> the column that the user named, or None."""
        return {role: getattr(self, f"{role}_column") for role in ROLES}

    @property
    def speaker_regex(self) -> re.Pattern[str] | None:
        """The compiled `speaker_pattern`.

        Raises:
            CorpusError: It is no regular expression, or has no group.
        """
        if self.speaker_pattern is None:
            return None
        try:
            pattern = re.compile(self.speaker_pattern)
        except (re.error, TypeError) as error:
            raise CorpusError(f"speaker_pattern={self.speaker_pattern!r} is no regular expression: {error}") from None
        if pattern.groups == 0:
            raise CorpusError(
                f"speaker_pattern={self.speaker_pattern!r} has no group; put the speaker in parentheses, such as "
                r"'Actor_(\d+)'"
            )
        return pattern

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Dimension -> its lowest and highest value, where the user said.

        Raises:
            CorpusError: `dimension_range` is neither a pair of numbers nor one for each dimension.
        """
        said = self.dimension_range
        if said is None:
            return {}
        names = ("arousal", "valence", "dominance")
        pairs = dict(said) if isinstance(said, Mapping) else dict.fromkeys(names, said)
        for name, pair in pairs.items():
            try:
                low, high = map(float, pair)
                fits = name in names and low < high
            except (TypeError, ValueError):
                fits = False
            if not fits:
                raise CorpusError(f"dimension_range={said!r}; expected such as [1, 7], or {{'valence': [1, 7]}}")
        return {name: (float(pair[0]), float(pair[1])) for name, pair in pairs.items()}
