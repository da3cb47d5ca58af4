"""Recordings that lie in a dataset more than once under different names."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["find_duplicates"]

_BLOCK = 1 << 20
_GLANCE = 1 << 12
_BATCH = 256


def find_duplicates(dataset: Any) -> list[list[int]]:
    """Find rows whose audio has the same bytes: RAVDESS has one such pair, ASED four.

    Sizes are compared first, then the 4 KiB in the middle, so only recordings that agree in both are read as a whole.
    Copies in different formats are not found. A dataset that holds its audio is read in batches, not kept in memory.

    Args:
        dataset: A dataset (or a mapping of columns) whose `audio` column holds paths, bytes, arrays, or the mappings
            with "path" and "bytes" (or "array") that datasets makes; as `load_corpus` makes it.

    Returns:
        Groups of two or more row indices, each sorted, in order of their first row.

    Raises:
        FileNotFoundError: A file is gone.
        TypeError: A row holds something else.
    """
    audio = _Audio(dataset)
    groups = _split([range(len(audio))], lambda rows: zip(rows, audio.sizes(), strict=True))
    groups = _split(groups, lambda rows: ((row, audio.glance(row)) for row in rows))
    groups = _split(groups, lambda rows: ((row, audio.digest(row)) for row in rows))
    return sorted(groups)


def _split(
    groups: Iterable[Sequence[int]], keys: Callable[[Sequence[int]], Iterable[tuple[int, Hashable]]]
) -> list[list[int]]:
    """Groups of rows, each taken apart by a key; rows that are alone are left out."""
    parts: list[list[int]] = []
    for rows in groups:
        alike: dict[Hashable, list[int]] = defaultdict(list)
        for row, key in keys(rows):
            alike[key].append(row)
        parts += [same for same in alike.values() if len(same) > 1]
    return parts


class _Audio:
    """The audio column of a dataset, undecoded, one row at a time."""

    def __init__(self, dataset: Any) -> None:
        if hasattr(dataset, "select_columns"):
            import datasets

            dataset = dataset.select_columns(["audio"]).with_format(None)
            if isinstance(dataset.features["audio"], datasets.Audio):
                dataset = dataset.cast_column("audio", datasets.Audio(decode=False))
            self._rows: Any = dataset
        else:
            self._rows = None
            self._values = dataset["audio"]

    def __len__(self) -> int:
        return len(self._values) if self._rows is None else len(self._rows)

    def _all(self) -> Iterator[Any]:
        if self._rows is None:
            yield from self._values
            return
        for batch in self._rows.iter(batch_size=_BATCH):
            yield from batch["audio"]

    def _content(self, row: int) -> Path | memoryview:
        return _content(self._values[row] if self._rows is None else self._rows[row]["audio"], row)

    def sizes(self) -> Iterator[int]:
        """Bytes of each row."""
        for row, value in enumerate(self._all()):
            content = _content(value, row)
            yield _stat(content, row).st_size if isinstance(content, Path) else content.nbytes

    def glance(self, row: int) -> bytes:
        """A few bytes from the middle, where recordings of equal length differ."""
        content = self._content(row)
        if not isinstance(content, Path):
            middle = max(0, (content.nbytes - _GLANCE) // 2)
            return bytes(content[middle : middle + _GLANCE])
        with content.open("rb") as file:
            file.seek(max(0, (_stat(content, row).st_size - _GLANCE) // 2))
            return file.read(_GLANCE)

    def digest(self, row: int) -> str:
        """SHA-256 of the whole recording."""
        content = self._content(row)
        if not isinstance(content, Path):
            return hashlib.sha256(content).hexdigest()
        digest = hashlib.sha256()
        with content.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()


def _content(value: Any, row: int) -> Path | memoryview:
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("bytes", "path", "array") if value.get(key) is not None), None)
    if isinstance(value, str | os.PathLike):
        return Path(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return memoryview(value).cast("B")
    import numpy as np  # here, so that listing corpora stays light

    if isinstance(value, np.ndarray) or (isinstance(value, list) and value):
        return memoryview(np.ascontiguousarray(value).tobytes())
    raise TypeError(
        f"row {row} has audio of type {type(value).__name__}; expected a path, bytes, an array, or a mapping with one "
        "of them. Copies of recordings cannot be looked for in it: mend the row, or pass duplicates='off'"
    )


def _stat(path: Path, row: int) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise FileNotFoundError(
            f"row {row}: the audio file {str(path)!r} cannot be looked at ({error.strerror}), so copies of it cannot "
            "be found; mend the path or leave the row out, or pass duplicates='off' to compare no recordings"
        ) from error
