"""Features of clips before normalisation, extracted once, kept on disk, and read by memory map."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from tqdm.auto import tqdm

from ..audio import load_audio
from ..features import SpectrogramFeatureExtractor
from ..version import __version__
from .clip_content import ContentKeys, write_whole

FORMAT = 1
# what a kill can cost at most
PART_BYTES = 256 << 20


class FeatureCache:
    """A folder of features, one entry for each clip and view, found by the content of the clip.

    Features are filed before normalisation, which is fitted on training speakers and differs from fold to fold: what
    lies here depends on its own clip and on settings alone, so all folds, seeds and sides of a split can share it.
    They are kept in single precision, since the batches made of them are then bit for bit those of the waveforms
    (half precision is off by 0.03 dB at most).

    Every combination of settings has a sub-folder of its own, named by its fingerprint; a clip whose file has changed
    has another key. So nothing stale is ever found, and nothing is ever deleted. Files are written under another name
    and renamed when they are whole. Several processes may use one folder: one renders, the others wait for it.

    Args:
        folder: where caches lie; made if missing.
        extractor: computes the features.
        max_frames: frames to crop clips to, as the extractor crops a call to its `num_frames`; None keeps whole clips.
        transform: for augmented views: called as `transform(waveform, generator)` with a generator keyed by
            (seed, view, content of the clip), so that a view does not depend on the clip's place in a dataset.
        transform_settings: JSON values that tell this transform from any other; of files and folders that they name,
            the content counts.
        seed: key of the draws of `transform`.

    Raises:
        TypeError: if the extractor cannot extract without normalising.
        ValueError: if a transform comes without settings.
    """

    def __init__(
        self,
        folder: str | Path,
        extractor: Any,
        *,
        max_frames: int | None = None,
        transform: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
        transform_settings: Any = None,
        seed: int = 0,
    ) -> None:
        if not isinstance(extractor, SpectrogramFeatureExtractor):
            raise TypeError(
                f"the extractor is {type(extractor).__name__}, expected a SpectrogramFeatureExtractor; "
                "train without feature_cache_dir, for this one's features cannot be cached"
            )
        if transform is not None and transform_settings is None:
            raise ValueError("transform_settings is None; give the values that tell this transform from others")
        self.extractor, self.max_frames, self.transform, self.seed = extractor, max_frames, transform, seed
        self._contents = ContentKeys(Path(folder) / "contents.json")
        made_with = {"format": FORMAT, "hf_ser": __version__, "extractor": extractor.raw_settings}
        made_with["max_frames"] = max_frames
        if transform is not None:
            made_with |= {
                "transform": transform_settings,
                "seed": seed,
                "audiomentations": _version("audiomentations"),
            }
            if files := sorted(_files_in(transform_settings)):
                made_with["files"] = sorted(self._contents.keys_of(files))
        text = json.dumps(made_with, sort_keys=True, indent=2)
        self.folder = Path(folder) / hashlib.sha256(text.encode()).hexdigest()[:16]
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "settings.json").is_file():
            write_whole(self.folder / "settings.json", text)
        self._parts: dict[str, dict[str, Any]] = {}
        self._entries: dict[str, tuple[str, int, int]] = {}

    def features_of(
        self, audios: Sequence[Any], views: Sequence[int] = (0,), *, num_workers: int = 0, progress: bool = True
    ) -> "CachedFeatures":
        """Features of clips; those that are missing are extracted and filed first.

        Args:
            audios: entries of the column `audio`.
            views: numbers of the views wanted.
            num_workers: processes to extract with besides this one.
            progress: whether to show a bar while extracting.

        Returns:
            the features by view and clip, in the order given.

        Raises:
            AudioError: if a clip cannot be read; the ones before it stay filed.
            OSError: likewise, or if the disk is full.
        """
        contents = self._contents.keys_of(audios)
        keys = [[f"{content}-{view}" for content in contents] for view in views]
        self._look()
        if any(key not in self._entries for row in keys for key in row):
            with FileLock(self.folder / "lock"):
                self._look()
                missing = {
                    key: (audios[index], view)
                    for view, row in zip(views, keys, strict=True)
                    for index, key in enumerate(row)
                    if key not in self._entries
                }
                self._render(missing, num_workers, progress)
            self._look()
        parts = sorted(self._parts)
        numbers = {name: number for number, name in enumerate(parts)}
        places = [[self._entries[key] for key in row] for row in keys]
        table = [[(numbers[name], start, frames) for name, start, frames in row] for row in places]
        shapes = {tuple(part["shape"]) for part in self._parts.values()}
        shape = shapes.pop() if shapes else (0, 0)
        where = np.array(table, dtype=np.int64).reshape(len(views), len(audios), 3)
        return CachedFeatures([self.folder / f"{name}.features" for name in parts], shape, where)

    def _look(self) -> None:
        """Learn of the parts that are whole by now."""
        for file in sorted(self.folder.glob("part-*.json")):
            name = file.stem
            if name in self._parts:
                continue
            part = json.loads(file.read_text(encoding="utf-8"))
            channels, bands = part["shape"]
            data = self.folder / f"{name}.features"
            if not data.is_file() or data.stat().st_size != 4 * channels * bands * sum(part["frames"].values()):
                continue
            self._parts[name] = {"shape": part["shape"]}
            start = 0
            for key, frames in part["frames"].items():
                self._entries[key] = name, start, frames
                start += channels * bands * frames

    def _render(self, missing: Mapping[str, tuple[Any, int]], num_workers: int, progress: bool) -> None:
        """Extract and file what is missing; only who holds the lock may."""
        for left in [*self.folder.glob("*.features.part"), *self.folder.glob("part-*.features")]:
            # half a part, of a process that was killed: whoever writes holds the lock
            if left.suffix == ".part" or left.stem not in self._parts:
                left.unlink()
        loader = torch.utils.data.DataLoader(
            _Missing(self.extractor, self.max_frames, self.transform, self.seed, list(missing.items())),
            batch_size=None,
            num_workers=num_workers,
            # its own, so that a run draws the same numbers whether or not it found its features here
            generator=torch.Generator().manual_seed(0),
        )
        items: Iterator[Any] = iter(
            tqdm(loader, desc="caching features", unit="clip", total=len(missing), disable=not progress)
        )
        done = False
        while not done:
            with _part(self.folder) as (data, frames, shape):
                done = True
                for key, features in items:
                    data.write(features.numpy().astype("<f4", copy=False).tobytes())
                    frames[key] = features.shape[-1]
                    shape[:] = features.shape[:2]
                    if data.tell() >= PART_BYTES:
                        done = False
                        break

    def fit_normalization(self, extractor: SpectrogramFeatureExtractor, audios: Sequence[Any]) -> None:
        """Fit an extractor's normalisation on clips without reading the cached ones; give training clips only.

        Figures are those of the extractor's own `fit_normalization` on the same clips.

        Args:
            extractor: one with this cache's settings of the signal.
            audios: entries of the column `audio`.

        Raises:
            ValueError: if the extractor's settings of the signal are others.
        """
        ours, its = self.extractor.raw_settings, extractor.raw_settings
        if ours != its:
            differing = sorted(name for name in ours | its if ours.get(name) != its.get(name))
            raise ValueError(
                f"the extractor differs from the cache's in {differing}; make a cache with this extractor"
            )
        features = self.features_of(audios)
        extractor.fit_normalization_on(self._whole(features, index, audio) for index, audio in enumerate(audios))

    def _whole(self, features: "CachedFeatures", index: int, audio: Any) -> torch.Tensor:
        found = torch.from_numpy(features.read(0, index))
        if self.max_frames is None or found.shape[-1] < self.max_frames:
            return found
        # the figures are of whole clips, and this one may have been cropped
        rate = self.extractor.sampling_rate
        return self.extractor.extract_raw(load_audio(audio, rate), rate)


class CachedFeatures:
    """Features of some clips and views, mapped into memory: nothing is copied before a batch is made of them.

    Args:
        files: the parts that hold them.
        shape: channels and bands.
        where: (views, clips, 3): number of the file, first value, frames.
    """

    def __init__(self, files: Sequence[Path], shape: tuple[int, int], where: np.ndarray) -> None:
        self.files, self.shape, self.where = list(files), shape, where
        self._open: dict[int, np.ndarray] = {}

    def __getstate__(self) -> dict[str, Any]:
        # a data worker opens its own maps; pickled ones would carry all they show
        return self.__dict__ | {"_open": {}}

    @property
    def num_views(self) -> int:
        """Views of each clip."""
        return len(self.where)

    def read(self, view: int, index: int) -> np.ndarray:
        """Features of a clip, (channels, bands, frames) float32, in the view at this place of the views asked for."""
        number, start, frames = (int(value) for value in self.where[view, index])
        if number not in self._open:
            # "c": torch wants arrays that could be written; what is written would stay in this process
            self._open[number] = np.memmap(self.files[number], "<f4", "c")
        channels, bands = self.shape
        return self._open[number][start : start + channels * bands * frames].reshape(channels, bands, frames)


class _Missing(torch.utils.data.Dataset):
    """The features to extract, in whatever process asks for them."""

    def __init__(
        self, extractor: Any, max_frames: int | None, transform: Any, seed: int, items: list[tuple[str, Any]]
    ) -> None:
        self.extractor, self.max_frames, self.transform, self.seed = extractor, max_frames, transform, seed
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[str, torch.Tensor]:
        key, (audio, view) = self.items[index]
        rate = self.extractor.sampling_rate
        waveform = load_audio(audio, rate)
        if self.transform is not None:
            content = int(key.split("-")[0], 16)
            waveform = self.transform(waveform, np.random.default_rng([self.seed, view, content]))
        return key, self.extractor.extract_raw(waveform, rate, self.max_frames)


@contextmanager
def _part(folder: Path) -> Iterator[tuple[Any, dict[str, int], list[int]]]:
    """A file of features to write into; whatever was written whole is filed at the end, come what may."""
    frames: dict[str, int] = {}
    shape: list[int] = []
    unfinished = folder / f"{os.getpid()}.features.part"
    with open(unfinished, "wb") as data:
        try:
            yield data, frames, shape
        finally:
            # a clip that was being written is cut off
            data.truncate(4 * int(np.prod(shape)) * sum(frames.values()) if frames else 0)
            data.flush()
            os.fsync(data.fileno())
            if frames:
                name = "part-" + hashlib.sha256("".join(frames).encode()).hexdigest()[:16]
                os.replace(unfinished, folder / f"{name}.features")
                # last, because it says that the part is whole
                write_whole(folder / f"{name}.json", json.dumps({"shape": shape, "frames": frames}))
            else:
                unfinished.unlink()


def _files_in(settings: Any) -> Iterator[Path]:
    """The files that settings name, and those in the folders that they name."""
    if isinstance(settings, Mapping):
        settings = list(settings.values())
    if isinstance(settings, list | tuple):
        for value in settings:
            yield from _files_in(value)
    elif isinstance(settings, str | Path) and len(str(settings)) < 4096:
        path = Path(settings)
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from (file for file in path.rglob("*") if file.is_file())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


__all__ = ["CachedFeatures", "FeatureCache"]
