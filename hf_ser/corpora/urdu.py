"""URDU: 400 clips of Urdu television talk shows in four emotions. Latif et al. 2018."""

import re
from collections.abc import Collection
from pathlib import PurePosixPath

from .base import Corpus, CorpusInfo, Row, register_corpus
from .stems import plain_stem

__all__ = ["Urdu"]

_EMOTIONS = {"N": "neutral", "H": "happy", "S": "sad", "A": "angry"}
# clips of each speaker, in the order in which the numbers of an emotion run from 1 to 100
_CLIPS = {
    "N": {"SF9": 4, "SM20": 10, "SM21": 4, "SM22": 2, "SM3": 8, "SM5": 72},
    "H": {
        **{"SF1": 12, "SF2": 2, "SF3": 2, "SF4": 4, "SF5": 4, "SF6": 14, "SF7": 6, "SF8": 2},
        **{"SM17": 2, "SM18": 2, "SM19": 2, "SM3": 2, "SM5": 8, "SM6": 10, "SM7": 28},
    },
    "S": {"SF10": 2, "SF11": 4, "SM23": 6, "SM24": 38, "SM25": 40, "SM26": 2, "SM27": 4, "SM6": 4},
    "A": {"SM1": 22, "SM2": 28, "SM3": 2, "SM4": 48},
}
_NAME = re.compile(
    r"s(?P<sex>[fm])0*(?P<speaker>[1-9][0-9]*)_f0*(?P<file>[1-9][0-9]*)_(?P<emotion>[nhsa])0*(?P<number>[1-9][0-9]*)"
)


@register_corpus
class Urdu(Corpus):
    """URDU; a name is speaker, the speaker's running number in the emotion, and emotion with the emotion's number.

    `SM5_F72_N0100.wav` is the 72nd neutral clip of man 5 and the 100th neutral one. The authors put one nought before
    each number, so digits are compared as numbers. Numbers of speakers repeat across the sexes: `SM1` is not `SF1`.
    """

    info = CorpusInfo(
        name="urdu",
        title="URDU",
        language="Urdu",
        licence="research only",
        citation=(
            "Latif S., Qayyum A., Usman M., Qadir J. (2018). Cross lingual speech emotion recognition: Urdu vs. "
            "Western languages. FIT 2018, 88-93. https://arxiv.org/abs/1812.10411"
        ),
        homepage="https://github.com/siddiquelatif/URDU-Dataset",
        emotions=tuple(_EMOTIONS.values()),
        speakers=29,
        clips=400,
        verified="names",
        example="SM1_F10_A010.wav",
        faults=(
            "its description speaks of 38 speakers, the names hold 29 (18 men, 11 women)",
            "very uneven: one man has 80 clips, nine speakers have 2",
            "sex tells the emotion: of 56 clips of women 46 are happy and none is angry",
            "usually split at random, with the same voices on both sides; results by speaker are far lower",
        ),
    )

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read sex, speaker and emotion from the name; the folder says the same emotion."""
        match = _NAME.fullmatch(plain_stem(path))
        if match is None:
            return None
        code, speaker = match["emotion"].upper(), f"S{match['sex'].upper()}{match['speaker']}"
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[code],
            speaker=speaker,
            label=code,
            key=f"{speaker}_F{match['file']}_{code}{match['number']}".lower(),
            sex="female" if match["sex"] == "f" else "male",
        )

    def expected_keys(self) -> Collection[str]:
        """One hundred clips of each emotion, as the speakers share them."""
        keys = set()
        for code, clips in _CLIPS.items():
            number = 0
            for speaker, count in clips.items():
                for file in range(1, count + 1):
                    number += 1
                    keys.add(f"{speaker}_F{file}_{code}{number}".lower())
        return keys
