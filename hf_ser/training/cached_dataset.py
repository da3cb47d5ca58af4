"""Corpus rows -> features out of a `FeatureCache`, a view drawn for each clip and epoch."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import numpy as np

from ..augmentation import WaveformAugmentation
from .arguments import SerTrainingArguments
from .clip_store import StoredArrays
from .dataset import Example, SerDataset, WaveformTransform
from .feature_cache import FeatureCache


class CachedDataset(SerDataset):
    """The clips of some rows of a corpus as features before normalisation, mapped from disk.

    The collator completes them (`SpectrogramFeatureExtractor.finish`). Draws are keyed by (seed, epoch, row), as in
    `SerDataset`.

    Args:
        corpus: dataset with the columns `audio`, `emotion` and `speaker`.
        label2id: emotion name -> class index.
        rows: the rows of the corpus to use; all of them by default.
        features: views of these rows, in their order; the first view is the clip as it is.
        twins: the noisy twins of these views, in their order, for stability training.
        max_frames: longer clips are cut to a stretch of this many frames, drawn at random: for training sides only.
            Where levels are relative to the loudest point, that point is the whole clip's.
        seed: key of the draws.
        sampling_rate: rate of the waveforms that the features are of, in Hz.
    """

    def __init__(
        self,
        corpus: datasets.Dataset,
        label2id: Mapping[str, int],
        rows: Sequence[int] | None = None,
        *,
        features: Sequence[StoredArrays],
        twins: Sequence[StoredArrays] = (),
        max_frames: int | None = None,
        seed: int = 0,
        sampling_rate: int = 16000,
    ) -> None:
        super().__init__(corpus, label2id, rows, sampling_rate=sampling_rate, seed=seed)
        self.max_frames = max_frames
        self._views = [(part, place) for part in features for place in range(part.num_views)]
        self._twins = [(part, place) for part in twins for place in range(part.num_views)]

    def __getitem__(self, index: int) -> Example:
        row = self.rows[index]
        draw = self.draw(index)
        generator = np.random.default_rng([*draw, 0])
        view = int(generator.integers(0, len(self._views))) if len(self._views) > 1 else 0
        sources = [self._views[view], self._twins[view]] if self._twins else [self._views[view]]
        shown = [part.read(place, index) for part, place in sources]
        if self.max_frames is not None and (spare := shown[0].shape[-1] - self.max_frames) > 0:
            start = int(generator.integers(0, spare + 1))
            # a twin may be trimmed otherwise, where noise covers a silent end
            starts = [max(0, min(start, clip.shape[-1] - self.max_frames)) for clip in shown]
            shown = [clip[..., at : at + self.max_frames] for clip, at in zip(shown, starts, strict=True)]
        example: Example = {"features": shown[0], "labels": self.labels[index], "row_ids": row, "draw": draw}
        if self._twins:
            example["twin_features"] = shown[1]
        return example


def cached_dataset(
    corpus: datasets.Dataset,
    label2id: Mapping[str, int],
    extractor: Any,
    args: SerTrainingArguments,
    *,
    training: bool,
    twin: WaveformTransform | None = None,
) -> CachedDataset:
    """A side of a run whose features come from `args.feature_cache_dir`; what is missing there is extracted first.

    Evaluation sides get the clips as they are. Training sides get `args.feature_cache_views` views: the first is the
    clip as it is, the others are augmented as `args.augmentation` says. A twin is made of each view before a stretch
    of `args.max_train_seconds` is cut out, where an uncached run makes it of the stretch.

    Args:
        corpus: the rows.
        label2id: emotion name -> class index.
        extractor: computes the features.
        args: the settings of the run.
        training: whether this is the training side.
        twin: makes the noisy twins of stability training, called as `twin(waveform, generator)`; None for none. Its
            attributes (`vars`) that JSON can hold tell it from other twins.

    Raises:
        TypeError: if the extractor's features cannot be cached.
        AudioError: if a clip cannot be read.
    """
    # a stretch may come from anywhere in the clip; without one, clips are cropped as the extractor crops them
    stretch = None
    if training and args.max_train_seconds is not None:
        stretch = extractor.frames_of(max(1, round(args.max_train_seconds * extractor.sampling_rate)))
    audios = list(corpus["audio"])

    def views_of(views: Sequence[int], transform: WaveformTransform | None = None, settings: Any = None) -> Any:
        cache = FeatureCache(
            str(args.feature_cache_dir),
            extractor,
            max_frames=None if stretch else extractor.num_frames,
            transform=transform,
            transform_settings=settings,
            seed=args.seed,
        )
        return cache.features_of(
            audios, views, num_workers=args.dataloader_num_workers, progress=not args.disable_tqdm
        )

    features, twins = [views_of([0])], []
    others = range(1, args.feature_cache_views if training else 1)
    augmentation = WaveformAugmentation(args.augmentation, extractor.sampling_rate)
    spec = augmentation.transforms
    if others:
        features += [views_of(others, augmentation, spec)] if spec else features * len(others)
    if training and twin is not None:
        said = _settings_of(twin)
        twins = [views_of([0] if spec else [0, *others], twin, {"twin": said})]
        if others and spec:
            twins.append(views_of(others, _InTurn(augmentation, twin), {"augmentation": spec, "twin": said}))
    return CachedDataset(
        corpus,
        label2id,
        features=features,
        twins=twins,
        max_frames=stretch,
        seed=args.seed,
        sampling_rate=extractor.sampling_rate,
    )


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
