"""Corpus rows -> features out of a `FeatureCache`, a view drawn for each clip and epoch."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import datasets
import numpy as np

from .arguments import SerTrainingArguments
from .cached_views import CachedViews, cached_views
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
        views: features of these rows, in their order; the first view is the clip as it is.
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
        views: CachedViews,
        max_frames: int | None = None,
        seed: int = 0,
        sampling_rate: int = 16000,
    ) -> None:
        super().__init__(corpus, label2id, rows, sampling_rate=sampling_rate, seed=seed)
        self.views, self.max_frames = views, max_frames

    def lengths(self) -> list[int]:
        """See `SerDataset`: frames of the clips as they are."""
        return self.views.lengths()

    @contextmanager
    def as_they_are(self) -> Iterator[None]:
        """See `SerDataset`: the first view, all of its frames."""
        kept = self.views, self.max_frames
        self.views, self.max_frames = self.views.first(), None
        try:
            yield
        finally:
            self.views, self.max_frames = kept

    def __getitem__(self, index: int) -> Example:
        row = self.rows[index]
        draw = self.draw(index)
        generator = np.random.default_rng([*draw, 0])
        view = self.views.draw(generator)
        shown = self.views.read(view, index)
        if self.max_frames is not None and (spare := shown[0].shape[-1] - self.max_frames) > 0:
            start = int(generator.integers(0, spare + 1))
            # a twin may be trimmed otherwise, where noise covers a silent end
            starts = [max(0, min(start, clip.shape[-1] - self.max_frames)) for clip in shown]
            shown = [clip[..., at : at + self.max_frames] for clip, at in zip(shown, starts, strict=True)]
        example: Example = {"features": shown[0], "labels": self.labels[index], "row_ids": row, "draw": draw}
        if len(shown) > 1:
            example["twin_features"] = shown[1]
        return self.add_voice(example, index, view)


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
        twin: makes the noisy twins of stability training, see `cached_views`; None for none.

    Raises:
        TypeError: if the extractor's features cannot be cached.
        AudioError: if a clip cannot be read.
    """
    # a stretch may come from anywhere in the clip; without one, clips are cropped as the extractor crops them
    stretch = None
    if training and args.max_train_seconds is not None:
        stretch = extractor.frames_of(max(1, round(args.max_train_seconds * extractor.sampling_rate)))

    def cache(transform: WaveformTransform | None, settings: Any) -> FeatureCache:
        return FeatureCache(
            str(args.feature_cache_dir),
            extractor,
            max_frames=None if stretch else extractor.num_frames,
            transform=transform,
            transform_settings=settings,
            seed=args.seed,
        )

    return CachedDataset(
        corpus,
        label2id,
        views=cached_views(
            cache,
            list(corpus["audio"]),
            args,
            args.feature_cache_views if training else 1,
            extractor.sampling_rate,
            twin if training else None,
        ),
        max_frames=stretch,
        seed=args.seed,
        sampling_rate=extractor.sampling_rate,
    )


__all__ = ["CachedDataset", "cached_dataset"]
