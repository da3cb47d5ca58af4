"""ESD: ten English and ten Mandarin speakers say 350 sentences each in five emotions. Zhou et al. 2021."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from .base import Corpus, CorpusError, CorpusInfo, Row, register_corpus
from .files import find_files
from .tables import read_text

__all__ = ["Esd"]

# 350 numbers each, in this order
_EMOTIONS = {
    "Neutral": "neutral",
    "Angry": "angry",
    "Happy": "happy",
    "Sad": "sad",
    "Surprise": "surprised",
}
_MEN = frozenset({4, 5, 6, 8, 10, 11, 12, 13, 14, 20})
_SPLITS = {"train": "train", "evaluation": "validation", "test": "test"}
_NAME = re.compile(r"(?P<speaker>00(?:0[1-9]|1\d|20))_(?P<number>\d{6})")
_LINE = re.compile(r"(?P<clip>\d{4}_\d{6})\s+(?P<text>\S.*?)\s+\S+")  # the last word is the emotion


@register_corpus
class Esd(Corpus):
    """Emotional Speech Dataset.

    A name is `speaker_number`, and the number tells the emotion: 1-350 neutral, 351-700 angry, 701-1050 happy,
    1051-1400 sad, 1401-1750 surprised. Both editions are read: files directly in the emotion's folder, or in `train`,
    `evaluation` and `test` below it. That split has the same speakers and sentences on all sides.

    Args:
        language: "all", "english" (speakers 0011-0020) or "mandarin" (0001-0010).
    """

    info = CorpusInfo(
        name="esd",
        title="ESD",
        language="English and Mandarin",
        licence="signed licence, research only",
        citation=(
            "Zhou K., Sisman B., Liu R., Li H. (2021). Seen and unseen emotional style transfer for voice conversion "
            "with a new emotional speech dataset. ICASSP 2021, 920-924. "
            "https://doi.org/10.1109/ICASSP39728.2021.9413391"
        ),
        homepage="https://hltsingapore.github.io/ESD/",
        emotions=("neutral", "happy", "sad", "angry", "surprised"),
        speakers=20,
        clips=35000,
        verified="names",
        example="0019_000339.wav",
        faults=(
            "transcripts are in GB2312, UTF-16, UTF-8 or Latin-1, speaker by speaker; about 15 lines are malformed",
            "the authors' split has all speakers, and the same sentences in all emotions, on every side",
        ),
        splits=("train", "validation", "test"),
    )
    columns: ClassVar[Mapping[str, str]] = {
        "language": "string",
        "split": "string",
        "sentence": "int32",
        "text": "string",
    }

    def __init__(self, language: Literal["all", "english", "mandarin"] = "all") -> None:
        if language not in ("all", "english", "mandarin"):
            raise CorpusError(f"language={language!r}; expected 'all', 'english' or 'mandarin'")
        self.language = language
        self._texts: dict[str, str] = {}

    def prepare(self, folder: Path) -> None:
        """Read the speakers' transcripts where they are there; lines that do not fit are skipped."""
        for path in find_files(folder, *(f"{speaker:04d}.txt" for speaker in range(1, 21))):
            encodings = ("utf-8-sig", "gb18030") if path.stem <= "0010" else ("utf-8-sig",)
            for line in read_text(path, *encodings).splitlines():
                if match := _LINE.fullmatch(line.strip()):
                    self._texts.setdefault(match["clip"], match["text"])

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read speaker and number; the split is that of the folder, if it names one."""
        match = _NAME.fullmatch(path.stem.strip())
        if match is None or not 1 <= int(match["number"]) <= 1750:
            return None
        emotion, sentence = divmod(int(match["number"]) - 1, 350)
        label, speaker = list(_EMOTIONS)[emotion], int(match["speaker"])
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[label],
            speaker=match["speaker"],
            label=label,
            key=match[0],
            sex="male" if speaker in _MEN else "female",
            more={
                "language": _language(speaker),
                "split": _SPLITS.get(path.parent.name.lower()),
                "sentence": sentence + 1,
                "text": self._texts.get(match[0]),
            },
        )

    def wants(self, row: Row) -> bool:
        """The language."""
        return self.language in ("all", row.more["language"])

    def reason(self, row: Row) -> str:
        """The language."""
        return f"language {row.more['language']}"

    def expected_keys(self) -> Collection[str]:
        """1,750 names per speaker."""
        speakers = [speaker for speaker in range(1, 21) if self.language in ("all", _language(speaker))]
        return {f"{speaker:04d}_{number:06d}" for speaker in speakers for number in range(1, 1751)}


def _language(speaker: int) -> str:
    return "mandarin" if speaker <= 10 else "english"
