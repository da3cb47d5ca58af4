"""Answers clip by clip where a clip has several: values of dimensions, or several emotions at once.

On disk one row per clip: `clip`, `speaker`, `fold`, `seed`, then for each label its name with `true_` before it (the
label, null where the clip has none) and its name alone (the model's answer).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from .whole_files import write_whole

_TRUE = "true_"
_PLAIN = ("clip", "speaker", "fold", "seed")

__all__ = ["Answers"]


@dataclass(frozen=True, eq=False)
class Answers:
    """One row per clip and seed; all arrays have the same number of rows.

    Attributes:
        clips: (rows,) stable ids of the clips.
        speakers: (rows,) speaker of each clip.
        labels: (rows, labels) float64: values of dimensions, NaN where unknown; or 1 and 0 for emotions that a clip
            has or lacks.
        scores: (rows, labels) float64: predicted values, or probabilities.
        label_names: name of each column of `labels` and `scores`.
        folds: (rows,) number of the fold that tested the clip.
        seeds: (rows,) seed of the run.

    Raises:
        ValueError: the shapes do not fit each other.
    """

    clips: np.ndarray
    speakers: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    label_names: tuple[str, ...]
    folds: np.ndarray
    seeds: np.ndarray

    def __post_init__(self) -> None:
        shape = (len(self.clips), len(self.label_names))
        if self.labels.shape != shape or self.scores.shape != shape:
            raise ValueError(
                f"labels have shape {self.labels.shape} and scores {self.scores.shape}, expected both as {shape}: a "
                "row for each clip and a column for each label name"
            )
        for name in ("speakers", "folds", "seeds"):
            if len(getattr(self, name)) != shape[0]:
                raise ValueError(
                    f"{name}: got {len(getattr(self, name))} rows, expected {shape[0]}, one for each clip"
                )

    def __len__(self) -> int:
        return len(self.clips)

    @classmethod
    def concatenate(cls, parts: Sequence["Answers"]) -> "Answers":
        """Join the answers of several folds or seeds.

        Raises:
            ValueError: no parts, or parts with different label names.
        """
        if not parts or any(part.label_names != parts[0].label_names for part in parts):
            raise ValueError(
                f"parts: got {len(parts)} with the labels {sorted({part.label_names for part in parts})}, expected "
                "one or more with the same labels"
            )
        joined = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(cls)
            if field.name != "label_names"
        }
        return cls(label_names=parts[0].label_names, **joined)

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write a Parquet file; it replaces an older one at once, so that a kill never leaves half a file."""
        import pyarrow
        from pyarrow import parquet

        columns = {
            "clip": pyarrow.array(self.clips.tolist(), pyarrow.string()),
            "speaker": pyarrow.array(self.speakers.tolist(), pyarrow.string()),
            "fold": pyarrow.array(self.folds, pyarrow.int64()),
            "seed": pyarrow.array(self.seeds, pyarrow.int64()),
        }
        for index, name in enumerate(self.label_names):
            columns[_TRUE + name] = pyarrow.array(self.labels[:, index].astype(np.float64), from_pandas=True)
            columns[name] = pyarrow.array(self.scores[:, index].astype(np.float64))
        table = pyarrow.table(columns)
        write_whole(path, lambda unfinished: parquet.write_table(table, unfinished))

    @classmethod
    def from_parquet(cls, path: str | os.PathLike[str]) -> "Answers":
        """Read what `to_parquet` wrote.

        Raises:
            FileNotFoundError: no such file.
            ValueError: columns are missing.
        """
        from pyarrow import parquet

        table = parquet.ParquetFile(path).read()
        names = [name[len(_TRUE) :] for name in table.column_names if name.startswith(_TRUE)]
        missing = [name for name in [*_PLAIN, *names] if name not in table.column_names]
        if missing or not names:
            raise ValueError(
                f"{path}: no column {', '.join(missing) or _TRUE + '...'}; expected what to_parquet writes"
            )
        column = {name: table.column(name).to_numpy() for name in table.column_names}
        return cls(
            clips=column["clip"],
            speakers=column["speaker"],
            labels=np.stack([column[_TRUE + name].astype(np.float64) for name in names], axis=1),
            scores=np.stack([column[name] for name in names], axis=1),
            label_names=tuple(names),
            folds=column["fold"],
            seeds=column["seed"],
        )
