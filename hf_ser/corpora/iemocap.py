"""IEMOCAP: ten actors in pairs, five sessions of improvised and scripted dialogue. Busso et al. 2008."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from .base import CorpusError, CorpusInfo, Row, TableCorpus, register_corpus
from .files import walk_files
from .iemocap_evaluation import Evaluation, read_evaluations, read_transcript

__all__ = ["Iemocap"]

_EMOTIONS = {
    "neu": "neutral",
    "hap": "happy",
    "sad": "sad",
    "ang": "angry",
    "fea": "fearful",
    "dis": "disgust",
    "sur": "surprised",
    "exc": "excited",
    "fru": "frustrated",
    "oth": "other",
    "xxx": "other",  # no majority: read only on request
}
_LABELS = {
    "4": frozenset({"neu", "hap", "sad", "ang"}),
    "4-merged": frozenset({"neu", "hap", "sad", "ang", "exc"}),
    "all": frozenset(_EMOTIONS) - {"xxx"},
}
_COUNTS = {
    "neu": 1708, "hap": 595, "sad": 1084, "ang": 1103, "fea": 40, "dis": 2, "sur": 107, "exc": 1041, "fru": 1849,
    "oth": 3, "xxx": 2507,
}  # fmt: skip
_IMPROVISED = {"neu": 1099, "hap": 284, "sad": 608, "ang": 289, "exc": 663}
_NAME = re.compile(
    r"(?P<dialogue>Ses0(?P<session>[1-5])[MF]_(?:impro\d\d[ab]?|script\d\d_\d[ab]?))"
    r"(?:_(?P<speaker>[MF])(?:\d{3}|XX\d))?",
    re.I,
)


@register_corpus
class Iemocap(TableCorpus):
    """Interactive Emotional Dyadic Motion Capture database.

    An utterance is `Ses<session><who wears the markers>_<dialogue>_<who speaks><turn>`; labels, votes and ratings come
    from `dialog/EmoEvaluation/<dialogue>.txt`, texts from `dialog/transcriptions`. Utterances without a majority label
    (`xxx`) are set aside and counted.

    Args:
        style: "all", "improvised" or "scripted" dialogues.
        labels: "4-merged" (neutral, happy, sad, angry with excitement counted as happy: 5,531 clips of the whole
            corpus), "4" (without excitement: 4,490) or "all" (ten labels).
        no_agreement: Read utterances without a majority too, as emotion "other" (their `label` stays "xxx"), for
            work on valence, arousal and dominance alone.
    """

    info = CorpusInfo(
        name="iemocap",
        title="IEMOCAP",
        language="English (North American)",
        licence="research licence on request",
        citation=(
            "Busso C., Bulut M., Lee C.-C., Kazemzadeh A., Mower E., Kim S., Chang J. N., Lee S., Narayanan S. S. "
            "(2008). IEMOCAP: interactive emotional dyadic motion capture database. Language Resources and Evaluation "
            "42, 335-359. https://doi.org/10.1007/s10579-008-9076-6"
        ),
        homepage="https://sail.usc.edu/iemocap/",
        emotions=(
            "neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised", "excited", "frustrated", "other",
        ),
        speakers=10,
        clips=10039,
        verified="documentation",
        example="Ses01F_impro04_F000.wav",
        faults=(
            "2,507 of 10,039 utterances have no majority label (xxx)",
            "about 36 lines of single raters lack dominance",
            "the first M or F of a name is who wears the markers; who speaks is the last one",
            "transcriptions hold turns numbered XX that nobody rated",
        ),
        dimensions={"valence": (1, 5), "arousal": (1, 5), "dominance": (1, 5)},
        labels_in="tables",
    )  # fmt: skip
    columns: ClassVar[Mapping[str, str]] = {
        "session": "string",
        "dialogue": "string",
        "style": "string",
        "start": "float32",
        "end": "float32",
        "text": "string",
        "valence": "float32",
        "arousal": "float32",
        "dominance": "float32",
        "votes": "string",
    }

    def __init__(
        self,
        style: Literal["all", "improvised", "scripted"] = "all",
        labels: Literal["4", "4-merged", "all"] = "4-merged",
        no_agreement: bool = False,
    ) -> None:
        super().__init__()
        if style not in ("all", "improvised", "scripted"):
            raise CorpusError(f"style={style!r}; expected 'all', 'improvised' or 'scripted'")
        if str(labels) not in _LABELS:
            raise CorpusError(f"labels={labels!r}; expected '4', '4-merged' or 'all'")
        self.style = style
        self.labels = str(labels)
        self._wanted = _LABELS[self.labels] | ({"xxx"} if no_agreement else set())

    def key(self, path: PurePosixPath) -> str | None:
        """The utterance's name in lower case."""
        match = _NAME.fullmatch(path.stem.strip())
        return match[0].lower() if match and match["speaker"] else None

    def sets_aside(self, path: PurePosixPath) -> str | None:
        """Whole dialogues (`dialog/wav`) and turns that nobody rated."""
        match = _NAME.fullmatch(path.stem.strip())
        return "whole dialogue" if match and not match["speaker"] else super().sets_aside(path)

    def read_labels(self, folder: Path) -> Iterable[Row]:
        """Labels and ratings of all dialogues, with the text where it is transcribed."""
        evaluations: list[Path] = []
        texts: dict[str, str] = {}
        for path in sorted(walk_files(folder), key=lambda path: (path.count("/"), path)):
            # only the dialogues' own files: subfolders hold the raters' single files
            *_, place, name = ("", "", *path.split("/"))
            if not name.lower().endswith(".txt") or not _NAME.fullmatch(name[:-4]):
                continue
            if place == "EmoEvaluation":
                evaluations.append(folder / path)
            elif place == "transcriptions":
                texts.update(read_transcript(folder / path))
        if not evaluations:
            raise CorpusError(
                f"no file dialog/EmoEvaluation/<dialogue>.txt lies in {str(folder)!r} or below, and it holds the "
                "labels; pass the folder IEMOCAP_full_release"
            )
        for file in evaluations:
            for evaluation in read_evaluations(file):
                yield self._row(file, evaluation, texts.get(evaluation.utterance))

    def _row(self, path: Path, found: Evaluation, text: str | None) -> Row:
        match = _NAME.fullmatch(found.utterance)
        if match is None or not match["speaker"]:
            raise CorpusError(
                f"{path.name}: utterance {found.utterance!r} is not named like {self.info.example[:-4]}; restore "
                f"{str(path)!r} from the release"
            )
        if found.label not in _EMOTIONS:
            raise CorpusError(
                f"{path.name}: label {found.label!r} of {found.utterance} is none of {', '.join(_EMOTIONS)}; restore "
                f"{str(path)!r} from the release"
            )
        merged = self.labels == "4-merged" and found.label == "exc"
        speaker = match["speaker"].upper()
        return Row(
            clip="",
            emotion="happy" if merged else _EMOTIONS[found.label],
            speaker=f"Ses0{match['session']}{speaker}",
            label=found.label,
            key=match[0].lower(),
            sex="female" if speaker == "F" else "male",
            more={
                "session": match["session"],
                "dialogue": match["dialogue"],
                "style": "improvised" if "impro" in match["dialogue"].lower() else "scripted",
                "start": found.start,
                "end": found.end,
                "text": text,
                **{dimension: found.ratings.get(dimension) for dimension in self.info.dimensions},
                "votes": "|".join(found.votes) or None,
            },
        )

    def wants(self, row: Row) -> bool:
        """Labels and style."""
        return row.label in self._wanted and self.style in ("all", row.more["style"])

    def reason(self, row: Row) -> str:
        """The style, or the label."""
        if self.style not in ("all", row.more["style"]):
            return f"{row.more['style']} dialogue"
        return "no majority label (xxx)" if row.label == "xxx" else f"label {row.label}"

    def expected_counts(self) -> Mapping[str, int]:
        """Clips per emotion as published: by style only for five labels, 5,531 of them in all."""
        published = _COUNTS
        if self.style == "improvised":
            published = _IMPROVISED
        elif self.style == "scripted":
            published = {label: _COUNTS[label] - count for label, count in _IMPROVISED.items()}
        counts: Counter[str] = Counter()
        for label in self._wanted & published.keys():
            merged = self.labels == "4-merged" and label == "exc"
            counts["happy" if merged else _EMOTIONS[label]] += published[label]
        if self.style != "all":
            counts.pop("other", None)
        return dict(counts)
