"""MELD: utterances of the series Friends with the emotions that viewers saw and heard. Poria et al. 2019."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from .base import AUDIO_SUFFIXES, CorpusError, CorpusInfo, Row, TableCorpus, register_corpus
from .files import walk_files
from .tables import find_table, read_table

__all__ = ["Meld"]

_EMOTIONS = {
    "neutral": "neutral",
    "joy": "happy",
    "surprise": "surprised",
    "anger": "angry",
    "sadness": "sad",
    "disgust": "disgust",
    "fear": "fearful",
}
_COLUMNS = (
    "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode",
)  # fmt: skip
_SPLITS = {"train": "train", "dev": "validation", "test": "test"}
_COUNTS = {
    "neutral": {"train": 4710, "dev": 470, "test": 1256},
    "happy": {"train": 1743, "dev": 163, "test": 402},
    "surprised": {"train": 1205, "dev": 150, "test": 281},
    "angry": {"train": 1109, "dev": 153, "test": 345},
    "sad": {"train": 683, "dev": 111, "test": 208},
    "disgust": {"train": 271, "dev": 22, "test": 68},
    "fearful": {"train": 268, "dev": 40, "test": 50},
}
_UNUSABLE = {"train/dia125_utt3": "corrupt in the release", "dev/dia110_utt7": "missing from the release"}
_NAME = re.compile(r"(?P<final>final_videos_test)?(?P<rest>dia\d+_utt\d+)", re.I)
# the authors' folders: train_splits, dev_splits_complete, output_repeated_splits_test
_FOLDER = re.compile(r"(?<![a-z])(train|dev|valid|validation|test)(?![a-z])", re.I)


@register_corpus
class Meld(TableCorpus):
    """Multimodal EmotionLines Dataset, the sound of it.

    Clips are videos named `dia<dialogue>_utt<utterance>.mp4`; extract their sound to files of the same stem, in the
    authors' folders or any whose names say train, dev or test, since the numbers start anew in each split. Labels come
    from `{train,dev,test}_sent_emo.csv`. The six leads speak in all three splits: it is not speaker-independent.

    Args:
        split: "all", or "train", "validation" or "test" alone (only its table need be there).
    """

    info = CorpusInfo(
        name="meld",
        title="MELD",
        language="English (North American)",
        licence="GPL-3.0 for the annotations; the recordings belong to the makers of the series",
        citation=(
            "Poria S., Hazarika D., Majumder N., Naik G., Cambria E., Mihalcea R. (2019). MELD: a multimodal "
            "multi-party dataset for emotion recognition in conversations. ACL 2019, 527-536. "
            "https://arxiv.org/abs/1810.02508"
        ),
        homepage="https://github.com/declare-lab/MELD",
        emotions=("neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised"),
        speakers=260,  # names in train; 47 in dev and 100 in test, partly the same
        clips=13708,
        verified="names",
        example="train_splits/dia0_utt0.wav",
        faults=(
            "train dia125_utt3 is corrupt and dev dia110_utt7 is missing: 13,706 clips are usable",
            "about 132 final_videos_test... files replace clips of the same number",
            "sound has 2 or 6 channels",
            "237 clips are shorter than 0.3 s; test dia38_utt4 (305 s), dia220_utt0 (235 s) and train dia309_utt0 "
            "(41 s) are cut wrongly",
            "almost no sound: dev dia99_utt3, dia108_utt5; train dia71_utt0, dia179_utt8, dia312_utt9, dia332_utt1, "
            "dia406_utt2, dia523_utt10",
            "speakers are free text with variants; the six leads are in every split",
        ),
        splits=("train", "validation", "test"),
        labels_in="tables",
    )
    columns: ClassVar[Mapping[str, str]] = {
        "split": "string",
        "text": "string",
        "sentiment": "string",
        "dialogue": "string",
        "utterance": "int32",
        "season": "string",
        "episode": "string",
    }

    def __init__(self, split: Literal["all", "train", "validation", "test"] = "all") -> None:
        super().__init__()
        if split not in ("all", *_SPLITS.values()):
            raise CorpusError(f"split={split!r}; expected 'all', 'train', 'validation' or 'test'")
        self._asked = [name for name, common in _SPLITS.items() if split in ("all", common)]
        self._replaced: set[str] = set()

    def key(self, path: PurePosixPath) -> str | None:
        """Split and name, such as "train/dia0_utt0"; the split is that of the nearest folder that names one."""
        match = _NAME.fullmatch(path.stem.strip())
        if match is None:
            return None
        if match["final"]:
            return f"test/{match['rest'].lower()}"
        for folder in reversed(path.parts[:-1]):
            if named := _FOLDER.findall(folder):
                split = named[-1].lower()
                return f"{'dev' if split.startswith('valid') else split}/{match['rest'].lower()}"
        return None

    def prepare(self, folder: Path) -> None:
        """Read the tables, and see which clips of the test part have a replacement."""
        super().prepare(folder)
        finals = (PurePosixPath(path) for path in walk_files(folder) if "final_videos_test" in path.lower())
        # only sound replaces sound: a video that was not extracted replaces nothing
        keys = (self.key(path) for path in finals if os.path.splitext(path)[1].lower() in AUDIO_SUFFIXES)
        self._replaced = {key for key in keys if key}

    def read_labels(self, folder: Path) -> Iterable[Row]:
        """One row per line of the tables."""
        for split in self._asked:
            path = find_table(folder, f"{split}_sent_emo.csv", corpus=self.info.title)
            for line in read_table(path, _COLUMNS):
                dialogue, utterance = line.whole("Dialogue_ID"), line.whole("Utterance_ID")
                yield Row(
                    clip="",
                    emotion=line.choice("Emotion", _EMOTIONS),
                    speaker=line["Speaker"] or "unknown",
                    label=line["Emotion"].lower(),
                    key=f"{split}/dia{dialogue}_utt{utterance}",
                    more={
                        "split": _SPLITS[split],
                        "text": line["Utterance"],
                        "sentiment": line["Sentiment"].lower(),
                        "dialogue": f"{split}/dia{dialogue}",
                        "utterance": utterance,
                        "season": line["Season"],
                        "episode": line["Episode"],
                    },
                )

    def sets_aside(self, path: PurePosixPath) -> str | None:
        """Clips that have a replacement or cannot be used, and splits that are not asked for."""
        key = self.key(path)
        if key is None:
            return None
        if key.split("/")[0] not in self._asked:
            return f"split {_SPLITS[key.split('/')[0]]}"
        if key in _UNUSABLE:
            return f"{key} ({_UNUSABLE[key]})"
        if key in self._replaced and not path.name.lower().startswith("final_videos_"):
            return "replaced by its final_videos_ file"
        return super().sets_aside(path)

    def expected_keys(self) -> list[str]:
        """All clips in the tables except the two that cannot be used."""
        return [row.key for row in self.wanted_labels() if row.key not in _UNUSABLE]

    def expected_counts(self) -> Mapping[str, int]:
        """Lines per emotion in the published tables."""
        return {emotion: sum(counts[split] for split in self._asked) for emotion, counts in _COUNTS.items()}
