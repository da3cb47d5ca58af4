"""TurEV-DB: six speakers of Turkish say 82 words in four emotions. Canpolat, Ormanoğlu & Zeyrek 2020."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from .base import Corpus, CorpusInfo, Row, register_corpus
from .stems import plain_stem

__all__ = ["TurevDb"]

# kızgın, sakin, mutlu, hüzünlü
_EMOTIONS = {"sk": "calm", "mt": "happy", "hl": "sad", "kz": "angry"}
_COUNTS = {"calm": 408, "happy": 357, "sad": 483, "angry": 487}
# words are written in the letters that Turkish shares with English; one ends in a digit: ogul1
_NAME = re.compile(r"(?P<speaker>1157|1234|1358|1984|6783|7895)_(?P<emotion>sk|mt|hl|kz)_(?P<word>[^\W\d_]+)[0-9]*")


@register_corpus
class TurevDb(Corpus):
    """Turkish Emotion-Voice Database; a name is `speaker_emotion_word`: `1157_kz_acik.wav`.

    Words lack the Turkish letters (`acik` is açık). Names do not tell the sex of the speakers.
    """

    info = CorpusInfo(
        name="turev_db",
        title="TurEV-DB",
        language="Turkish",
        licence="unclear: its description says CC BY-NC-ND 4.0, its licence file GPL-3.0",
        citation=(
            "Canpolat S. F., Ormanoğlu Z., Zeyrek D. (2020). Turkish Emotion Voice Database (TurEV-DB). SLTU-CCURL "
            "2020, 368-375. https://aclanthology.org/2020.sltu-1.52"
        ),
        homepage="https://github.com/Xeonen/TurEV-DB",
        emotions=tuple(_EMOTIONS.values()),
        speakers=6,
        clips=1735,
        verified="names",
        example="1157_kz_acik.wav",
        faults=(
            "speaker 1157 has angry and sad words only, 7895 only 29 happy ones; the other four have 328 clips each",
            "one file is called ogul1 instead of ogul",
            "pictures of spectrograms carry the names of the recordings",
        ),
    )
    columns: ClassVar[Mapping[str, str]] = {"word": "string"}

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the three fields of a name."""
        match = _NAME.fullmatch(plain_stem(path))
        if match is None:
            return None
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[match["emotion"]],
            speaker=match["speaker"],
            label=match["emotion"],
            key=match[0],
            more={"word": match["word"]},
        )

    def expected_counts(self) -> Mapping[str, int]:
        """1,735 clips; two speakers did not say all words in all emotions, so they are counted by emotion."""
        return _COUNTS
