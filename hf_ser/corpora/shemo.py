"""ShEMO: 3,000 Persian utterances of 87 speakers from radio plays. Mohamad Nezami, Jamshid Lou & Karami 2019."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal

from .base import Corpus, CorpusError, CorpusInfo, Row, register_corpus
from .stems import plain_stem

__all__ = ["Shemo"]

# W is surprise ("wonder"), S is sadness
_EMOTIONS = {"N": "neutral", "H": "happy", "S": "sad", "A": "angry", "F": "fearful", "W": "surprised"}
_COUNTS = {
    "full": {"neutral": 1028, "happy": 201, "sad": 449, "angry": 1059, "fearful": 38, "surprised": 225},
    "emobox": {"neutral": 1018, "happy": 198, "sad": 360, "angry": 1034, "fearful": 29, "surprised": 199},
}
_NAME = re.compile(r"(?P<speaker>(?P<sex>[fm])[0-9]{2})(?P<emotion>[nhsafw])(?P<number>[0-9]{2,3})")


@register_corpus
class Shemo(Corpus):
    """Sharif Emotional Speech Database; a name is sex, speaker, emotion and number: `M36S02.wav`.

    Numbers of a speaker repeat across the sexes, so a speaker is `F21` or `M21`. Fear has 38 clips; most published
    results leave it out (`drop=["fearful"]`, 2,962 clips of five classes).

    Args:
        edition: What the folder is compared with: "full" (3,000 clips) or "emobox", the 2,838 that EmoBox lists. Every
            clip in the folder is read either way.
    """

    info = CorpusInfo(
        name="shemo",
        title="ShEMO",
        language="Persian",
        licence="unclear: published for research without a licence text",
        citation=(
            "Mohamad Nezami O., Jamshid Lou P., Karami M. (2019). ShEMO: a large-scale validated database for Persian "
            "speech emotion detection. Language Resources and Evaluation 53, 1-16. "
            "https://doi.org/10.1007/s10579-018-9427-x"
        ),
        homepage="https://github.com/mansourehk/ShEMO",
        emotions=tuple(_EMOTIONS.values()),
        speakers=87,
        clips=3000,
        verified="names",
        example="M36S02.wav",
        faults=(
            "two sampling rates: 44.1 kHz, and 22.05 kHz mostly for M27, M18, M46 and M48",
            "a speaker has between 2 and 171 clips, so folds by speaker differ in size",
            "EmoBox lists 2,838 of the 3,000 clips and shares 83 speakers between training and test",
            "some transcripts are missing",
        ),
    )

    def __init__(self, edition: Literal["full", "emobox"] = "full") -> None:
        if edition not in _COUNTS:
            raise CorpusError(f"edition={edition!r}; expected 'full' (3,000 clips) or 'emobox' (2,838)")
        self.edition = edition

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the four fields of a name."""
        match = _NAME.fullmatch(plain_stem(path))
        if match is None:
            return None
        code = match["emotion"].upper()
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[code],
            speaker=match["speaker"].upper(),
            label=code,
            key=match[0],
            sex="female" if match["sex"] == "f" else "male",
        )

    def expected_counts(self) -> Mapping[str, int]:
        """3,000 or 2,838 clips; numbers have gaps, so they are counted by emotion."""
        return _COUNTS[self.edition]
