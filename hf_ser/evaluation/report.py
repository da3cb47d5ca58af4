"""One evaluation in full: every score, with intervals, by class and by speaker."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .bootstrap import METRICS, Interval, bootstrap_intervals, confusion_metrics, speaker_confusions
from .calibration import calibration_metrics
from .checks import class_numbers, name_vector
from .log_history import LogHistory
from .metrics import classification_metrics
from .predictions import Predictions
from .report_files import write_report
from .report_text import report_markdown
from .scores import ScoreType, as_probabilities, find_score_type

_MOST_ERRORS = 10


@dataclass(frozen=True)
class EvaluationReport:
    """What `evaluate_predictions` found. Shares are in 0..1; what is undefined is None.

    Args:
        label_names: Emotion of each class, in the order of the scores.
        clips: Rows scored.
        metrics: "wa", "ua", "macro_f1", "ece", "brier", "nll", "confidence" (mean of the highest probability).
        intervals: Confidence intervals of "wa", "ua" and "macro_f1"; empty where speakers are unknown.
        per_class: One dict per emotion: "emotion", "clips", "recall", "precision", "f1".
        per_speaker: One dict per speaker, lowest UA first: "speaker", "clips", "wa", "ua", "macro_f1"; UA over the
            classes that the speaker has. Empty where speakers are unknown.
        confusion_matrix: Counts; row = true, column = predicted.
        calibration: Bins of the reliability diagram, see `calibration_metrics`.
        confident_errors: Up to ten wrong answers, most confident first: "clip", "emotion", "predicted", "confidence".
            Empty where clips are unknown.
        score_type: "logits" or "probabilities".
        score_type_found: True if the type was told by the rule of `find_score_type`, False if it was passed.
        resamples: Draws of speakers behind the intervals.
        seed: Seed of these draws.
        about: What the caller wants kept with the figures: corpus, protocol, fingerprint, command.
    """

    label_names: tuple[str, ...]
    clips: int
    metrics: dict[str, float]
    intervals: dict[str, Interval]
    per_class: list[dict[str, Any]]
    per_speaker: list[dict[str, Any]]
    confusion_matrix: list[list[int]]
    calibration: list[dict[str, Any]]
    confident_errors: list[dict[str, Any]]
    score_type: ScoreType
    score_type_found: bool
    resamples: int
    seed: int
    about: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Give plain Python, fit for JSON."""
        return asdict(self)

    def to_json(self, path: str | os.PathLike[str] | None = None, overwrite: bool = False) -> str:
        """Give the report as JSON, and write it to a file if one is named.

        Raises:
            FileExistsError: The file is there and overwrite is not set.
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        if path is not None:
            if Path(path).exists() and not overwrite:
                raise FileExistsError(f"{path} exists; pass overwrite=True to replace it, or another path")
            Path(path).write_text(text, encoding="utf-8")
        return text

    def to_markdown(self) -> str:
        """Write the report as Markdown, without figures."""
        return report_markdown(self.to_dict())

    def save(
        self,
        folder: str | os.PathLike[str],
        log_history: LogHistory | None = None,
        figures: bool = True,
        overwrite: bool = False,
    ) -> list[Path]:
        """Write `report.md`, `report.json` and figures into a folder, which is made if need be.

        Args:
            folder: Where to; files of other names in it are left alone.
            log_history: Of the training, for `training_curves.png`: the list of dicts that transformers keeps, a
                trainer_state.json or a folder with one, or a dict of them by name for several folds.
            figures: Draw `confusion_matrix.png`, `speakers.png` (if speakers are known), `reliability.png`.
            overwrite: Replace an older report; of its figures those that are not drawn again are removed.

        Returns:
            The files that were written.

        Raises:
            FileExistsError: There is a report already and overwrite is not set.
            ImportError: matplotlib is missing; install it, or pass figures=False.
            ValueError: A log history that is none.
        """
        return write_report(self.to_dict(), self.to_json(), Path(folder), log_history, figures, overwrite)

    def __str__(self) -> str:
        """Give the Markdown text."""
        return self.to_markdown()


def evaluate_predictions(
    labels: ArrayLike,
    scores: ArrayLike,
    speakers: ArrayLike | None = None,
    *,
    label_names: Sequence[str] | None = None,
    score_type: ScoreType | None = None,
    clips: ArrayLike | None = None,
    resamples: int = 10_000,
    level: float = 0.95,
    bins: int = 15,
    seed: int = 0,
    about: Mapping[str, Any] | None = None,
) -> EvaluationReport:
    """Score a model's answers in full.

    Args:
        labels: (clips,) true emotion of each clip: class numbers from 0, or names out of `label_names`.
        scores: (clips, num_labels) logits or probabilities.
        speakers: (clips,) speaker of each clip, for scores by speaker and confidence intervals; without, there are
            none, since clips of one speaker cannot be taken as independent.
        label_names: Emotion of each column of `scores`; needed where labels are names, "0", "1", ... otherwise.
        score_type: "logits" or "probabilities". None: rows within 0..1 that sum to 1 are probabilities, scores below 0
            or above 1 are logits, anything else is refused (`find_score_type`); the report says what was found.
        clips: (clips,) id of each clip, to name the most confident errors.
        resamples: Draws of speakers for the intervals.
        level: Confidence level of the intervals.
        bins: Bins of the calibration error.
        seed: Seed of the draws.
        about: Kept in the report as it is; plain Python, fit for JSON.

    Raises:
        ValueError: Empty or mismatching inputs, unknown labels, scores that are not finite or of unclear type.
        TypeError: Labels that are neither names nor integers, or `about` not fit for JSON.
    """
    kind = find_score_type(scores) if score_type is None else score_type
    probabilities = as_probabilities(scores, kind)
    size = probabilities.shape[1]
    names = _report_names(labels, label_names, size)
    true, predicted = class_numbers(labels, names), probabilities.argmax(axis=1)
    if len(true) != len(predicted):
        raise ValueError(f"got {len(true)} labels and scores of {len(predicted)} clips, expected as many of both")
    found = classification_metrics(true, predicted, size)
    calibration = calibration_metrics(true, probabilities, bins)
    voices = None if speakers is None else _as_many("speakers", speakers, len(true))
    ids = None if clips is None else _as_many("clips", clips, len(true))
    intervals = {} if voices is None else bootstrap_intervals(true, predicted, voices, size, resamples, level, seed)
    json.dumps(dict(about or {}), allow_nan=False)
    return EvaluationReport(
        label_names=names,
        clips=len(true),
        metrics={
            **{name: found[name] for name in METRICS},
            **{name: calibration[name] for name in ("ece", "brier", "nll", "confidence")},
        },
        intervals=intervals,
        per_class=[
            {
                "emotion": name,
                "clips": found["support"][index],
                **{score: found[score][index] for score in ("recall", "precision", "f1")},
            }
            for index, name in enumerate(names)
        ],
        per_speaker=[] if voices is None else _per_speaker(true, predicted, voices, size),
        confusion_matrix=found["confusion_matrix"],
        calibration=calibration["bins"],
        confident_errors=[] if ids is None else _confident_errors(true, probabilities, ids, names),
        score_type=kind,
        score_type_found=score_type is None,
        resamples=resamples,
        seed=seed,
        about=dict(about or {}),
    )


def report_predictions(predictions: Predictions, **options: Any) -> EvaluationReport:
    """Score kept predictions, all folds and seeds together; options as of `evaluate_predictions`."""
    return evaluate_predictions(
        predictions.labels,
        predictions.scores,
        predictions.speakers,
        label_names=predictions.label_names,
        score_type="probabilities",
        clips=predictions.clips,
        **options,
    )


def _report_names(labels: ArrayLike, label_names: Sequence[str] | None, size: int) -> tuple[str, ...]:
    if label_names is None:
        if np.asarray(labels).dtype.kind not in "iu":
            raise ValueError(
                "labels are no class numbers and label_names is missing; pass label_names, the emotion of each column "
                "of the scores, such as list(model.config.id2label.values())"
            )
        return tuple(str(index) for index in range(size))
    names = tuple(label_names)
    if len(names) != size or len(set(names)) != size:
        raise ValueError(
            f"label_names: got {', '.join(map(str, names))}, expected {size} different names, one a column"
        )
    return names


def _as_many(name: str, values: ArrayLike, count: int) -> np.ndarray:
    array = name_vector(name, values)
    if len(array) != count:
        raise ValueError(f"{name}: got {len(array)}, expected {count}, one for each label")
    return array


def _per_speaker(true: np.ndarray, predicted: np.ndarray, speakers: np.ndarray, size: int) -> list[dict[str, Any]]:
    names, confusions = speaker_confusions(true, predicted, speakers, size)
    scores, clips = confusion_metrics(confusions), confusions.sum(axis=(1, 2))
    rows = [
        {"speaker": name, "clips": int(clips[row]), **{metric: float(scores[metric][row]) for metric in METRICS}}
        for row, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: row["ua"])


def _confident_errors(
    true: np.ndarray, probabilities: np.ndarray, clips: np.ndarray, names: Sequence[str]
) -> list[dict[str, Any]]:
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != true)
    return [
        {
            "clip": clips[row],
            "emotion": names[true[row]],
            "predicted": names[predicted[row]],
            "confidence": float(confidence[row]),
        }
        for row in wrong[np.argsort(-confidence[wrong], kind="stable")][:_MOST_ERRORS]
    ]


__all__ = ["EvaluationReport", "evaluate_predictions", "report_predictions"]
