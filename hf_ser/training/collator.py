"""Waveforms -> the batch a model reads; runs in the data workers."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from transformers import SequenceFeatureExtractor

from .dataset import Example

SpectrogramTransform = Callable[[torch.Tensor, torch.Tensor, Sequence[np.random.Generator]], torch.Tensor]


class SerCollator:
    """Extracts features of a batch of waveforms and pads them to the longest clip.

    Training and evaluation each get a collator of their own: only the training one masks.

    Args:
        feature_extractor: turns waveforms into `input_features` (batch, channels, frequency, time) and
            `attention_mask` (batch, time).
        masking: called as `masking(input_features, attention_mask, generators)` with one generator for each clip,
            keyed by (seed, epoch, row).
        padding: the extractor's padding; by default its `batch_padding`, or "longest" if it names none.
    """

    def __init__(
        self,
        feature_extractor: SequenceFeatureExtractor,
        masking: SpectrogramTransform | None = None,
        padding: str | bool | None = None,
    ) -> None:
        self.feature_extractor = feature_extractor
        self.masking = masking
        self.padding = getattr(feature_extractor, "batch_padding", "longest") if padding is None else padding

    def __call__(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """Collate examples of a `SerDataset`.

        Returns:
            the extractor's tensors, `labels` (batch,) and `row_ids` (batch,), the rows of the corpus.
        """
        batch = dict(
            self.feature_extractor(
                [example["waveform"] for example in examples],
                sampling_rate=self.feature_extractor.sampling_rate,
                padding=self.padding,
                return_tensors="pt",
            )
        )
        if self.masking is not None:
            generators = [np.random.default_rng([*example["draw"], 1]) for example in examples]
            batch["input_features"] = self.masking(batch["input_features"], batch["attention_mask"], generators)
        batch["labels"] = torch.tensor([example["labels"] for example in examples])
        batch["row_ids"] = torch.tensor([example["row_ids"] for example in examples])
        return batch
