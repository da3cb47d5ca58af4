"""Predictions clip by clip: what a cross-validation keeps, and what reports and comparisons are made of.

On disk one row per clip: `clip`, `speaker`, `emotion` (true), `predicted`, `fold`, `seed`, then the probability of
every emotion in a column of its name, in the order of the classes.
"""

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .checks import COLUMNS, check_label_names, class_numbers, name_vector, number_vector
from .scores import as_probabilities, softmax
from .whole_files import write_whole


@dataclass(frozen=True, eq=False)
class Predictions:
    """One row per clip and seed; all arrays have the same length.

    Args:
        clips: (rows,) stable ids of the clips. A clip may come back with another seed, not with the same one.
        speakers: (rows,) speaker of each clip.
        labels: (rows,) true class of each clip as integers, indexes of `label_names`; or emotion names.
        scores: (rows, num_labels) probabilities; for logits see `Predictions.from_logits`.
        label_names: Emotion of each class, in the order of the columns of `scores`.
        folds: (rows,) number of the fold that tested the clip, one number for all rows, or None where unknown.
        seeds: (rows,) seed of the run, one number for all rows, or None where unknown.

    Raises:
        ValueError: No rows, different lengths, labels outside the names, scores that are no probabilities, a clip
            twice with one seed, repeated or reserved label names.
        TypeError: Labels, folds or seeds of another type.
    """

    clips: np.ndarray
    speakers: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    label_names: tuple[str, ...]
    folds: np.ndarray | None = None
    seeds: np.ndarray | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "label_names", check_label_names(self.label_names))
        put(self, "clips", name_vector("clips", self.clips))
        put(self, "speakers", name_vector("speakers", self.speakers))
        put(self, "labels", class_numbers(self.labels, self.label_names))
        put(self, "scores", as_probabilities(self.scores, "probabilities"))
        rows = len(self.clips)
        put(self, "folds", number_vector("folds", self.folds, rows))
        put(self, "seeds", number_vector("seeds", self.seeds, rows))
        for name in ("speakers", "labels", "scores"):
            if len(getattr(self, name)) != rows:
                raise ValueError(f"{name}: got {len(getattr(self, name))} rows, expected {rows}, one for each clip")
        if self.scores.shape[1] != len(self.label_names):
            raise ValueError(
                f"scores: got {self.scores.shape[1]} columns, expected {len(self.label_names)}, one for each of "
                f"{', '.join(self.label_names)}"
            )
        if len(set(keys := self.keys())) != rows:
            clip, seed = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(
                f"clips: {clip!r} is there twice{'' if seed is None else f' with seed {seed}'}; a clip is tested once "
                "for each seed: drop the duplicate, or pass seeds"
            )

    def __len__(self) -> int:
        return len(self.clips)

    @classmethod
    def from_logits(
        cls,
        clips: Sequence[str],
        speakers: Sequence[str],
        labels: ArrayLike,
        logits: ArrayLike,
        label_names: Sequence[str],
        folds: ArrayLike | None = None,
        seeds: ArrayLike | None = None,
    ) -> "Predictions":
        """Make predictions of a model's logits, (rows, num_labels); all else as for the class."""
        values = np.asarray(logits)
        if values.ndim != 2 or not np.isfinite(values).all():
            raise ValueError(f"logits: got shape {values.shape}, expected (clips, num_labels), all of them finite")
        return cls(
            clips=np.asarray(clips),
            speakers=np.asarray(speakers),
            labels=np.asarray(labels),
            scores=softmax(values),
            label_names=tuple(label_names),
            folds=None if folds is None else np.asarray(folds),
            seeds=None if seeds is None else np.asarray(seeds),
        )

    @property
    def predicted(self) -> np.ndarray:
        """(rows,) int64: the class with the highest score, the first of equals."""
        return self.scores.argmax(axis=1)

    def keys(self) -> list[tuple[str, int | None]]:
        """What names each row: clip and seed (None where unknown)."""
        seeds = [None] * len(self.clips) if self.seeds is None else self.seeds.tolist()
        return list(zip(self.clips.tolist(), seeds, strict=True))

    def select(self, rows: ArrayLike) -> "Predictions":
        """Take rows, by number or by a mask of (rows,) booleans; ValueError if none is left."""
        picked = np.arange(len(self))[np.asarray(rows)]
        return Predictions(
            clips=self.clips[picked],
            speakers=self.speakers[picked],
            labels=self.labels[picked],
            scores=self.scores[picked],
            label_names=self.label_names,
            folds=None if self.folds is None else self.folds[picked],
            seeds=None if self.seeds is None else self.seeds[picked],
        )

    @classmethod
    def concatenate(cls, parts: Sequence["Predictions"]) -> "Predictions":
        """Join the predictions of several folds or seeds.

        Raises:
            ValueError: No parts, parts with different label names, folds or seeds known to some parts only, or a clip
                that was tested twice with one seed.
        """
        if not parts:
            raise ValueError("parts: got none, expected the predictions of at least one fold")
        for number, part in enumerate(parts):
            if part.label_names != parts[0].label_names:
                raise ValueError(
                    f"parts: part {number} has the labels {', '.join(part.label_names)}, the first part "
                    f"{', '.join(parts[0].label_names)}; join runs with the same labels in the same order"
                )
        return cls(
            clips=np.concatenate([part.clips for part in parts]),
            speakers=np.concatenate([part.speakers for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            scores=np.concatenate([part.scores for part in parts]),
            label_names=parts[0].label_names,
            folds=_joined("folds", [part.folds for part in parts]),
            seeds=_joined("seeds", [part.seeds for part in parts]),
        )

    def to_columns(self) -> dict[str, list[Any]]:
        """The table as it is written, column by column; `fold` and `seed` are None where unknown."""
        names, blank = self.label_names, [None] * len(self)
        return {
            "clip": self.clips.tolist(),
            "speaker": self.speakers.tolist(),
            "emotion": [names[label] for label in self.labels],
            "predicted": [names[label] for label in self.predicted],
            "fold": blank if self.folds is None else self.folds.tolist(),
            "seed": blank if self.seeds is None else self.seeds.tolist(),
            **{name: self.scores[:, index].tolist() for index, name in enumerate(names)},
        }

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write a Parquet file; it replaces an older one at once, so that a kill never leaves half a file."""
        import pyarrow
        from pyarrow import parquet

        types = [pyarrow.string()] * 4 + [pyarrow.int64()] * 2 + [pyarrow.float64()] * len(self.label_names)
        schema = pyarrow.schema(list(zip([*COLUMNS, *self.label_names], types, strict=True)))
        table = pyarrow.table(self.to_columns(), schema=schema)
        write_whole(path, lambda unfinished: parquet.write_table(table, unfinished))

    @classmethod
    def from_parquet(cls, path: str | os.PathLike[str]) -> "Predictions":
        """Read what `to_parquet` wrote.

        Raises:
            FileNotFoundError: No such file.
            ValueError: No Parquet file, columns missing, or rows that are no predictions.
        """
        import pyarrow
        from pyarrow import parquet

        try:
            table = parquet.ParquetFile(path).read()
        except pyarrow.ArrowInvalid as error:
            raise ValueError(f"{path}: not a readable Parquet file ({error}); write predictions again") from error
        return _from_columns(str(path), {name: table.column(name).to_pylist() for name in table.column_names})

    @classmethod
    def from_csv(cls, path: str | os.PathLike[str], fold: int | None = None, seed: int | None = None) -> "Predictions":
        """Read a CSV file with the same columns.

        Args:
            path: File with a header; every column but those of `COLUMNS` is the score of an emotion.
            fold: Fold of all rows, for a file without the column `fold`.
            seed: Seed of all rows, for a file without the column `seed`.

        Raises:
            FileNotFoundError: No such file.
            ValueError: Columns missing, rows that are no predictions, or `fold` or `seed` given beside the file's own.
        """
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            rows = list(reader)
        for number, row in enumerate(rows, start=2):
            if len(row) != len(header):
                raise ValueError(
                    f"{path}, row {number}: got {len(row)} values, expected {len(header)} as in its header"
                )
        columns: dict[str, list[Any]] = {name: [row[index] for row in rows] for index, name in enumerate(header)}
        for name, value in (("fold", fold), ("seed", seed)):
            own = columns.get(name, [])
            if value is not None and any(own):
                raise ValueError(f"{path}: has a column {name!r}, so {name}={value} was not expected; leave it out")
            columns[name] = [value] * len(rows) if not any(own) else own
        return _from_columns(str(path), columns)


def _from_columns(source: str, columns: Mapping[str, list[Any]]) -> Predictions:
    """Predictions from a table; errors start with its source."""
    if missing := [name for name in COLUMNS[:4] if name not in columns]:
        raise ValueError(
            f"{source}: no column {', '.join(missing)} (there are {', '.join(columns) or 'none'}); expected "
            f"{', '.join(COLUMNS)} (fold and seed may be absent) and one column of scores for each emotion"
        )
    names = [name for name in columns if name not in COLUMNS]
    if not names or not columns["clip"]:
        raise ValueError(
            f"{source}: got {len(columns['clip'])} rows and {len(names)} columns of scores, expected both"
        )
    try:
        scores = np.array([columns[name] for name in names], dtype=np.float64).T
        made = Predictions(
            clips=np.array(columns["clip"], dtype=object),
            speakers=np.array(columns["speaker"], dtype=object),
            labels=np.array(columns["emotion"], dtype=object),
            scores=scores,
            label_names=tuple(names),
            folds=_optional_numbers(columns.get("fold")),
            seeds=_optional_numbers(columns.get("seed")),
        )
        told = class_numbers(np.array(columns["predicted"], dtype=object), names)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{source}: {error}") from error
    rows = np.arange(len(made))
    differing = np.flatnonzero(made.scores[rows, told] < made.scores.max(axis=1) - 1e-5)
    if differing.size:
        raise ValueError(
            f"{source}: {differing.size} rows whose predicted emotion is not the one with the highest score (first: "
            f"{made.clips[differing[0]]}); are the columns of scores named rightly?"
        )
    return made


def _optional_numbers(values: list[Any] | None) -> np.ndarray | None:
    """Integers of a column; None if it is absent or blank."""
    if values is None or all(value in (None, "") for value in values):
        return None
    return np.array([int(value) for value in values], dtype=np.int64)


def _joined(name: str, parts: list[np.ndarray | None]) -> np.ndarray | None:
    known = [part for part in parts if part is not None]
    if known and len(known) < len(parts):
        raise ValueError(f"parts: {name} are known to {len(known)} of {len(parts)} parts; give them to all or to none")
    return np.concatenate(known) if known else None


__all__ = ["COLUMNS", "Predictions"]
