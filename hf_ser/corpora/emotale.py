"""EmoTale: eighteen Danes say five sentences in five emotions, Danish and mostly English too. Hjuler et al. 2025."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from statistics import fmean
from typing import ClassVar, Literal

from .base import Corpus, CorpusError, CorpusInfo, Row, register_corpus
from .tables import find_table, read_table

__all__ = ["EmoTale"]

_EMOTIONS = {"N": "neutral", "H": "happy", "S": "sad", "A": "angry", "B": "bored"}
_LANGUAGES = {"DK": "danish", "EN": "english"}
_SPEAKERS = [f"{number:03d}" for number in range(1, 20) if number != 2]
_DANISH_ONLY = frozenset({"014", "015", "018", "019"})
_RATERS = ("a1", "a2", "a3")
_DIMENSIONS = {"A": "arousal", "V": "valence", "D": "dominance"}
_SEXES: dict[str, Literal["female", "male"]] = {"f": "female", "m": "male"}
_NAME = re.compile(r"(?P<language>DK|EN)_(?P<speaker>0[01]\d)_(?P<emotion>[ABHNS])_(?P<sentence>[1-5])")


@register_corpus
class EmoTale(Corpus):
    """EmoTale, enacted speech in Danish and English; a name is `language_speaker_emotion_sentence`: `DK_001_A_1.wav`.

    The same people speak both languages, so a speaker is the same in both. Ratings are the mean of three raters in
    `annotations.csv`; sex and age come from `speaker_info.csv`.

    Args:
        language: "all", "danish" (450 clips) or "english" (350).
    """

    info = CorpusInfo(
        name="emotale",
        title="EmoTale",
        language="Danish and English",
        licence="not stated by its authors",
        citation=(
            "Hjuler M. J., Skat-Rørdam H. V., Clemmensen L. H., Das S. (2025). EmoTale: an enacted speech-emotion "
            "dataset in Danish. IEEE ASRU 2025. https://arxiv.org/abs/2508.14548"
        ),
        homepage="https://github.com/snehadas/EmoTale",
        emotions=tuple(_EMOTIONS.values()),
        speakers=18,
        clips=800,
        verified="names",
        example="DK_001_A_1.wav",
        faults=(
            "there is no speaker 002; 014, 015, 018 and 019 speak Danish only",
            "the README says two raters, the table has three",
            "A is arousal in a column name and anger as a value",
            "three speakers are children (008, 009 and 014)",
        ),
        dimensions={"arousal": (1, 5), "valence": (1, 5), "dominance": (1, 5)},
    )
    columns: ClassVar[Mapping[str, str]] = {
        "language": "string",
        "sentence": "int32",
        "age": "int32",
        "arousal": "float32",
        "valence": "float32",
        "dominance": "float32",
        "votes": "string",
    }

    def __init__(self, language: Literal["all", "danish", "english"] = "all") -> None:
        if language not in ("all", *_LANGUAGES.values()):
            raise CorpusError(f"language={language!r}; expected 'all', 'danish' or 'english'")
        self.language = language
        self._speakers: dict[str, tuple[Literal["female", "male"], int]] = {}
        self._ratings: dict[str, dict[str, str | float | None]] = {}

    def prepare(self, folder: Path) -> None:
        """Read ratings and speakers."""
        speakers = find_table(folder, "speaker_info.csv", corpus=self.info.title)
        for line in read_table(speakers, ("speaker", "gender", "age")):
            self._speakers[f"{line.whole('speaker'):03d}"] = line.choice("gender", _SEXES), line.whole("age")
        annotations = find_table(folder, "annotations.csv", corpus=self.info.title)
        columns = [f"{rater}_{letter}" for rater in _RATERS for letter in (*_DIMENSIONS, "cat")]
        for line in read_table(annotations, ("file", *columns)):
            ratings: dict[str, str | float | None] = {}
            for letter, dimension in _DIMENSIONS.items():
                values = [line.decimal(f"{rater}_{letter}") for rater in _RATERS]
                rated = [value for value in values if value is not None]
                ratings[dimension] = fmean(rated) if rated else None
            ratings["votes"] = "|".join(line[f"{rater}_cat"] for rater in _RATERS)
            self._ratings[PurePosixPath(line["file"]).name.removesuffix(".wav").lower()] = ratings

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the four fields of a name; ratings, sex and age are looked up."""
        match = _NAME.fullmatch(path.stem.strip().upper())
        if match is None or match["speaker"] not in _SPEAKERS:
            return None
        sex, age = self._speakers.get(match["speaker"], (None, None))
        ratings = self._ratings.get(match[0].lower(), {})
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[match["emotion"]],
            speaker=match["speaker"],
            label=match["emotion"],
            key=match[0].lower(),
            sex=sex,
            more={
                "language": _LANGUAGES[match["language"]],
                "sentence": int(match["sentence"]),
                "age": age,
                **ratings,
            },
        )

    def wants(self, row: Row) -> bool:
        """The language."""
        return self.language in ("all", row.more["language"])

    def reason(self, row: Row) -> str:
        """The language."""
        return f"language {row.more['language']}"

    def expected_keys(self) -> Collection[str]:
        """450 names in Danish, 350 in English."""
        return {
            f"{code}_{speaker}_{emotion}_{sentence}".lower()
            for code, language in _LANGUAGES.items()
            for speaker in _SPEAKERS
            for emotion in _EMOTIONS
            for sentence in range(1, 6)
            if self.language in ("all", language) and not (code == "EN" and speaker in _DANISH_ONLY)
        }
