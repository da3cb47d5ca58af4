"""Corpus rows -> what the frozen layers of an encoder made of them, and batches of that."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import datasets
import numpy as np
import torch
from transformers import SequenceFeatureExtractor

from .cached_views import CachedViews
from .collator import SerCollator
from .dataset import Example, SerDataset


class PrefixDataset(SerDataset):
    """The clips of some rows of a corpus as hidden states, mapped from disk; a view drawn for each clip and epoch.

    Args:
        corpus: dataset with the columns `audio`, `emotion` and `speaker`.
        label2id: emotion name -> class index.
        views: prefixes (states, frames, features) of the rows; the first view is the clip as it is.
        functionals: functionals (88, 1) of the same views; None if the model reads none.
        fingerprint: of the weights that the prefixes were computed with.
        training: whether this is the training side.
        seed: key of the draws.
        sampling_rate: rate of the waveforms, in Hz.
    """

    def __init__(
        self,
        corpus: datasets.Dataset,
        label2id: Mapping[str, int],
        *,
        views: CachedViews,
        functionals: CachedViews | None = None,
        fingerprint: str = "",
        training: bool = False,
        seed: int = 0,
        sampling_rate: int = 16000,
    ) -> None:
        super().__init__(corpus, label2id, sampling_rate=sampling_rate, seed=seed)
        self.views, self.functionals = views, functionals
        self.fingerprint, self.training = fingerprint, training

    def lengths(self) -> list[int]:
        """See `SerDataset`: frames of the clips as they are."""
        return self.views.lengths()

    @contextmanager
    def as_they_are(self) -> Iterator[None]:
        """See `SerDataset`: the first view."""
        kept = self.views, self.functionals
        self.views, self.functionals = self.views.first(), self.functionals and self.functionals.first()
        try:
            yield
        finally:
            self.views, self.functionals = kept

    def __getitem__(self, index: int) -> Example:
        draw = self.draw(index)
        view = self.views.draw(np.random.default_rng([*draw, 0]))
        example: Example = {"labels": self.labels[index], "row_ids": self.rows[index], "draw": draw}
        shown = self.views.read(view, index)
        example["prefix"] = shown[0]
        if len(shown) > 1:
            example["twin_prefix"] = shown[1]
        if self.functionals is not None:
            figures = [figure[:, 0] for figure in self.functionals.read(view, index)]
            example["functionals"] = figures[0]
            if len(figures) > 1:
                example["twin_functionals"] = figures[1]
        return example


class PrefixCollator(SerCollator):
    """Pads prefixes to the longest clip of a batch.

    Args:
        feature_extractor: of the model, for what it says of the clips.
        layers: how many layers are below: what the model is told as `prefix_layers`.
    """

    def __init__(self, feature_extractor: SequenceFeatureExtractor, layers: int) -> None:
        super().__init__(feature_extractor)
        self.layers = layers

    def __call__(self, examples: Sequence[Example]) -> dict[str, Any]:
        """Collate examples of a `PrefixDataset`.

        Returns:
            `prefix` (batch, states, frames, features) float32, `attention_mask` (batch, frames) int64, 1 on real
            frames, `functionals` (batch, 88) where the model reads them, of twins the same under names that begin with
            `twin_`; `labels`, `row_ids`, and `prefix_layers`, an int.
        """
        batch: dict[str, Any] = super().__call__(examples)
        for name in ("functionals", "twin_functionals"):
            if name in examples[0]:
                batch[name] = torch.from_numpy(np.stack([example[name] for example in examples]))  # type: ignore
        batch["prefix_layers"] = self.layers
        return batch

    def _extract(self, source: str, clips: list[np.ndarray], voiced: bool = False) -> dict[str, torch.Tensor]:
        states, _, features = clips[0].shape
        frames = [clip.shape[1] for clip in clips]
        prefix = torch.zeros(len(clips), states, max(frames), features)
        mask = torch.zeros(len(clips), max(frames), dtype=torch.int64)
        for number, (clip, length) in enumerate(zip(clips, frames, strict=True)):
            prefix[number, :, :length] = torch.from_numpy(clip)
            mask[number, :length] = 1
        return {"prefix": prefix, "attention_mask": mask}


__all__ = ["PrefixCollator", "PrefixDataset"]
