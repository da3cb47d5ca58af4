"""CREMA-D: 91 actors say twelve sentences in six emotions, with what listeners perceived. Cao et al. 2014."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from .base import Corpus, CorpusError, CorpusInfo, Reading, Row, register_corpus
from .files import find_files, git_lfs_pointers
from .tables import find_table, read_table

__all__ = ["CremaD"]

_EMOTIONS = {
    "NEU": "neutral",
    "HAP": "happy",
    "SAD": "sad",
    "ANG": "angry",
    "FEA": "fearful",
    "DIS": "disgust",
}
_VOTES = {"N": "neutral", "H": "happy", "S": "sad", "A": "angry", "F": "fearful", "D": "disgust"}
_TEXTS = {
    "IEO": "It's eleven o'clock.",
    "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.",
    "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.",
    "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.",
    "ITS": "I think I've seen this before.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
_LEVELS = {"LO": "low", "MD": "medium", "HI": "high"}
# what VideoDemographics.csv says, for copies that come without it
_WOMEN = frozenset({
    1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1018, 1020, 1021, 1024, 1025, 1028, 1029, 1030, 1037,
    1043, 1046, 1047, 1049, 1052, 1053, 1054, 1055, 1056, 1058, 1060, 1061, 1063, 1072, 1073, 1074, 1075, 1076, 1078,
    1079, 1082, 1084, 1089, 1091,
})  # fmt: skip
_SEXES: dict[str, Literal["female", "male"]] = {"female": "female", "male": "male"}
# sentences that were not recorded; the list of file names that the authors publish lacks them
_ABSENT = {f"{take}_{code}_XX" for take in ("1008_WSI", "1009_MTI", "1019_ITH") for code in _EMOTIONS} | {
    "1002_TIE_NEU_XX",
    "1076_ITS_NEU_XX",
}
# a widespread copy cuts one XX down to X
_NAME = re.compile(
    rf"(?P<actor>10\d\d)_(?P<sentence>{'|'.join(_TEXTS)})_(?P<emotion>{'|'.join(_EMOTIONS)})_(?P<level>LO|MD|HI|XX?)"
)


@register_corpus
class CremaD(Corpus):
    """Crowd-sourced Emotional Multimodal Actors Dataset.

    A name is `actor_sentence_EMOTION_level`: `1001_DFA_ANG_XX.wav`; the level is known for one sentence only. Sex and
    age come from `VideoDemographics.csv` where it lies beside the audio, else the sex from a list kept here.

    Args:
        labels: "intended" (what the actor played), or what most listeners perceived: in the "voice" alone or in
            "multimodal" clips, from `summaryTable.csv`; clips whose listeners tie are set aside and counted.
    """

    info = CorpusInfo(
        name="crema_d",
        title="CREMA-D",
        language="English (North American)",
        licence="Open Database License (ODbL), contents DbCL",
        citation=(
            "Cao H., Cooper D. G., Keutmann M. K., Gur R. C., Nenkova A., Verma R. (2014). CREMA-D: crowd-sourced "
            "emotional multimodal actors dataset. IEEE Transactions on Affective Computing 5(4), 377-390. "
            "https://doi.org/10.1109/TAFFC.2014.2336244"
        ),
        homepage="https://github.com/CheyneyComputerScience/CREMA-D",
        emotions=tuple(_EMOTIONS.values()),
        speakers=91,
        clips=7442,
        verified="names",
        example="1001_DFA_ANG_XX.wav",
        faults=(
            "1076_MTI_SAD_XX holds no signal; also reported: 1076_MTI_NEU_XX, 1064_TIE_SAD_XX, 1064_IEO_DIS_MD",
            "20 of 7,462 takes were not recorded: 1008 WSI, 1009 MTI, 1019 ITH, 1002 TIE NEU, 1076 ITS NEU",
            "a clone without git-lfs holds pointers of some 130 bytes instead of audio",
        ),
    )
    columns: ClassVar[Mapping[str, str]] = {
        "sentence": "string",
        "text": "string",
        "level": "string",
        "age": "int32",
        "intended": "string",
        "voice_vote": "string",
        "multimodal_vote": "string",
    }

    def __init__(self, labels: Literal["intended", "voice", "multimodal"] = "intended") -> None:
        if labels not in ("intended", "voice", "multimodal"):
            raise CorpusError(f"labels={labels!r}; expected 'intended', 'voice' or 'multimodal'")
        self.labels = labels
        self._actors: dict[str, tuple[Literal["female", "male"], int]] = {}
        self._votes: dict[str, dict[str, str]] = {}

    def prepare(self, folder: Path) -> None:
        """Read the actors and the listeners' votes where their tables are there; votes must be, if asked for."""
        for path in find_files(folder, "VideoDemographics.csv")[:1]:
            for line in read_table(path, ("ActorID", "Age", "Sex")):
                self._actors[line["ActorID"]] = line.choice("Sex", _SEXES), line.whole("Age")
        if self.labels != "intended" and not find_files(folder, "summaryTable.csv"):
            find_table(folder, "summaryTable.csv", corpus=f"{self.info.title} with labels={self.labels!r}")
        for path in find_files(folder, "summaryTable.csv")[:1]:
            for line in read_table(path, ("FileName", "VoiceVote", "MultiModalVote")):
                votes = {"voice": line["VoiceVote"].upper(), "multimodal": line["MultiModalVote"].upper()}
                self._votes[_full(line["FileName"].upper())] = votes

    def read(self, folder: Path) -> Reading:
        """Read the folder, and refuse git-lfs pointers.

        Raises:
            CorpusError: Also where clips are git-lfs pointers.
        """
        reading = super().read(folder)
        pointers = git_lfs_pointers(folder, [row.clip for row in reading.rows])
        if pointers:
            raise CorpusError(
                f"{len(pointers)} of {len(reading.rows)} clips in {str(folder)!r} are git-lfs pointers, not audio "
                f"({pointers[0]!r}); install git-lfs and run `git lfs pull` in the clone"
            )
        return reading

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read the four fields of a name; perceived labels come from the votes."""
        match = _NAME.fullmatch(path.stem.strip().upper())
        if match is None or match["actor"] > "1091" or match["actor"] == "1000":
            return None
        actor, name = match["actor"], _full(match[0])
        votes = self._votes.get(name, {})
        intended = _EMOTIONS[match["emotion"]]
        label = match["emotion"] if self.labels == "intended" else votes.get(self.labels, "")
        known: tuple[Literal["female", "male"], int | None] = ("female" if int(actor) in _WOMEN else "male", None)
        sex, age = self._actors.get(actor, known)
        return Row(
            clip=str(path),
            emotion=intended if self.labels == "intended" else _VOTES.get(label, "other"),
            speaker=actor,
            label=label,
            key=name.lower(),
            sex=sex,
            more={
                "sentence": match["sentence"],
                "text": _TEXTS[match["sentence"]],
                "level": _LEVELS.get(match["level"]),
                "age": age,
                "intended": intended,
                "voice_vote": votes.get("voice"),
                "multimodal_vote": votes.get("multimodal"),
            },
        )

    def wants(self, row: Row) -> bool:
        """All clips, or those with one perceived emotion."""
        return self.labels == "intended" or row.label in _VOTES

    def reason(self, row: Row) -> str:
        """A tie, or no votes."""
        return "listeners tie" if row.label else "no votes in summaryTable.csv"

    def expected_keys(self) -> Collection[str]:
        """7,442 names, or those of them with one perceived emotion."""
        names = {
            f"{actor}_{sentence}_{emotion}_{level}"
            for actor in range(1001, 1092)
            for sentence in _TEXTS
            for emotion in _EMOTIONS
            for level in (_LEVELS if sentence == "IEO" and emotion != "NEU" else ("XX",))
        } - _ABSENT
        if self.labels != "intended":
            names = {name for name in names if self._votes.get(name, {}).get(self.labels) in _VOTES}
        return {name.lower() for name in names}


def _full(name: str) -> str:
    return f"{name}X" if name.endswith("_X") else name
