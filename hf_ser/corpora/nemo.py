"""nEMO: nine Polish actors say ninety sentences in six emotions. Christop 2024."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from .base import CorpusInfo, Row, TableCorpus, register_corpus
from .tables import find_table, read_table

__all__ = ["Nemo"]

_EMOTIONS = {
    "neutral": "neutral",
    "happiness": "happy",
    "sadness": "sad",
    "anger": "angry",
    "fear": "fearful",
    "surprised": "surprised",
}
_COUNTS = {"neutral": 809, "sad": 769, "angry": 749, "happy": 749, "fearful": 736, "surprised": 669}
_SEXES: dict[str, Literal["female", "male"]] = {"female": "female", "male": "male"}
_COLUMNS = ("file_id", "emotion", "raw_text", "speaker_id", "gender", "age")
_NAME = re.compile(rf"[a-z]{{2}}\d_(?:{'|'.join(_EMOTIONS)})_(?P<sentence>[1-9]\d?)")


@register_corpus
class Nemo(TableCorpus):
    """nEMO, the Polish dataset of emotional speech; a name is `speaker_emotion_sentence`: `EB0_anger_1.wav`.

    Labels, speakers and texts come from `data.tsv`.
    """

    info = CorpusInfo(
        name="nemo",
        title="nEMO",
        language="Polish",
        licence="CC BY-NC-SA 4.0",
        citation=(
            "Christop I. (2024). nEMO: dataset of emotional speech in Polish. LREC-COLING 2024, 12111-12116. "
            "https://arxiv.org/abs/2404.06292"
        ),
        homepage="https://github.com/amu-cai/nEMO",
        emotions=tuple(_EMOTIONS.values()),
        speakers=9,
        clips=4481,
        verified="names",
        example="EB0_anger_1.wav",
        faults=(
            "every speaker_id of data.tsv begins with eight blanks",
            "MK0 has no surprised clip; MP0 has 256 clips, unevenly spread (540 elsewhere)",
        ),
        labels_in="tables",
    )
    columns: ClassVar[Mapping[str, str]] = {"sentence": "int32", "text": "string", "age": "int32"}

    def key(self, path: PurePosixPath) -> str | None:
        """The stem in lower case."""
        stem = path.stem.strip().lower()
        return stem if _NAME.fullmatch(stem) else None

    def read_labels(self, folder: Path) -> Iterable[Row]:
        """One row per line of the table."""
        path = find_table(folder, "data.tsv", corpus=self.info.title)
        for line in read_table(path, _COLUMNS, delimiter="\t", quoted=False):
            key = self.key(PurePosixPath(line["file_id"]))
            if key is None:
                raise line.error("file_id", f"a name such as {self.info.example}")
            yield Row(
                clip="",
                emotion=line.choice("emotion", _EMOTIONS),
                speaker=line["speaker_id"],
                label=line["emotion"].lower(),
                key=key,
                sex=line.choice("gender", _SEXES),
                more={
                    "sentence": int(key.rsplit("_", 1)[1]),
                    "text": line["raw_text"],
                    "age": line.whole("age"),
                },
            )

    def expected_counts(self) -> Mapping[str, int]:
        """4,481 clips as published, by emotion."""
        return _COUNTS
