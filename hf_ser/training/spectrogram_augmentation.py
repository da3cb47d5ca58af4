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
        """Augment `features` (batch, channels, frequency, time), or (batch, time, frequency) as speech encoders read
        them; see `SpectrogramMasking`.
        """
        pictures = features.transpose(1, 2)[:, None] if features.ndim == 3 else features
        for step in self.steps:
            pictures = step(pictures, attention_mask, rngs)
        return pictures[:, 0].transpose(1, 2).contiguous() if features.ndim == 3 else pictures


def spectrogram_augmentation(
    args: SerTrainingArguments, extractor: SequenceFeatureExtractor
) -> SpectrogramAugmentation | None:
    """Build what the settings ask for; None if they ask for nothing.

    Raises:
        ValueError: if a mask or a shift is wider than the extractor's bands, or there are no bands.
    """
    asked = args.time_masks > 0 or args.frequency_masks > 0 or args.frequency_shift > 0
    if asked and getattr(extractor, "input_kind", None) == "waveform":
        raise ValueError(
            f"time_masks is {args.time_masks}, frequency_masks {args.frequency_masks} and frequency_shift "
            f"{args.frequency_shift}, but the model reads waveforms, which have no bands; set mask_time_prob and "
            "mask_feature_prob in the encoder's config, which mask what its convolutions give, or leave them out"
        )
    rows = extractor.output_size[1] if hasattr(extractor, "output_size") else None
    rows = getattr(extractor, "num_mel_bins", None) if rows is None else rows
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
