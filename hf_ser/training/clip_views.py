"""Views of clips: each clip as it is, or changed by a transform whose draws depend on the clip's content alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from ..audio import load_audio
from .clip_content import ContentKeys

WaveformTransform = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class ClipViews:
    """Makes views of clips and keys for them, for whatever is computed of views and kept.

    Args:
        contents: keys of clips by content.
        transform: for augmented views: called as `transform(waveform, generator)` with a generator keyed by
            (seed, view, content of the clip), so that a view does not depend on the clip's place in a dataset.
        settings: JSON values that tell this transform from any other; of files and folders that they name, the content
            counts.
        seed: key of the draws of `transform`.

    Raises:
        ValueError: if a transform comes without settings.
    """

    def __init__(
        self, contents: ContentKeys, transform: WaveformTransform | None = None, settings: Any = None, seed: int = 0
    ) -> None:
        if transform is not None and settings is None:
            raise ValueError("transform_settings is None; give the values that tell this transform from others")
        self.contents, self.transform, self.settings, self.seed = contents, transform, settings, seed

    def made_with(self) -> dict[str, Any]:
        """All that views depend on besides their clip and number, as JSON values."""
        if self.transform is None:
            return {}
        made: dict[str, Any] = {
            "transform": self.settings,
            "seed": self.seed,
            "audiomentations": _version("audiomentations"),
        }
        if files := sorted(_files_in(self.settings)):
            made["files"] = sorted(self.contents.keys_of(files))
        return made

    def keys_of(self, audios: Sequence[Any], views: Sequence[int]) -> list[list[str]]:
        """The key of each clip in each view."""
        contents = self.contents.keys_of(audios)
        return [[f"{content}-{view}" for content in contents] for view in views]

    def waveform(self, key: str, audio: Any, sampling_rate: int) -> np.ndarray:
        """A view of a clip, (samples,) float32.

        Args:
            key: of the view, see `keys_of`.
            audio: the clip's entry in the column `audio`.
            sampling_rate: rate to read it at, in Hz.

        Raises:
            AudioError: if the clip cannot be read.
        """
        waveform = load_audio(audio, sampling_rate)
        if self.transform is None:
            return waveform
        content, view = key.split("-")
        return self.transform(waveform, np.random.default_rng([self.seed, int(view), int(content, 16)]))

    def make_each(
        self,
        make: Callable[[np.ndarray], Any],
        clips: Mapping[str, Any],
        sampling_rate: int,
        *,
        num_workers: int = 0,
        progress: bool = True,
        what: str = "features",
    ) -> Iterator[tuple[str, Any]]:
        """Make something of views, one at a time, with a bar.

        Args:
            make: waveform (samples,) -> tensors, called in the data workers.
            clips: key of each view -> its clip's entry in the column `audio`.
            sampling_rate: rate to read clips at, in Hz.
            num_workers: processes to work with besides this one.
            progress: whether to show the bar.
            what: what the bar says is made.

        Yields:
            each key with what was made of its view.
        """
        loader = torch.utils.data.DataLoader(
            _Views(self, make, list(clips.items()), sampling_rate),
            batch_size=None,
            num_workers=num_workers,
            # its own, so that a run draws the same numbers whether or not it found what it wanted
            generator=torch.Generator().manual_seed(0),
        )
        made: Iterable[Any] = tqdm(loader, desc=f"caching {what}", unit="clip", total=len(clips), disable=not progress)
        yield from made


class _Views(torch.utils.data.Dataset):
    """What is to be made, in whatever process asks for it."""

    def __init__(
        self, views: ClipViews, make: Callable[[np.ndarray], Any], items: list[tuple[str, Any]], sampling_rate: int
    ) -> None:
        self.views, self.make, self.items, self.sampling_rate = views, make, items, sampling_rate

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[str, Any]:
        key, audio = self.items[index]
        return key, self.make(self.views.waveform(key, audio, self.sampling_rate))


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


__all__ = ["ClipViews"]
