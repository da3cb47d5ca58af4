"""The views of a side of a run that a cache keeps: clips as they are, augmented ones, and the noisy twins of each."""

import json
import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..augmentation import WaveformAugmentation
from .arguments import SerTrainingArguments
from .clip_store import StoredArrays
from .dataset import WaveformTransform


class ViewCache(Protocol):
    """What keeps something of each view of a clip, such as a `FeatureCache`."""

    def features_of(
        self, audios: Sequence[Any], views: Sequence[int] = (0,), *, num_workers: int = 0, progress: bool = True
    ) -> StoredArrays:
        """What is kept of clips, by view and clip; computed first where it is missing."""
        ...


class CachedViews(NamedTuple):
    """The views of a side; each is an entry of what a cache gave, and its place there.

    Attributes:
        clips: views of the clips, the first as they are.
        twins: the noisy twins of these views, in their order; empty without stability training.
    """

    clips: list[tuple[StoredArrays, int]]
    twins: list[tuple[StoredArrays, int]]

    @classmethod
    def of(cls, clips: Sequence[StoredArrays], twins: Sequence[StoredArrays] = ()) -> "CachedViews":
        """The views out of what caches gave, in their order."""
        return cls(_places(clips), _places(twins))

    def first(self) -> "CachedViews":
        """The clips as they are, with their twins."""
        return CachedViews(self.clips[:1], self.twins[:1])

    def draw(self, generator: np.random.Generator) -> int:
        """Number of one of the views, all equally likely; nothing is drawn where there is but one."""
        return int(generator.integers(0, len(self.clips))) if len(self.clips) > 1 else 0

    def read(self, view: int, index: int) -> list[np.ndarray]:
        """A view of a clip, and its twin if there are twins."""
        sources = [self.clips[view], self.twins[view]] if self.twins else [self.clips[view]]
        return [part.read(place, index) for part, place in sources]

    def lengths(self) -> list[int]:
        """Frames of each clip as it is."""
        part, place = self.clips[0]
        return part.frames[place].tolist()


def _places(parts: Sequence[StoredArrays]) -> list[tuple[StoredArrays, int]]:
    return [(part, place) for part in parts for place in range(part.num_views)]


def cached_views(
    cache: Callable[[WaveformTransform | None, Any], ViewCache],
    audios: Sequence[Any],
    args: SerTrainingArguments,
    num_views: int,
    sampling_rate: int,
    twin: WaveformTransform | None = None,
) -> CachedViews:
    """The views of a side, computed where they are missing.

    Args:
        cache: called with a transform and the JSON values that tell it from others, both None for clips as they are;
            gives what keeps the views of that transform.
        audios: entries of the column `audio`.
        args: the settings of the run.
        num_views: views of each clip: itself, and others augmented as `args.augmentation` says; 1 for evaluation.
        sampling_rate: rate of the waveforms, in Hz.
        twin: makes the noisy twins of stability training, called as `twin(waveform, generator)`; None for none. Its
            attributes (`vars`) that JSON can hold tell it from other twins.

    Raises:
        AudioError: if a clip cannot be read.
    """

    def views_of(views: Sequence[int], transform: WaveformTransform | None = None, settings: Any = None) -> Any:
        return cache(transform, settings).features_of(
            audios, views, num_workers=args.dataloader_num_workers, progress=not args.disable_tqdm
        )

    clips, twins = [views_of([0])], []
    others = range(1, num_views)
    augmentation = WaveformAugmentation(args.augmentation, sampling_rate)
    spec = augmentation.transforms
    if others:
        clips += [views_of(others, augmentation, spec)] if spec else clips * len(others)
    if twin is not None:
        said = _settings_of(twin)
        twins = [views_of([0] if spec else [0, *others], twin, {"twin": said})]
        if others and spec:
            twins.append(views_of(others, _InTurn(augmentation, twin), {"augmentation": spec, "twin": said}))
    return CachedViews.of(clips, twins)


class _InTurn:
    """One transform after the other; the first draws what it would have drawn alone."""

    def __init__(self, *steps: WaveformTransform) -> None:
        self.steps = steps

    def __call__(self, waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        for step in self.steps:
            waveform = step(waveform, generator)
        return waveform


def _settings_of(transform: Any) -> dict[str, Any]:
    """What tells a transform from others of its kind, as JSON values."""
    said = {name: value for name, value in vars(transform).items() if not name.startswith("_")}
    return {"kind": type(transform).__qualname__, **json.loads(json.dumps(said, default=os.fspath))}


__all__ = ["CachedViews", "cached_views"]
