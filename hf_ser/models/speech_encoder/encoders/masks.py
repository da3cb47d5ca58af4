"""Real samples and frames: right padding, told by lengths."""

import torch
from transformers import PreTrainedConfig

from ...real_frames import real_lengths, time_mask


def zero_padding(values: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
    """Set padding to zero.

    Args:
        values: Shape (batch, time) or (batch, time, features).
        lengths: Real ones of shape (batch,); None: all.

    Returns:
        The values, zero from each clip's length on.
    """
    if lengths is None:
        return values
    real = time_mask(lengths, values.shape[1])
    return torch.where(real if values.ndim == 2 else real[..., None], values, 0)


def shortest_waveform(config: PreTrainedConfig) -> int:
    """Samples that an encoder's convolutions need for one frame; 1 where its configuration tells of none."""
    shortest = 1
    for kernel, stride in zip(
        reversed(getattr(config, "conv_kernel", ())), reversed(getattr(config, "conv_stride", ())), strict=True
    ):
        shortest = (shortest - 1) * stride + kernel
    return shortest


__all__ = ["real_lengths", "shortest_waveform", "time_mask", "zero_padding"]
