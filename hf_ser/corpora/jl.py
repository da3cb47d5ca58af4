"""JL-Corpus: four New Zealand speakers in five primary and five secondary emotions. James, Tian & Watson 2018."""

import itertools
import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from .base import Corpus, CorpusError, CorpusInfo, Row, register_corpus
from .stems import plain_stem

__all__ = ["Jl"]

_PRIMARY = ("neutral", "happy", "sad", "angry", "excited")
_SECONDARY = ("anxious", "apologetic", "assertive", "concerned", "encouraging")
_SPEAKERS = ("female1", "female2", "male1", "male2")
_NAME = re.compile(
    rf"(?P<speaker>{'|'.join(_SPEAKERS)})_(?P<emotion>{'|'.join(_PRIMARY + _SECONDARY)})"
    r"_(?P<sentence>[1-9]|1[0-5])(?P<session>[ab])_(?P<repetition>[12])"
)


@register_corpus
class Jl(Corpus):
    """JL-Corpus; a name is speaker, emotion, sentence with recording session, and repetition.

    `male2_concerned_6b_1.wav`: the second man says sentence 6 in concern in session b for the first time. All speakers
    take part in both sessions, so `recording_session` is no ground for a speaker-independent split.

    Args:
        primary_only: Leave out the five secondary emotions (anxious, apologetic, assertive, concerned, encouraging):
            1,200 of 2,400 clips stay. `load_corpus(..., merge={"excited": "happy"})` goes with it in some papers.
    """

    info = CorpusInfo(
        name="jl",
        title="JL-Corpus",
        language="English (New Zealand)",
        licence="unclear: sources disagree; ask the authors before publishing anything derived",
        citation=(
            "James J., Tian L., Watson C. I. (2018). An open source emotional speech corpus for human robot "
            "interaction applications. Interspeech 2018, 2768-2772."
        ),
        homepage="https://github.com/tli725/JL-Corpus",
        emotions=_PRIMARY + _SECONDARY,
        speakers=4,
        clips=2400,
        verified="names",
        example="male2_concerned_6b_1.wav",
        faults=('the name of every woman contains "male", so a search for it finds all speakers',),
    )
    columns: ClassVar[Mapping[str, str]] = {
        "sentence": "string",
        "recording_session": "string",
        "repetition": "int32",
    }

    def __init__(self, primary_only: bool = False) -> None:
        if not isinstance(primary_only, bool):
            raise CorpusError(f"primary_only={primary_only!r}; expected True or False")
        self.primary_only = primary_only

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the four fields of a name."""
        match = _NAME.fullmatch(plain_stem(path))
        if match is None:
            return None
        return Row(
            clip=str(path),
            emotion=match["emotion"],
            speaker=match["speaker"],
            label=match["emotion"],
            key=match[0],
            # the pattern anchors the speaker: "female" contains "male"
            sex="female" if match["speaker"].startswith("female") else "male",
            more={
                "sentence": match["sentence"],
                "recording_session": match["session"],
                "repetition": int(match["repetition"]),
            },
        )

    def wants(self, row: Row) -> bool:
        """All emotions, or the primary ones."""
        return not self.primary_only or row.emotion in _PRIMARY

    def expected_keys(self) -> Collection[str]:
        """Every speaker says every sentence four times in every emotion: 2,400 names, 1,200 of primary emotions."""
        emotions = _PRIMARY if self.primary_only else _PRIMARY + _SECONDARY
        return {
            f"{speaker}_{emotion}_{sentence}{session}_{repetition}"
            for speaker, emotion, sentence, session, repetition in itertools.product(
                _SPEAKERS, emotions, range(1, 16), "ab", (1, 2)
            )
        }
