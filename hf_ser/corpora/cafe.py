"""CaFE: twelve Canadian French actors say six sentences in seven emotions. Gournay, Lahaie & Lefebvre 2018."""

import itertools
import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from .base import Corpus, CorpusInfo, Row, register_corpus
from .stems import plain_stem

__all__ = ["Cafe"]

# neutre, joie, tristesse, colère, peur, dégoût, surprise
_EMOTIONS = {
    "N": "neutral",
    "J": "happy",
    "T": "sad",
    "C": "angry",
    "P": "fearful",
    "D": "disgust",
    "S": "surprised",
}
_SENTENCES = {
    "1": "Un cheval fou dans mon jardin",
    "2": "Deux ânes aigris au pelage brun",
    "3": "Trois cygnes aveugles au bord du lac",
    "4": "Quatre vieilles truies éléphantesques",
    "5": "Cinq pumas fiers et passionnés",
    "6": "Six ours aimants domestiqués",
}
_NAME = re.compile(r"(?P<speaker>0[1-9]|1[0-2])-(?P<emotion>[njtcpds])-(?P<intensity>[12])-(?P<sentence>[1-6])")


@register_corpus
class Cafe(Corpus):
    """Canadian French Emotional speech; a name is `speaker-emotion-intensity-sentence`: `12-P-2-5.wav`.

    Odd speakers are men. `intensity` is "mild" or "strong", none for neutral speech. Everything is read from the name,
    so it does not matter how the accents in the folders (`Colère`, `Dégoût`) came out of the archive, nor whether the
    copy is the 48 kHz edition in WAV or the 192 kHz edition in AIFF; where both lie side by side each clip is taken
    once.
    """

    info = CorpusInfo(
        name="cafe",
        title="CaFE",
        language="French (Canadian)",
        licence="CC BY-NC-SA 4.0",
        citation=(
            "Gournay P., Lahaie O., Lefebvre R. (2018). A Canadian French emotional speech dataset. ACM MMSys 2018, "
            "399-402. https://doi.org/10.1145/3204949.3208121"
        ),
        homepage="https://zenodo.org/records/1478765",
        emotions=tuple(_EMOTIONS.values()),
        speakers=12,
        clips=936,
        verified="names",
        example="12-P-2-5.wav",
        faults=(
            "accents in the names of folders are often garbled by unpacking",
            "neutral speech has one intensity and no folder of its own for it, so it has half as many clips",
        ),
    )
    columns: ClassVar[Mapping[str, str]] = {"intensity": "string", "sentence": "string", "text": "string"}

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the four fields of a name; neutral knows no strong intensity."""
        match = _NAME.fullmatch(plain_stem(path))
        if match is None or (match["emotion"], match["intensity"]) == ("n", "2"):
            return None
        code = match["emotion"].upper()
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[code],
            speaker=match["speaker"],
            label=code,
            key=match[0],
            sex="male" if int(match["speaker"]) % 2 else "female",
            more={
                "intensity": None if code == "N" else {"1": "mild", "2": "strong"}[match["intensity"]],
                "sentence": match["sentence"],
                "text": _SENTENCES[match["sentence"]],
            },
        )

    def expected_keys(self) -> Collection[str]:
        """Twelve speakers, six sentences, two intensities of each emotion but neutral."""
        return {
            f"{speaker:02d}-{code.lower()}-{intensity}-{sentence}"
            for speaker, code, intensity, sentence in itertools.product(range(1, 13), _EMOTIONS, "12", _SENTENCES)
            if (code, intensity) != ("N", "2")
        }
