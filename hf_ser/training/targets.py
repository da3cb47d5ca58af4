"""What is to be learned of a clip, read out of its row: an emotion, several, or values of dimensions."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import datasets
import numpy as np

from ..labels import LabelError, label_names

logger = logging.getLogger(__name__)

TARGETS = ("emotion", "dimensions", "multi-label")
DIMENSIONS = ("arousal", "valence", "dominance")


class Target(dict[str, int]):
    """Label -> its index in the model's output, and how the labels of rows are read.

    Attributes:
        kind: one of `TARGETS`.
    """

    kind: ClassVar[str]

    @property
    def columns(self) -> list[str]:
        """The columns that labels are read from."""
        raise NotImplementedError

    def read(self, corpus: datasets.Dataset, rows: Sequence[int]) -> Any:
        """The labels of rows, one entry for each: a list, or an array (rows, ...)."""
        raise NotImplementedError


class EmotionTarget(Target):
    """One emotion of each clip, from the column `emotion`: class indices, int."""

    kind = "emotion"

    @property
    def columns(self) -> list[str]:
        """See `Target`."""
        return ["emotion"]

    def read(self, corpus: datasets.Dataset, rows: Sequence[int]) -> Any:
        """See `Target`.

        Raises:
            ValueError: if a row has an emotion that the model does not know.
        """
        emotions = list(corpus["emotion"])
        self._refuse_unknown({emotions[row] for row in rows})
        return [self[emotions[row]] for row in rows]

    def _refuse_unknown(self, emotions: set[str]) -> None:
        unknown = sorted(emotions - set(self), key=str)
        if unknown:
            raise ValueError(
                f"the corpus holds the emotions {unknown}, which the model does not know "
                f"(it knows {sorted(self)}); build the model with these labels, or filter or merge the rows first"
            )


class EmotionsTarget(EmotionTarget):
    """Several emotions of each clip, or none, from the column `emotions` of lists: (rows, num_labels) float32, 1 where
    a clip has an emotion and 0 elsewhere.
    """

    kind = "multi-label"

    @property
    def columns(self) -> list[str]:
        """See `Target`."""
        return ["emotions"]

    def read(self, corpus: datasets.Dataset, rows: Sequence[int]) -> np.ndarray:
        """See `Target`.

        Raises:
            ValueError: if a row has no list, or an emotion that the model does not know.
        """
        cells = emotion_lists(corpus, rows)
        self._refuse_unknown({emotion for cell in cells for emotion in cell})
        labels = np.zeros((len(cells), len(self)), dtype=np.float32)
        for row, cell in enumerate(cells):
            labels[row, [self[emotion] for emotion in cell]] = 1.0
        return labels


class DimensionTarget(Target):
    """Values of dimensions, from a column for each: (rows, dimensions) float32 in the corpus's unit, NaN where a row
    has no value.
    """

    kind = "dimensions"

    @property
    def columns(self) -> list[str]:
        """See `Target`."""
        return sorted(self, key=self.__getitem__)

    def read(self, corpus: datasets.Dataset, rows: Sequence[int]) -> np.ndarray:
        """See `Target`; how many values are missing is logged.

        Raises:
            ValueError: if a value is no finite number.
        """
        labels = np.full((len(rows), len(self)), np.nan, dtype=np.float32)
        for column, name in enumerate(self.columns):
            values = list(corpus[name])
            try:
                labels[:, column] = [np.nan if values[row] is None else float(values[row]) for row in rows]
            except (TypeError, ValueError) as error:
                raise ValueError(f"column {name!r} holds values that are no numbers ({error})") from error
            if np.isinf(labels[:, column]).any():
                raise ValueError(f"column {name!r} holds infinite values; leave these rows out, or set them to None")
            if missing := int(np.isnan(labels[:, column]).sum()):
                logger.warning("%d of %d rows have no %s; they do not count for it", missing, len(rows), name)
        return labels


def emotion_lists(corpus: datasets.Dataset, rows: Sequence[int]) -> list[list[str]]:
    """The cells of the column `emotions`.

    Raises:
        ValueError: if the column is missing, or a row has no list.
    """
    if "emotions" not in corpus.column_names:
        raise ValueError(
            f"the dataset lacks the column 'emotions', a list of emotions for each clip; it has {corpus.column_names}"
        )
    column = list(corpus["emotions"])
    cells = [column[row] for row in rows]
    bad = [row for row, cell in zip(rows, cells, strict=True) if not isinstance(cell, list | tuple)]
    if bad:
        raise ValueError(
            f"{len(bad)} rows (first: row {bad[0]}) have no list of emotions in the column 'emotions', expected one "
            "such as ['happy', 'surprised'], or [] for none; leave these rows out, or give them lists"
        )
    return [list(cell) for cell in cells]


def target_labels(
    corpus: datasets.Dataset, rows: Sequence[int], target: str, dimensions: Sequence[str] = DIMENSIONS
) -> list[str]:
    """The labels of a new model, in the order of its outputs.

    Args:
        corpus: the recordings.
        rows: those that the model is trained on.
        target: one of `TARGETS`.
        dimensions: columns to learn, for the target "dimensions".

    Raises:
        ValueError: if the target is unknown, or the corpus lacks a column.
        LabelError: if there are no emotions.
    """
    if target == "emotion":
        emotions = list(corpus["emotion"])
        return label_names(emotions[row] for row in rows)
    if target == "multi-label":
        return label_names(emotion for cell in emotion_lists(corpus, rows) for emotion in cell)
    if target != "dimensions":
        raise ValueError(f"target is {target!r}, expected one of {', '.join(TARGETS)}")
    missing = [name for name in dimensions if name not in corpus.column_names]
    if missing or not dimensions:
        raise ValueError(
            f"dimensions is {list(dimensions)}, but the dataset lacks the column(s) {missing}; it has "
            f"{corpus.column_names}. Name columns of numbers with dimensions"
        )
    return list(dimensions)


def dimension_ids(id2label: Mapping[int, str]) -> DimensionTarget:
    """The dimensions of a model, by `config.id2label`.

    Raises:
        LabelError: if the model does not name them.
    """
    names = {str(name): int(index) for index, name in id2label.items()}
    if any(name.upper().startswith("LABEL_") for name in names):
        raise LabelError(
            f"the model's dimensions have no names, only {', '.join(names)}; set config.id2label and config.label2id "
            "to columns of the dataset, such as {0: 'arousal', 1: 'valence', 2: 'dominance'}"
        )
    return DimensionTarget(names)


__all__ = [
    "DIMENSIONS",
    "TARGETS",
    "DimensionTarget",
    "EmotionTarget",
    "EmotionsTarget",
    "Target",
    "dimension_ids",
    "emotion_lists",
    "target_labels",
]
