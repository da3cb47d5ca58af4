"""Waveforms -> the batch a model reads; runs in the data workers."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from transformers import SequenceFeatureExtractor

from .dataset import Example

VOICES = ("speaker_embeddings", "twin_speaker_embeddings")
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

        Twins are extracted and padded together with their clips, and masked at the same places.

        Returns:
            the extractor's tensors, and of twins the same under names that begin with `twin_`; `labels` (batch,) and
            `row_ids` (batch,), the rows of the corpus. Where the examples hold speaker vectors, these as
            `speaker_embeddings` (batch, size), in place of what a speaker encoder would make them of.
        """
        source = next(name for name in ("features", "prefix", "waveform") if name in examples[0])
        items = cast(Sequence[Mapping[str, Any]], examples)
        twins = [item[f"twin_{source}"] for item in items if f"twin_{source}" in item]
        both = self._extract(source, [item[source] for item in items] + twins, VOICES[0] in examples[0])
        if self.masking is not None:
            keys = [[*example["draw"], 1] for example in examples]
            generators = [np.random.default_rng(key) for key in (keys + keys if twins else keys)]
            both["input_features"] = self.masking(both["input_features"], both["attention_mask"], generators)
        batch = {name: value[: len(examples)] for name, value in both.items()}
        if twins:
            batch |= {f"twin_{name}": value[len(examples) :] for name, value in both.items()}
        for name in VOICES:
            if name in items[0]:
                batch[name] = torch.from_numpy(np.stack([item[name] for item in items]))
        batch["labels"] = torch.from_numpy(np.array([example["labels"] for example in examples]))
        batch["row_ids"] = torch.tensor([example["row_ids"] for example in examples])
        return batch

    def _extract(self, source: str, clips: list[np.ndarray], voiced: bool = False) -> dict[str, torch.Tensor]:
        if source == "features":
            # they come from a cache, before normalisation
            features = [torch.from_numpy(clip) for clip in clips]
            return dict(self.feature_extractor.finish(features, padding=self.padding, return_tensors="pt"))
        extractor: Any = without_speaker(self.feature_extractor) if voiced else self.feature_extractor
        return dict(extractor(clips, sampling_rate=extractor.sampling_rate, padding=self.padding, return_tensors="pt"))


def without_speaker(extractor: SequenceFeatureExtractor) -> SequenceFeatureExtractor:
    """The same extractor, which does not spend time on what a speaker encoder reads."""
    if getattr(extractor, "speaker_extractor", None) is None:
        return extractor
    plain = copy.copy(extractor)
    plain.speaker_extractor = None
    return plain
