"""EmoDB, the Berlin database: ten actors say ten German sentences in seven emotions. Burkhardt et al. 2005."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import ClassVar, Literal

from .base import Corpus, CorpusInfo, Row, register_corpus

__all__ = ["EmoDb"]

# initials of the German words: A is Angst (fear), F is Freude (happiness)
_EMOTIONS = {
    "N": "neutral",
    "F": "happy",
    "T": "sad",
    "W": "angry",
    "A": "fearful",
    "E": "disgust",
    "L": "bored",
}
_COUNTS = {"neutral": 79, "happy": 71, "sad": 62, "angry": 127, "fearful": 69, "disgust": 46, "bored": 81}
# sex and age; an early public table (release 1.1.0) has the sexes of 09, 10, 12 and 13 the wrong way round
_SPEAKERS: dict[str, tuple[Literal["female", "male"], int]] = {
    "03": ("male", 31),
    "08": ("female", 34),
    "09": ("female", 21),
    "10": ("male", 32),
    "11": ("male", 26),
    "12": ("male", 30),
    "13": ("female", 32),
    "14": ("female", 35),
    "15": ("male", 25),
    "16": ("female", 31),
}
_TEXTS = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
_NAME = re.compile(r"(?P<speaker>03|08|09|1[0-6])(?P<text>[ab]\d\d)(?P<emotion>[nftwael])(?P<version>[a-z])", re.I)


@register_corpus
class EmoDb(Corpus):
    """Berlin Database of Emotional Speech; a name is speaker, text, emotion and version: `03a01Fa.wav`."""

    info = CorpusInfo(
        name="emodb",
        title="EmoDB",
        language="German",
        licence="release 1: CC0; release 2: CC BY 4.0",
        citation=(
            "Burkhardt F., Paeschke A., Rolfes M., Sendlmeier W. F., Weiss B. (2005). A database of German emotional "
            "speech. Interspeech 2005, 1517-1520. https://doi.org/10.21437/Interspeech.2005-446"
        ),
        homepage="https://zenodo.org/records/17651657",
        emotions=tuple(_EMOTIONS.values()),
        speakers=10,
        clips=535,
        verified="recordings",
        example="03a01Fa.wav",
        faults=(
            "release 2 adds 281 clips that listeners recognised less often than 80 %",
            "the speaker table of release 1.1.0 has the sexes of 09, 10, 12 and 13 the wrong way round",
        ),
    )
    columns: ClassVar[Mapping[str, str]] = {"text_id": "string", "text": "string", "version": "string", "age": "int32"}

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the seven letters of a name."""
        match = _NAME.fullmatch(path.stem.strip())
        if match is None or match["text"].lower() not in _TEXTS:
            return None
        sex, age = _SPEAKERS[match["speaker"]]
        code, text = match["emotion"].upper(), match["text"].lower()
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[code],
            speaker=match["speaker"],
            label=code,
            key=match[0].lower(),
            sex=sex,
            more={"text_id": text, "text": _TEXTS[text], "version": match["version"].lower(), "age": age},
        )

    def expected_counts(self) -> Mapping[str, int]:
        """535 clips; which versions of a text were kept follows no rule, so they are counted by emotion."""
        return _COUNTS
