"""A user's table of recordings as the reader sees it, whether it was a file, a folder or a dataset."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import CorpusError
from .picking import pick_columns

if TYPE_CHECKING:
    import datasets

__all__ = ["OwnTable"]


@dataclass(frozen=True)
class OwnTable:
    """Columns of a user's recordings, one cell per recording.

    Attributes:
        content: Column -> values, or a dataset.
        where: What messages call it.
        root: Folder that relative paths start from.
        name: Name of the corpus, unless the user gives one.
    """

    content: "Mapping[str, list] | datasets.Dataset"
    where: str
    root: Path
    name: str

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self.content) if isinstance(self.content, Mapping) else list(self.content.column_names)

    def __len__(self) -> int:
        if isinstance(self.content, Mapping):
            return len(next(iter(self.content.values()), []))
        return len(self.content)

    def values(self, column: str) -> list[Any]:
        """The cells of one column; the numbers of a `datasets.ClassLabel` become its names."""
        if isinstance(self.content, Mapping):
            return self.content[column]
        import datasets

        kind, cells = self.content.features[column], list(self.content[column][:])
        inner = getattr(kind, "feature", None)
        if isinstance(kind, datasets.ClassLabel):
            # -1 is how published datasets mark rows without a label
            return [None if cell is None or cell < 0 else kind.int2str(cell) for cell in cells]
        if isinstance(inner, datasets.ClassLabel):
            return [None if cell is None else inner.int2str(list(cell)) for cell in cells]
        return cells

    def paths(self, column: str) -> list[str | None] | None:
        """The file of each recording; None where the table holds the recordings themselves.

        Raises:
            CorpusError: The column is neither paths nor recordings in files' bytes.
        """
        if isinstance(self.content, Mapping):
            cells = self.content[column]
            if any(isinstance(cell, Mapping) for cell in cells):
                cells = [cell.get("path") if isinstance(cell, Mapping) else cell for cell in cells]
            odd = next((cell for cell in cells if cell is not None and not isinstance(cell, str)), None)
            if odd is not None:
                raise CorpusError(f"{self.where}: {column!r} holds {odd!r}; expected the path of a recording")
            return cells
        import datasets

        kind = self.content.features[column]
        if isinstance(kind, datasets.Value) and kind.dtype in ("string", "large_string"):
            return list(self.content[column][:])
        if not isinstance(kind, datasets.Audio) and set(getattr(kind, "keys", list)()) != {"bytes", "path"}:
            raise CorpusError(
                f"{self.where}: column {column!r} is {kind}; expected paths, or recordings cast by "
                f"dataset.cast_column({column!r}, datasets.Audio(decode=False))"
            )
        files, inside = self._files(column)
        return None if inside else files

    def ids(self, column: str) -> list[str]:
        """An id for each recording that the table itself holds: the file's name if all differ, else the row."""
        files, _ = self._files(column)
        names = [file.replace(os.sep, "/") for file in files if file]
        if len(set(names)) == len(files):
            return names
        return [f"row-{row:06d}" for row in range(len(files))]

    def _files(self, column: str) -> tuple[list[str | None], bool]:
        import pyarrow.compute as pc

        files: list[str | None] = []
        inside = False
        # batch by batch, without copying the recordings
        for batch in self.content.select_columns(column).with_format("arrow").iter(1000):  # type: ignore[union-attr]
            cells = batch[column]
            files += pc.struct_field(cells, "path").to_pylist()
            content = pc.struct_field(cells, "bytes")
            inside = inside or content.null_count < len(content)
        return files, inside

    def build(
        self,
        audio_column: str,
        paths: Sequence[str | None] | None,
        columns: Mapping[str, list],
        kinds: Mapping[str, Any],
        leave_out: Collection[str] = (),
    ) -> "datasets.Dataset":
        """The dataset of these columns, then whatever else the table holds, in its own order.

        Args:
            audio_column: Column of the recordings.
            paths: Their files, None where the table holds them.
            columns: Our columns but `audio`.
            kinds: The datasets type of each.
            leave_out: Columns of the table that are among ours under another name.
        """
        import datasets

        features = datasets.Features({name: kinds[name] for name in columns})
        ours = datasets.Dataset.from_dict(dict(columns), features=features)
        if paths is None:
            audio = pick_columns(self.content, [audio_column])  # type: ignore[arg-type]
            audio = audio if audio_column == "audio" else audio.rename_column(audio_column, "audio")
        else:
            audio = datasets.Dataset.from_dict(
                {"audio": list(paths)}, features=datasets.Features({"audio": datasets.Value("string")})
            )
        # cast afterwards: datasets needs torchcodec to build an Audio column, but not to cast one that is not decoded
        parts = [audio.cast_column("audio", datasets.Audio(decode=False)), ours]
        ours_too = {"audio", audio_column, *columns, *leave_out}
        further = [name for name in self.names if name not in ours_too]
        if further and isinstance(self.content, Mapping):
            kept = {name: kind for name in further if (kind := _kind(self.content[name])) is not None}
            if kept:
                types = datasets.Features({name: datasets.Value(kind) for name, kind in kept.items()})
                parts.append(datasets.Dataset.from_dict({name: self.content[name] for name in kept}, features=types))
        elif further:
            parts.append(pick_columns(self.content, further))  # type: ignore[arg-type]
        return datasets.concatenate_datasets(parts, axis=1)


def _kind(values: Sequence[Any]) -> str | None:
    """The datasets type of a column that is kept as it is; None for what is nested or mixed."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {str}:
        return "string"
    if kinds == {bool}:
        return "bool"
    if kinds == {int}:
        return "int64"
    return "float64" if kinds <= {int, float} else None
