"""The spectrogram augmentation that the settings of a run ask for."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import SequenceFeatureExtractor

from ..augmentation import FrequencyShift, SpectrogramMasking
from .arguments import SerTrainingArguments


class SpectrogramAugmentation:
    """A frequency shift, then masks, drawn for each clip from its own generator.

    Masks are filled with each clip's own mean, so that a masked stripe says as little as can be.

    Args:
        shift: the shift, or None.
        masking: the masks, or None.
    """

    def __init__(self, shift: FrequencyShift | None, masking: SpectrogramMasking | None) -> None:
        self.steps = [step for step in (shift, masking) if step is not None]

    def __call__(
        self, features: torch.Tensor, attention_mask: torch.Tensor | None, rngs: Sequence[np.random.Generator]
    ) -> torch.Tensor:
        """Augment `features` (batch, channels, frequency, time); see `SpectrogramMasking`."""
        for step in self.steps:
            features = step(features, attention_mask, rngs)
        return features


def spectrogram_augmentation(
    args: SerTrainingArguments, extractor: SequenceFeatureExtractor
) -> SpectrogramAugmentation | None:
    """Build what the settings ask for; None if they ask for nothing.

    Raises:
        ValueError: if a mask or a shift is wider than the extractor's bands.
    """
    rows = extractor.output_size[1] if hasattr(extractor, "output_size") else None
    for name in ("frequency_mask_width", "frequency_shift"):
        if rows is not None and getattr(args, name) > rows:
            raise ValueError(f"{name} is {getattr(args, name)}, expected at most the extractor's {rows} bands")
    masks = args.time_masks > 0 or args.frequency_masks > 0
    if not masks and args.frequency_shift == 0:
        return None
    masking = SpectrogramMasking(
        num_time_masks=args.time_masks,
        max_time_share=args.time_mask_share,
        num_frequency_masks=args.frequency_masks,
        max_frequency_width=args.frequency_mask_width,
    )
    return SpectrogramAugmentation(
        FrequencyShift(args.frequency_shift) if args.frequency_shift > 0 else None, masking if masks else None
    )
