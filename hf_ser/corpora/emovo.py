"""EMOVO: six Italian actors say 14 sentences in seven emotions. Costantini et al. 2014."""

import itertools
import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from .base import Corpus, CorpusInfo, Row, register_corpus
from .stems import plain_stem

__all__ = ["Emovo"]

# neutralità, gioia, tristezza, rabbia, paura, disgusto, sorpresa
_EMOTIONS = {
    "neu": "neutral",
    "gio": "happy",
    "tri": "sad",
    "rab": "angry",
    "pau": "fearful",
    "dis": "disgust",
    "sor": "surprised",
}
_SPEAKERS = ("f1", "f2", "f3", "m1", "m2", "m3")
_SENTENCES = ("b1", "b2", "b3", "l1", "l2", "l3", "l4", "n1", "n2", "n3", "n4", "n5", "d1", "d2")
_KINDS = {"b": "short", "l": "long", "n": "nonsense", "d": "question"}
_NAME = re.compile(rf"(?P<emotion>{'|'.join(_EMOTIONS)})-(?P<speaker>[fm][123])-(?P<sentence>{'|'.join(_SENTENCES)})")


@register_corpus
class Emovo(Corpus):
    """Italian emotional speech; a name is `emotion-speaker-sentence`: `tri-m3-n5.wav`.

    Sentences b are short (breve), l long (lunga), n without meaning, d questions (domanda), as `kind` says.
    """

    info = CorpusInfo(
        name="emovo",
        title="EMOVO",
        language="Italian",
        licence="unclear: sources disagree; ask the authors before publishing anything derived",
        citation=(
            "Costantini G., Iaderola I., Paoloni A., Todisco M. (2014). EMOVO Corpus: an Italian emotional speech "
            "database. LREC 2014, 3501-3504. https://aclanthology.org/L14-1478"
        ),
        homepage="https://aclanthology.org/L14-1478",
        emotions=tuple(_EMOTIONS.values()),
        speakers=6,
        clips=588,
        verified="names",
        example="tri-m3-n5.wav",
        faults=("stereo, except rab-f1-b1, which is mono",),
    )
    columns: ClassVar[Mapping[str, str]] = {"sentence": "string", "kind": "string"}

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the three fields of a name; the sex is the speaker's first letter."""
        match = _NAME.fullmatch(plain_stem(path))
        if match is None:
            return None
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[match["emotion"]],
            speaker=match["speaker"],
            label=match["emotion"],
            key=match[0],
            sex="female" if match["speaker"][0] == "f" else "male",
            more={"sentence": match["sentence"], "kind": _KINDS[match["sentence"][0]]},
        )

    def expected_keys(self) -> Collection[str]:
        """Every speaker says every sentence in every emotion."""
        return {"-".join(fields) for fields in itertools.product(_EMOTIONS, _SPEAKERS, _SENTENCES)}
