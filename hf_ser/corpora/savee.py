"""SAVEE: four British men act 120 sentences each in seven emotions. Haq & Jackson 2010."""

import itertools
import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from .base import Corpus, CorpusInfo, Row, register_corpus
from .stems import plain_stem

__all__ = ["Savee"]

_EMOTIONS = {
    "n": "neutral",
    "h": "happy",
    "sa": "sad",
    "a": "angry",
    "f": "fearful",
    "d": "disgust",
    "su": "surprised",
}
_SPEAKERS = ("DC", "JE", "JK", "KL")
# two letters before one: sa and su are not a number after s; only neutral has more than fifteen sentences
_NAME = re.compile(r"(?:(?P<speaker>dc|je|jk|kl)[_-])?(?P<emotion>sa|su|[adfhn])(?P<sentence>[0-9]{2})")


def _sentences(code: str) -> range:
    return range(1, 31 if code == "n" else 16)


@register_corpus
class Savee(Corpus):
    """Surrey Audio-Visual Expressed Emotion database.

    The authors keep each speaker in a folder (`DC/a01.wav`); a widespread copy is flat and puts the speaker first
    (`DC_a01.wav`). A flat copy without speakers cannot be read: its names collide. `sentence` is the emotion's code
    and the number within it, since most sentences belong to one emotion.
    """

    info = CorpusInfo(
        name="savee",
        title="SAVEE",
        language="English (British)",
        licence="research use, on registration",
        citation=(
            "Haq S., Jackson P. J. B. (2010). Multimodal emotion recognition. In Wang W. (ed.), Machine Audition: "
            "Principles, Algorithms and Systems, IGI Global, 398-423."
        ),
        homepage="http://kahlan.eps.surrey.ac.uk/savee/",
        emotions=tuple(_EMOTIONS.values()),
        speakers=4,
        clips=480,
        verified="names",
        example="DC/a01.wav or DC_a01.wav",
        faults=(
            "all speakers are men",
            "names repeat across the speakers' folders, so copying them into one folder loses three of four",
        ),
    )
    columns: ClassVar[Mapping[str, str]] = {"sentence": "string"}

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read emotion and sentence from the name, the speaker from the name or else the nearest folder."""
        match = _NAME.fullmatch(plain_stem(path))
        if match is None or int(match["sentence"]) not in _sentences(match["emotion"]):
            return None
        folders = [folder.strip().upper() for folder in reversed(path.parent.parts)]
        speaker = (match["speaker"] or "").upper() or next((name for name in folders if name in _SPEAKERS), None)
        if speaker is None:
            return None
        sentence = match["emotion"] + match["sentence"]
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[match["emotion"]],
            speaker=speaker,
            label=match["emotion"],
            key=f"{speaker.lower()}_{sentence}",
            sex="male",
            more={"sentence": sentence},
        )

    def expected_keys(self) -> Collection[str]:
        """Fifteen sentences of each emotion and thirty neutral ones by each speaker."""
        return {
            f"{speaker.lower()}_{code}{number:02d}"
            for speaker, code in itertools.product(_SPEAKERS, _EMOTIONS)
            for number in _sentences(code)
        }
