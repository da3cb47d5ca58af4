"""MSP-IMPROV: twelve actors in pairs improvise scenes around target sentences. Busso et al. 2017."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from .base import CorpusError, CorpusInfo, Row, TableCorpus, register_corpus
from .tables import find_table, read_text

__all__ = ["MspImprov"]

_EMOTIONS = {
    "N": "neutral",
    "H": "happy",
    "S": "sad",
    "A": "angry",
    "O": "other",
    "X": "other",  # no agreement: read only on request
}
_LABELS = {"4": frozenset("NHSA"), "all": frozenset("NHSAO")}
_CONDITIONS = {"S": "target-improvised", "R": "target-read", "T": "other-improvised", "P": "natural"}
_COUNTS = {
    "target-improvised": {"A": 115, "S": 106, "H": 136, "N": 283, "O": 1, "X": 11},
    "target-read": {"A": 169, "S": 80, "H": 88, "N": 241, "O": 3, "X": 39},
    "other-improvised": {"A": 470, "S": 633, "H": 1048, "N": 1789, "O": 70, "X": 371},
    "natural": {"A": 38, "S": 66, "H": 1372, "N": 1164, "O": 11, "X": 134},
}
_DIMENSIONS = {"A": "arousal", "V": "valence", "D": "dominance", "N": "naturalness"}
_NAME = re.compile(
    r"(?:MSP|UTD)-IMPROV-(?P<rest>S(?P<text>\d\d)(?P<target>[AHSN])-(?P<speaker>[FM]0[1-6])-(?P<condition>[PRST])"
    r"-[FM]{2}\d+)",
    re.I,
)
_SUMMARY = re.compile(r"\s*(?P<file>(?:MSP|UTD)-IMPROV-[^;]*);(?P<values>.*)", re.I)


@register_corpus
class MspImprov(TableCorpus):
    """MSP-IMPROV corpus of the University of Texas at Dallas.

    A name is `MSP-IMPROV-S<sentence><target emotion>-<speaker>-<condition>-<turn>`; one woman and one man make a
    session. Labels and mean ratings are the summary lines of `Evalution.txt` (the authors' spelling), which name the
    videos: `UTD-IMPROV-....avi; N; A:3.0; V:3.5; D:3.0 ; N:4.0;`. Clips without agreement (`X`) are set aside and
    counted.

    Args:
        condition: "all", or one of "target-improvised", "target-read", "other-improvised" and "natural".
        labels: "4" (neutral, happy, sad, angry: 7,798 clips of the whole corpus) or "all" (with other).
        no_agreement: Read clips without agreement too, as emotion "other" (their `label` stays "X"), for work on
            valence, arousal and dominance alone.
    """

    info = CorpusInfo(
        name="msp_improv",
        title="MSP-IMPROV",
        language="English (North American)",
        licence="signed agreement with the University of Texas at Dallas",
        citation=(
            "Busso C., Parthasarathy S., Burmania A., AbdelWahab M., Sadoughi N., Mower Provost E. (2017). "
            "MSP-IMPROV: an acted corpus of dyadic interactions to study emotion perception. IEEE Transactions on "
            "Affective Computing 8(1), 67-80. https://doi.org/10.1109/TAFFC.2016.2515617"
        ),
        homepage="https://ecs.utdallas.edu/research/researchlabs/msp-lab/MSP-Improv.html",
        emotions=("neutral", "happy", "sad", "angry", "other"),
        speakers=12,
        clips=8438,
        verified="documentation",
        example="MSP-IMPROV-S01A-F01-P-FM01.wav",
        faults=(
            "the table is spelt Evalution.txt and names UTD-IMPROV-....avi",
            "ratings may be NaN, naturalness is absent in some copies, and some raters' lines are doubled",
            "555 of 8,438 turns have no agreed label (X)",
        ),
        dimensions={"arousal": (1, 5), "valence": (1, 5), "dominance": (1, 5), "naturalness": (1, 5)},
        labels_in="tables",
    )
    columns: ClassVar[Mapping[str, str]] = {
        "session": "string",
        "condition": "string",
        "sentence": "string",
        "target": "string",
        "arousal": "float32",
        "valence": "float32",
        "dominance": "float32",
        "naturalness": "float32",
    }

    def __init__(
        self,
        condition: Literal["all", "target-improvised", "target-read", "other-improvised", "natural"] = "all",
        labels: Literal["4", "all"] = "4",
        no_agreement: bool = False,
    ) -> None:
        super().__init__()
        if condition not in ("all", *_CONDITIONS.values()):
            raise CorpusError(f"condition={condition!r}; expected 'all', {', '.join(map(repr, _CONDITIONS.values()))}")
        if str(labels) not in _LABELS:
            raise CorpusError(f"labels={labels!r}; expected '4' or 'all'")
        self.condition = condition
        self._wanted = _LABELS[str(labels)] | ({"X"} if no_agreement else set())

    def key(self, path: PurePosixPath) -> str | None:
        """The name in lower case without its prefix, which is MSP for audio and UTD for videos."""
        match = _NAME.fullmatch(path.stem.strip())
        return match["rest"].lower() if match else None

    def read_labels(self, folder: Path) -> Iterable[Row]:
        """One row per summary line; the raters' own lines are passed over."""
        path = find_table(folder, "Evalution.txt", "Evaluation.txt", corpus=self.info.title)
        found = False
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            if match := _SUMMARY.fullmatch(line):
                found = True
                yield self._row(f"{path.name}, line {number}", match["file"].strip(), match["values"])
        if not found:
            raise CorpusError(
                f"{str(path)!r} has no line such as 'UTD-IMPROV-S01A-F01-S-FM01.avi; N; A:3.0; V:3.5; D:3.0;'; "
                "take it anew from the corpus's authors"
            )

    def _row(self, where: str, file: str, text: str) -> Row:
        match = _NAME.fullmatch(PurePosixPath(file).stem)
        code, *values = [value.strip() for value in text.split(";")]
        code = code.upper()
        if match is None or code not in _EMOTIONS:
            got, expected = (file, "a name such as UTD-IMPROV-S01A-F01-S-FM01.avi")
            if match is not None:
                got, expected = (code, f"a label out of {', '.join(_EMOTIONS)}")
            raise CorpusError(f"{where}: got {got!r}, expected {expected}; correct the file or take it anew")
        speaker = match["speaker"].upper()
        return Row(
            clip="",
            emotion=_EMOTIONS[code],
            speaker=speaker,
            label=code,
            key=match["rest"].lower(),
            sex="female" if speaker[0] == "F" else "male",
            more={
                "session": str(int(speaker[1:])),
                "condition": _CONDITIONS[match["condition"].upper()],
                "sentence": match["text"],
                "target": _EMOTIONS[match["target"].upper()],
                **_ratings(where, values),
            },
        )

    def wants(self, row: Row) -> bool:
        """Labels and condition."""
        return row.label in self._wanted and self.condition in ("all", row.more["condition"])

    def reason(self, row: Row) -> str:
        """The condition, or the label."""
        if self.condition not in ("all", row.more["condition"]):
            return f"condition {row.more['condition']}"
        return "no agreement (X)" if row.label == "X" else f"label {row.label}"

    def expected_counts(self) -> Mapping[str, int]:
        """Clips per emotion as published, under the options."""
        counts: Counter[str] = Counter()
        for condition, published in _COUNTS.items():
            if self.condition in ("all", condition):
                for label in self._wanted:
                    counts[_EMOTIONS[label]] += published[label]
        return dict(counts)


def _ratings(where: str, values: list[str]) -> dict[str, float | None]:
    """`["A:3.0", "V:NaN", ...]` -> mean ratings; what is absent or NaN becomes None."""
    ratings: dict[str, float | None] = dict.fromkeys(_DIMENSIONS.values())
    for value in filter(None, values):
        letter, _, number = value.partition(":")
        if letter.strip() not in _DIMENSIONS:
            continue
        try:
            rating = float(number)
        except ValueError:
            raise CorpusError(
                f"{where}: rating {value!r} is no number; correct the file or take it anew from the corpus's authors"
            ) from None
        ratings[_DIMENSIONS[letter.strip()]] = rating if rating == rating else None  # NaN is not equal to itself
    return ratings
