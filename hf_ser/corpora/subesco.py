"""SUBESCO: twenty Bangla actors say ten sentences five times in seven emotions. Sultana et al. 2021."""

import itertools
import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from .base import Corpus, CorpusInfo, Row, register_corpus
from .stems import plain_stem

__all__ = ["Subesco"]

_EMOTIONS = {
    "NEUTRAL": "neutral",
    "HAPPY": "happy",
    "SAD": "sad",
    "ANGRY": "angry",
    "FEAR": "fearful",
    "DISGUST": "disgust",
    "SURPRISE": "surprised",
}
# one published name ends in a stray bracket
_NAME = re.compile(
    r"(?P<sex>[fm])_(?P<number>0?[1-9]|10)_(?P<name>[^\W\d_]+)_s_(?P<sentence>0?[1-9]|10)"
    rf"_(?P<emotion>{'|'.join(_EMOTIONS).lower()})_(?P<take>[1-5])\]?"
)


@register_corpus
class Subesco(Corpus):
    """SUST Bangla Emotional Speech Corpus; a name is sex, number, first name, sentence, emotion and take.

    `F_10_FAHMEE_S_6_FEAR_5.wav`: the tenth woman says sentence 6 in fear for the fifth time. Numbers repeat across the
    sexes, so a speaker is `F10` or `M10`.
    """

    info = CorpusInfo(
        name="subesco",
        title="SUBESCO",
        language="Bangla",
        licence="CC BY 4.0",
        citation=(
            "Sultana S., Rahman M. S., Selim M. R., Iqbal M. Z. (2021). SUST Bangla Emotional Speech Corpus "
            "(SUBESCO): An audio-only emotional speech corpus for Bangla. PLoS ONE 16(4): e0250173. "
            "https://doi.org/10.1371/journal.pone.0250173"
        ),
        homepage="https://zenodo.org/records/4526477",
        emotions=tuple(_EMOTIONS.values()),
        speakers=20,
        clips=7000,
        verified="names",
        example="F_10_FAHMEE_S_6_FEAR_5.wav",
        faults=(
            "F_02_MONIKA_S_2_SURPRISE_3].wav has a stray bracket; strict patterns find 6,999 clips",
            "numbers of speakers repeat across the sexes",
            "two sampling rates, partly within one speaker: 4,555 clips at 44.1 kHz, 2,445 at 48 kHz",
        ),
    )
    columns: ClassVar[Mapping[str, str]] = {"sentence": "string", "repetition": "int32"}

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the fields of a name; the take is the repetition."""
        match = _NAME.fullmatch(plain_stem(path))
        if match is None:
            return None
        speaker, sentence = f"{match['sex'].upper()}{int(match['number']):02d}", int(match["sentence"])
        code = match["emotion"].upper()
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[code],
            speaker=speaker,
            label=code,
            key=f"{speaker}_{sentence}_{code}_{match['take']}".lower(),
            sex="female" if match["sex"] == "f" else "male",
            more={"sentence": str(sentence), "repetition": int(match["take"])},
        )

    def expected_keys(self) -> Collection[str]:
        """Every speaker says every sentence five times in every emotion."""
        return {
            f"{sex}{number:02d}_{sentence}_{code.lower()}_{take}"
            for sex, number, sentence, code, take in itertools.product(
                "fm", range(1, 11), range(1, 11), _EMOTIONS, range(1, 6)
            )
        }
