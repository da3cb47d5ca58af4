"""The EmoEvaluation files of IEMOCAP: one block per utterance with the raters' majority, votes and mean ratings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from .records import CorpusError
from .tables import read_text

__all__ = ["Evaluation", "read_evaluations", "read_transcript"]

_SUMMARY = re.compile(r"\[\s*([\d.]+)\s*-\s*([\d.]+)\s*\]\s+(\S+)\s+([a-z]{3})\s+\[([^\]]*)\]")
_CATEGORY = re.compile(r"C-E\d+:\s*([^()]*)")  # raters; a self-rating begins C-F or C-M
_ATTRIBUTES = re.compile(r"A-E\d+:\s*([^()]*)")
_TRANSCRIPT = re.compile(r"(\S+)\s*\[[^\]]*\]\s*:\s*(.*)")
_DIMENSIONS = ("valence", "arousal", "dominance")  # in the order of the files, which say "act" for arousal
_SHORT = {"val": "valence", "act": "arousal", "dom": "dominance"}


@dataclass
class Evaluation:
    """What the raters said of one utterance.

    Attributes:
        utterance: Its name, such as "Ses01F_impro01_F000".
        start: Begin within the dialogue, in seconds.
        end: End within the dialogue, in seconds.
        label: Code of the majority, "xxx" where there is none.
        ratings: Dimension -> mean over raters, 1 to 5; a dimension that nobody rated is absent.
        votes: One entry per rater: the categories chosen, joined by ";".
    """

    utterance: str
    start: float
    end: float
    label: str
    ratings: dict[str, float]
    votes: list[str] = field(default_factory=list)
    _by_rater: dict[str, list[float]] = field(default_factory=dict)


def read_evaluations(path: Path) -> list[Evaluation]:
    """Read one dialogue's EmoEvaluation file.

    The mean ratings are those of the summary line; where it lacks one, the mean of the raters' own lines takes its
    place. Self-ratings (rater names that begin with F or M) are left out.

    Raises:
        CorpusError: A summary line does not have the documented shape.
    """
    evaluations: list[Evaluation] = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        line = line.strip()
        if line.startswith("["):
            evaluations.append(_summary(path, number, line))
        elif not evaluations:
            continue
        elif match := _CATEGORY.match(line):
            chosen = [category.strip() for category in match[1].split(";")]
            evaluations[-1].votes.append(";".join(filter(None, chosen)))
        elif match := _ATTRIBUTES.match(line):
            for name, value in re.findall(r"(val|act|dom)\s*([\d.]+)", match[1]):
                evaluations[-1]._by_rater.setdefault(_SHORT[name], []).append(float(value))
    for evaluation in evaluations:
        for dimension, values in evaluation._by_rater.items():
            evaluation.ratings.setdefault(dimension, fmean(values))
    return evaluations


def _summary(path: Path, number: int, line: str) -> Evaluation:
    match = _SUMMARY.match(line)
    if match is None:
        raise CorpusError(
            f"{path.name}, line {number}: got {line!r}, expected '[start - end]  utterance  label  [valence, "
            f"activation, dominance]'; restore {str(path)!r} from the release"
        )
    ratings: dict[str, float] = {}
    for dimension, text in zip(_DIMENSIONS, match[5].split(","), strict=False):
        try:
            value = float(text)
        except ValueError:
            continue
        if value == value:  # not NaN
            ratings[dimension] = value
    return Evaluation(match[3], float(match[1]), float(match[2]), match[4], ratings)


def read_transcript(path: Path) -> Mapping[str, str]:
    """Utterance -> what was said, from one dialogue's transcription; turns without a name of their own are skipped."""
    matches = (_TRANSCRIPT.match(line.strip()) for line in read_text(path).splitlines())
    return {match[1]: match[2].strip() for match in matches if match}
