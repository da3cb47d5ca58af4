"""Arrays of clips in one folder, computed once, kept on disk, and read by memory map."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from .clip_content import write_whole

PART_BYTES = 256 << 20


class ClipStore:
    """A folder of arrays, one for each key; all have the same shape but for one axis, time.

    Every combination of settings has a sub-folder of its own, named by its fingerprint, so nothing stale is ever
    found, and nothing is ever deleted. Arrays lie one after the other in flat files, which are written under another
    name and renamed when they are whole. Several processes may use one folder: one computes, the others wait for it.

    Args:
        folder: where stores lie; made if missing.
        made_with: all that the arrays depend on besides their keys, as JSON values.
        dtype: type of the values on disk, such as "<f4" or "<f2".
        time_axis: axis of the frames.
        part_bytes: size from which a file is whole: what a kill can cost at most.
    """

    def __init__(
        self,
        folder: str | Path,
        made_with: Mapping[str, Any],
        dtype: str = "<f4",
        time_axis: int = -1,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self.dtype, self.time_axis, self.part_bytes = np.dtype(dtype), time_axis, part_bytes
        text = json.dumps(made_with, sort_keys=True, indent=2)
        self.folder = Path(folder) / hashlib.sha256(text.encode()).hexdigest()[:16]
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "settings.json").is_file():
            write_whole(self.folder / "settings.json", text)
        self._parts: dict[str, list[int]] = {}
        self._entries: dict[str, tuple[str, int, int]] = {}

    def fetch(
        self, keys: Sequence[Sequence[str]], compute: Callable[[list[str]], Iterable[tuple[str, np.ndarray]]]
    ) -> "StoredArrays":
        """The arrays under some keys; those that are missing are computed and filed first.

        Args:
            keys: the keys wanted, view by view and clip by clip.
            compute: called with the missing keys, each once; gives them back with their arrays, one at a time.

        Returns:
            the arrays by view and clip, in the order given.

        Raises:
            OSError: if the disk is full; what was filed before stays.
        """
        self._look()
        if any(key not in self._entries for row in keys for key in row):
            with FileLock(self.folder / "lock"):
                self._look()
                missing = list(dict.fromkeys(key for row in keys for key in row if key not in self._entries))
                self._file(compute(missing))
            self._look()
        parts = sorted(self._parts)
        numbers = {name: number for number, name in enumerate(parts)}
        places = [[self._entries[key] for key in row] for row in keys]
        table = [[(numbers[name], start, frames) for name, start, frames in row] for row in places]
        shapes = {tuple(shape) for shape in self._parts.values()}
        where = np.array(table, dtype=np.int64).reshape(len(keys), len(keys[0]) if keys else 0, 3)
        files = [self.folder / f"{name}.features" for name in parts]
        return StoredArrays(files, shapes.pop() if shapes else (0, 0), where, self.dtype.str, self.time_axis)

    def _look(self) -> None:
        """Learn of the parts that are whole by now."""
        for file in sorted(self.folder.glob("part-*.json")):
            name = file.stem
            if name in self._parts:
                continue
            part = json.loads(file.read_text(encoding="utf-8"))
            frame = int(np.prod(part["shape"]))
            data = self.folder / f"{name}.features"
            whole = self.dtype.itemsize * frame * sum(part["frames"].values())
            if not data.is_file() or data.stat().st_size != whole:
                continue
            self._parts[name] = part["shape"]
            start = 0
            for key, frames in part["frames"].items():
                self._entries[key] = name, start, frames
                start += frame * frames

    def _file(self, computed: Iterable[tuple[str, np.ndarray]]) -> None:
        """File arrays as they come; only who holds the lock may."""
        for left in [*self.folder.glob("*.features.part"), *self.folder.glob("part-*.features")]:
            # half a part, of a process that was killed: whoever writes holds the lock
            if left.suffix == ".part" or left.stem not in self._parts:
                left.unlink()
        items = iter(computed)
        done = False
        while not done:
            with self._part() as (data, frames, shape):
                done = True
                for key, array in items:
                    data.write(np.ascontiguousarray(array, dtype=self.dtype).tobytes())
                    frames[key] = array.shape[self.time_axis]
                    shape[:] = np.delete(array.shape, self.time_axis).tolist()
                    if data.tell() >= self.part_bytes:
                        done = False
                        break

    @contextmanager
    def _part(self) -> Iterator[tuple[Any, dict[str, int], list[int]]]:
        """A file to write into; whatever was written whole is filed at the end, come what may."""
        frames: dict[str, int] = {}
        shape: list[int] = []
        unfinished = self.folder / f"{os.getpid()}.features.part"
        with open(unfinished, "wb") as data:
            try:
                yield data, frames, shape
            finally:
                # a clip that was being written is cut off
                size = self.dtype.itemsize * int(np.prod(shape)) * sum(frames.values()) if frames else 0
                data.truncate(size)
                data.flush()
                os.fsync(data.fileno())
                if frames:
                    name = "part-" + hashlib.sha256("".join(frames).encode()).hexdigest()[:16]
                    os.replace(unfinished, self.folder / f"{name}.features")
                    # last, because it says that the part is whole
                    write_whole(self.folder / f"{name}.json", json.dumps({"shape": shape, "frames": frames}))
                else:
                    unfinished.unlink()


class StoredArrays:
    """Arrays of some clips and views, mapped into memory: nothing is copied before a batch is made of them.

    Args:
        files: the parts that hold them.
        shape: of an array without its time axis.
        where: (views, clips, 3): number of the file, first value, frames.
        dtype: type of the values.
        time_axis: axis of the frames.
    """

    def __init__(
        self, files: Sequence[Path], shape: tuple[int, ...], where: np.ndarray, dtype: str = "<f4", time_axis: int = -1
    ) -> None:
        self.files, self.shape, self.where = list(files), shape, where
        self.dtype, self.time_axis = dtype, time_axis
        self._open: dict[int, np.ndarray] = {}

    def __getstate__(self) -> dict[str, Any]:
        # a data worker opens its own maps; pickled ones would carry all they show
        return self.__dict__ | {"_open": {}}

    @property
    def num_views(self) -> int:
        """Views of each clip."""
        return len(self.where)

    @property
    def frames(self) -> np.ndarray:
        """Frames of each view and clip, (views, clips)."""
        return self.where[..., 2]

    def read(self, view: int, index: int) -> np.ndarray:
        """The array of a clip in the view at this place of the views asked for, such as (channels, bands, frames)."""
        number, start, frames = (int(value) for value in self.where[view, index])
        if number not in self._open:
            # "c": torch wants arrays that could be written; what is written would stay in this process
            self._open[number] = np.memmap(self.files[number], self.dtype, "c")
        shape = list(self.shape)
        shape.insert(len(shape) + 1 + self.time_axis if self.time_axis < 0 else self.time_axis, frames)
        return self._open[number][start : start + int(np.prod(shape))].reshape(shape)


__all__ = ["ClipStore", "StoredArrays"]
