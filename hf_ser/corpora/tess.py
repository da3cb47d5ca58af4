"""TESS: two Canadian women, 26 and 64 years old, say 200 words in seven emotions. Pichora-Fuller & Dupuis 2020."""

import itertools
import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from .base import Corpus, CorpusInfo, Row, register_corpus
from .stems import plain_stem

__all__ = ["Tess"]

# ps is pleasant surprise
_EMOTIONS = {
    "neutral": "neutral",
    "happy": "happy",
    "sad": "sad",
    "angry": "angry",
    "fear": "fearful",
    "disgust": "disgust",
    "ps": "surprised",
}
_AGES = {"OAF": 64, "YAF": 26}
# the word lists of the Northwestern University Auditory Test No. 6
_WORDS = """
    back bar base bath bean beg bite boat bone book bought burn cab calm came cause chain chair chalk chat
    check cheek chief choice cool dab date dead death deep dime dip ditch dodge dog doll door fail fall far
    fat fit five food gap gas gaze germ get gin goal good goose gun half hall hash hate have haze hire hit
    hole home hurl hush jail jar join judge jug juice keen keep keg kick kill king kite knock late laud lean
    learn lease lid life limb live loaf long lore lose lot love luck make match merge mess met mill mob mode
    mood moon mop mouse nag name near neat nice note numb pad page pain pass pearl peg perch phone pick pike
    pole pool puff rag raid rain raise rat reach read red ring ripe road room rose rot rough rush said sail
    search seize sell shack shall shawl sheep shirt should shout size soap soup sour south sub such sure take
    talk tape team tell thin third thought thumb time tip tire ton tool tough turn vine voice void vote wag
    walk wash week wheat when which whip white wife wire witch yearn yes young youth
"""
# one file of a widespread copy is called OA_bite_neutral
_NAME = re.compile(rf"(?P<speaker>[oy]a)f?_(?P<word>[a-z]+)_(?P<emotion>{'|'.join(_EMOTIONS)})")


@register_corpus
class Tess(Corpus):
    """Toronto emotional speech set; a name is `speaker_word_emotion`: `OAF_lid_fear.wav`.

    OAF is the older, YAF the younger woman; each word follows "Say the word". Emotions are read from the names, since
    the folders of the widespread copy are spelt in several ways (`OAF_Fear`, `YAF_pleasant_surprised`); its nested
    second copy is left out. With two voices there are only two speaker-independent folds.
    """

    info = CorpusInfo(
        name="tess",
        title="TESS",
        language="English (Canadian)",
        licence="CC BY-NC-ND 4.0",
        citation=(
            "Pichora-Fuller M. K., Dupuis K. (2020). Toronto emotional speech set (TESS). Borealis. "
            "https://doi.org/10.5683/SP2/E8H2MF"
        ),
        homepage="https://doi.org/10.5683/SP2/E8H2MF",
        emotions=tuple(_EMOTIONS.values()),
        speakers=2,
        clips=2800,
        verified="names",
        example="OAF_lid_fear.wav",
        faults=(
            "a widespread copy holds everything twice, the second time in a nested folder",
            "OAF_bite_neutral is called OA_bite_neutral in that copy",
            "OAF_food_fear is sampled at 96 kHz, all others at 24.4 kHz",
            "YAF_germ_angry and YAF_neat_fear are reported hard to read",
            "two speakers only, and random splits of their words score near 100 %",
        ),
    )
    columns: ClassVar[Mapping[str, str]] = {"word": "string", "text": "string", "age": "int32"}

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the three fields of a name."""
        match = _NAME.fullmatch(plain_stem(path))
        if match is None:
            return None
        speaker, word = f"{match['speaker'].upper()}F", match["word"]
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[match["emotion"]],
            speaker=speaker,
            label=match["emotion"],
            key=f"{speaker.lower()}_{word}_{match['emotion']}",
            sex="female",
            more={"word": word, "text": f"Say the word {word}", "age": _AGES[speaker]},
        )

    def expected_keys(self) -> Collection[str]:
        """Both women say every word in every emotion."""
        return {
            f"{speaker.lower()}_{word}_{code}"
            for speaker, word, code in itertools.product(_AGES, _WORDS.split(), _EMOTIONS)
        }
