"""MSP-Podcast: natural speech from podcasts, labelled by many raters, in growing releases. Lotfian & Busso 2019."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from .base import CorpusError, CorpusInfo, Row, TableCorpus, register_corpus
from .tables import Line, find_table, read_table, read_text

__all__ = ["MspPodcast"]

_EMOTIONS = {
    "N": "neutral",
    "H": "happy",
    "S": "sad",
    "A": "angry",
    "F": "fearful",
    "D": "disgust",
    "U": "surprised",
    "C": "contempt",
    "O": "other",
    "X": "other",  # no agreement: read only on request
}
_LABELS = {"4": frozenset("NHSA"), "8": frozenset("NHSAFDUC"), "all": frozenset("NHSAFDUCO")}
_SPLITS = {
    "train": "train",
    "validation": "validation",
    "development": "validation",
    "test1": "test",
    "test2": "test2",
    "test3": "test3",
}
_SEXES: dict[str, Literal["female", "male"] | None] = {"female": "female", "male": "male", "unknown": None, "": None}
_COLUMNS = ("FileName", "EmoClass", "EmoAct", "EmoVal", "EmoDom", "SpkrID", "Gender", "Split_Set")
# older releases misspell the name
_TABLES = ("labels_consensus.csv", "labels_concensus.csv", "labels_consensus.json", "labels_concensus.json")
_NAME = re.compile(r"MSP-PODCAST_(?P<podcast>\d+)_(?P<segment>\d+(?:_\d+)*)", re.I)


@register_corpus
class MspPodcast(TableCorpus):
    """MSP-Podcast corpus of the University of Texas at Dallas.

    Labels, ratings, speakers and the authors' split come from `Labels/labels_consensus.csv` (or its JSON twin). Since
    releases differ in size, the table itself is the list of clips. Clips without agreement (`X`), and those whose
    labels the authors withhold (Test3), are set aside and counted.

    Args:
        labels: "8" (the classes of the authors' challenges), "4" (neutral, happy, sad, angry) or "all" (with other).
        no_agreement: Read clips without agreement too, as emotion "other" (their `label` stays "X"), for work on
            valence, arousal and dominance alone.
        unknown_speakers: Speakers whom the authors could not name. "podcast" takes those of one podcast for one
            speaker, `unknown-<podcast>`; "drop" sets their clips aside.
        transcripts: Read `Transcripts/<clip>.txt` into the column `text` (one small file per clip).
    """

    info = CorpusInfo(
        name="msp_podcast",
        title="MSP-Podcast",
        language="English",
        licence="signed agreement with the University of Texas at Dallas",
        citation=(
            "Lotfian R., Busso C. (2019). Building naturalistic emotionally balanced speech corpus by retrieving "
            "emotional speech from existing podcast recordings. IEEE Transactions on Affective Computing 10(4), "
            "471-483. https://doi.org/10.1109/TAFFC.2017.2736999"
        ),
        homepage="https://ecs.utdallas.edu/research/researchlabs/msp-lab/MSP-Podcast.html",
        emotions=(
            "neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised", "contempt", "other",
        ),
        speakers=2100,  # named speakers of train, development and Test1 in release 1.11
        clips=151654,  # release 1.11
        verified="documentation",
        example="MSP-PODCAST_0001_0008.wav",
        faults=(
            "numbers are of release 1.11; releases differ, so the label table is the list of clips",
            "older releases spell the table labels_concensus",
            "many speakers are Unknown, so the split may share some of them",
            "speakers of one test set may be in another: never train on a test set",
            "the labels of Test3 are withheld",
            "release 1.8: MSP-PODCAST_1023_0235 is stereo at 44.1 kHz",
        ),
        dimensions={"arousal": (1, 7), "valence": (1, 7), "dominance": (1, 7)},
        splits=("train", "validation", "test", "test2", "test3"),
        labels_in="tables",
    )  # fmt: skip
    columns: ClassVar[Mapping[str, str]] = {
        "split": "string",
        "podcast": "string",
        "arousal": "float32",
        "valence": "float32",
        "dominance": "float32",
        "text": "string",
    }

    def __init__(
        self,
        labels: Literal["4", "8", "all"] = "8",
        no_agreement: bool = False,
        unknown_speakers: Literal["podcast", "drop"] = "podcast",
        transcripts: bool = False,
    ) -> None:
        super().__init__()
        if str(labels) not in _LABELS:
            raise CorpusError(f"labels={labels!r}; expected '4', '8' or 'all'")
        if unknown_speakers not in ("podcast", "drop"):
            raise CorpusError(f"unknown_speakers={unknown_speakers!r}; expected 'podcast' or 'drop'")
        self._wanted = _LABELS[str(labels)] | ({"X"} if no_agreement else set())
        self.unknown_speakers = unknown_speakers
        self.transcripts = transcripts

    def key(self, path: PurePosixPath) -> str | None:
        """The file's stem in lower case."""
        match = _NAME.fullmatch(path.stem.strip())
        return match[0].lower() if match else None

    def read_labels(self, folder: Path) -> Iterable[Row]:
        """One row per line of the consensus table."""
        path = find_table(folder, *_TABLES, corpus=self.info.title)
        texts = {}
        if self.transcripts:
            texts = {file.stem.lower(): file for file in folder.rglob("MSP-PODCAST_*.txt")}
        for line in _json_lines(path) if path.suffix.lower() == ".json" else read_table(path, _COLUMNS):
            match = _NAME.fullmatch(os.path.splitext(line["FileName"])[0])
            if match is None:
                raise line.error("FileName", f"a name such as {self.info.example}")
            text = texts.get(match[0].lower())
            yield self._row(line, match, read_text(text).strip() if text else None)

    def _row(self, line: Line, match: re.Match[str], text: str | None) -> Row:
        split = line.choice("Split_Set", _SPLITS)
        # a label may be withheld: such a clip has a row, but nothing to learn from
        code = line["EmoClass"].upper()
        if code not in _EMOTIONS and not (split == "test3" or code in ("", "NA", "NAN")):
            raise line.error("EmoClass", f"one of {', '.join(_EMOTIONS)}")
        withheld = code not in _EMOTIONS
        speaker = line["SpkrID"]
        if speaker.lower() in ("unknown", ""):
            speaker = f"unknown-{match['podcast']}"
        return Row(
            clip="",
            emotion="other" if withheld else _EMOTIONS[code],
            speaker=speaker,
            label="" if withheld else code,
            key=match[0].lower(),
            sex=None if withheld else line.choice("Gender", _SEXES),
            more={
                "split": split,
                "podcast": match["podcast"],
                "arousal": None if withheld else line.decimal("EmoAct"),
                "valence": None if withheld else line.decimal("EmoVal"),
                "dominance": None if withheld else line.decimal("EmoDom"),
                "text": text,
            },
        )

    def wants(self, row: Row) -> bool:
        """Labels, and speakers without a name."""
        return row.label in self._wanted and not self._is_dropped(row)

    def _is_dropped(self, row: Row) -> bool:
        return self.unknown_speakers == "drop" and row.speaker.startswith("unknown-")

    def reason(self, row: Row) -> str:
        """The label, or the unknown speaker."""
        if not row.label:
            return "labels withheld"
        if row.label not in self._wanted:
            return "no agreement (X)" if row.label == "X" else f"label {row.label}"
        return "unknown speaker"


def _json_lines(path: Path) -> list[Line]:
    """The JSON twin: file name -> its values."""
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as reason:
        raise CorpusError(f"{str(path)!r} is not JSON ({reason}); take it anew from the corpus's authors") from None
    lines = []
    for number, (name, values) in enumerate(content.items() if isinstance(content, dict) else [], start=1):
        cells = {"FileName": name} | {column: str(value).strip() for column, value in dict(values).items()}
        missing = [column for column in _COLUMNS if column not in cells]
        if missing:
            raise CorpusError(
                f"{path.name}, entry {name!r} has no {', '.join(map(repr, missing))} (found: {', '.join(cells)}); "
                f"take {str(path)!r} anew from the corpus's authors"
            )
        lines.append(Line(path, number, cells))
    if not lines:
        raise CorpusError(f"{str(path)!r} names no clip; expected an object keyed by file name")
    return lines
