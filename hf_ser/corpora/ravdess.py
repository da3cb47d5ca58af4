"""RAVDESS: 24 actors say (and 23 sing) two sentences in eight emotions. Livingstone & Russo 2018."""

import itertools
import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import ClassVar, Literal

from .base import Corpus, CorpusError, CorpusInfo, Row, register_corpus

__all__ = ["Ravdess"]

_EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
_SUNG = ("01", "02", "03", "04", "05", "06")
_NAME = re.compile(
    r"(?P<modality>0[13])-(?P<channel>0[12])-(?P<emotion>0[1-8])-(?P<intensity>0[12])-(?P<statement>0[12])"
    r"-(?P<repetition>0[12])-(?P<actor>0[1-9]|1[0-9]|2[0-4])"
)
_STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}


@register_corpus
class Ravdess(Corpus):
    """Ryerson Audio-Visual Database of Emotional Speech and Song.

    A name is `modality-channel-emotion-intensity-statement-repetition-actor`, two digits each; odd actors are men.
    Speech and song may lie side by side; speech alone is read by default, since published results are on speech.

    Args:
        channel: "speech" (1,440 clips), "song" (1,012; no actor 18, no disgust, no surprise) or "both".
    """

    info = CorpusInfo(
        name="ravdess",
        title="RAVDESS",
        language="English (North American)",
        licence="CC BY-NC-SA 4.0",
        citation=(
            "Livingstone S. R., Russo F. A. (2018). The Ryerson Audio-Visual Database of Emotional Speech and Song "
            "(RAVDESS). PLoS ONE 13(5): e0196391. https://doi.org/10.1371/journal.pone.0196391"
        ),
        homepage="https://zenodo.org/records/1188976",
        emotions=tuple(_EMOTIONS.values()),
        speakers=24,
        clips=1440,
        verified="recordings",
        example="03-01-06-01-02-01-12.wav",
        faults=(
            "five speech files are stereo, the rest mono",
            "03-01-03-01-02-01-07 and 03-01-03-01-02-02-07 are the same recording",
            "a widespread copy repeats every file in a nested folder",
        ),
    )
    columns: ClassVar[Mapping[str, str]] = {
        "modality": "string",
        "channel": "string",
        "intensity": "string",
        "statement": "string",
        "text": "string",
        "repetition": "int32",
    }

    def __init__(self, channel: Literal["speech", "song", "both"] = "speech") -> None:
        if channel not in ("speech", "song", "both"):
            raise CorpusError(f"channel={channel!r}; expected 'speech', 'song' or 'both'")
        self.channel = channel

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the seven fields of a name; neutral knows no strong intensity."""
        match = _NAME.fullmatch(path.stem.strip().lower())
        if match is None or (match["emotion"], match["intensity"]) == ("01", "02"):
            return None
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[match["emotion"]],
            speaker=match["actor"],
            label=match["emotion"],
            key=match[0],
            sex="male" if int(match["actor"]) % 2 else "female",
            more={
                "modality": {"01": "audio-video", "03": "audio"}[match["modality"]],
                "channel": {"01": "speech", "02": "song"}[match["channel"]],
                "intensity": {"01": "normal", "02": "strong"}[match["intensity"]],
                "statement": match["statement"],
                "text": _STATEMENTS[match["statement"]],
                "repetition": int(match["repetition"]),
            },
        )

    def wants(self, row: Row) -> bool:
        """Speech, song or both."""
        return self.channel in ("both", row.more["channel"])

    def reason(self, row: Row) -> str:
        """The channel."""
        return f"channel {row.more['channel']}"

    def expected_keys(self) -> Collection[str]:
        """1,440 names of speech, 1,012 of song."""
        keys = set()
        for channel, actor in itertools.product(("01", "02"), range(1, 25)):
            if channel == "02" and actor == 18:
                continue
            for emotion in _EMOTIONS if channel == "01" else _SUNG:
                for intensity in ("01",) if emotion == "01" else ("01", "02"):
                    for statement, repetition in itertools.product(("01", "02"), repeat=2):
                        keys.add(f"03-{channel}-{emotion}-{intensity}-{statement}-{repetition}-{actor:02d}")
        wanted = {"speech": ("01",), "song": ("02",), "both": ("01", "02")}[self.channel]
        return {key for key in keys if key[3:5] in wanted}
