"""ASED: 65 speakers of Amharic say 27 sentences in five emotions. Retta et al. 2023."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from .base import Corpus, CorpusInfo, Row, register_corpus
from .stems import plain_stem

__all__ = ["Ased"]

_EMOTIONS = {"n": "neutral", "h": "happy", "s": "sad", "a": "angry", "f": "fearful"}
# the letter and the number of the folder say the same
_FOLDERS = {"n": "1", "f": "2", "h": "3", "s": "4", "a": "5"}
_COUNTS = {"neutral": 522, "happy": 486, "sad": 470, "angry": 486, "fearful": 510}
# one file of each of these women is coded as a man's
_WOMEN_ONCE_CODED_MALE = frozenset({"09", "15", "21", "23", "25"})
_NAME = re.compile(
    r"(?P<emotion>[nfhsa])(?P<folder>[1-5])-(?P<sentence>0[1-7])-(?P<repetition>0[12])-(?P<sex>0[12])"
    r"-(?P<speaker>0[1-9]|[1-5][0-9]|6[0-5])"
)


@register_corpus
class Ased(Corpus):
    """Amharic Speech Emotion Dataset, version 1.

    A name is `emotion and folder-sentence-repetition-sex-speaker`: `n1-01-01-01-03.wav`. Sentences 01 and 02 are said
    in every emotion; 03 to 07 are others in each, so they carry the emotion's letter here (`n03`). The sex is the
    speaker's, corrected where a single file disagrees with all others of the speaker (25 women, 40 men).
    """

    info = CorpusInfo(
        name="ased",
        title="ASED",
        language="Amharic",
        licence="not stated",
        citation=(
            "Retta E. A., Almekhlafi E., Sutcliffe R., Mhamed M., Ali H., Feng J. (2023). A new Amharic speech "
            "emotion dataset and classification benchmark. ACM Transactions on Asian and Low-Resource Language "
            "Information Processing 22(1). https://doi.org/10.1145/3529759"
        ),
        homepage="https://github.com/Ethio2021/ASED_V1",
        emotions=tuple(_EMOTIONS.values()),
        speakers=65,
        clips=2474,
        verified="names",
        example="n1-01-01-01-03.wav",
        faults=(
            "04Sad/S4-04-02-01-29 is written with a capital letter",
            "speakers 09, 15, 21, 23 and 25 are women, but one file of each is coded male",
            "four pairs are the same recording under repetition 01 and 02: n1-07-*-02-53, h3-01-*-02-08, "
            "s4-03-*-01-23, a5-07-*-02-63",
            "a speaker has between 4 and 70 clips",
        ),
    )
    columns: ClassVar[Mapping[str, str]] = {"sentence": "string", "repetition": "int32"}

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the fields of a name."""
        match = _NAME.fullmatch(plain_stem(path))
        if match is None or match["folder"] != _FOLDERS[match["emotion"]]:
            return None
        woman = match["sex"] == "01" or match["speaker"] in _WOMEN_ONCE_CODED_MALE
        shared = match["sentence"] in ("01", "02")
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[match["emotion"]],
            speaker=match["speaker"],
            label=match["emotion"],
            key=match[0],
            sex="female" if woman else "male",
            more={
                "sentence": match["sentence"] if shared else match["emotion"] + match["sentence"],
                "repetition": int(match["repetition"]),
            },
        )

    def expected_counts(self) -> Mapping[str, int]:
        """2,474 clips that listeners accepted; they are counted by emotion, since their names follow no rule."""
        return _COUNTS
