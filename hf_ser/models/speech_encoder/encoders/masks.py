"""Real samples and frames: right padding, told by lengths."""

import torch
from transformers import PreTrainedConfig


def real_lengths(attention_mask: torch.Tensor | None, inputs: torch.Tensor) -> torch.Tensor | None:
    """Number of real samples or frames of each clip.

    Args:
        attention_mask: Shape (batch, time), 1 on real signal and 0 on padding at the end; None: all is real.
        inputs: What it masks, time on its second axis.

    Returns:
        Lengths of shape (batch,), at least 1; None if all is real.

    Raises:
        ValueError: If the shapes differ, or padding stands anywhere but at the end (looked at on the CPU only, where
            it costs nothing).
    """
    if attention_mask is None:
        return None
    if attention_mask.shape != inputs.shape[:2]:
        raise ValueError(
            f"got an attention_mask of shape {tuple(attention_mask.shape)}, expected {tuple(inputs.shape[:2])}, a "
            "number for each sample or frame of each clip; pass the one that the feature extractor gives"
        )
    real = attention_mask.bool()
    lengths = real.sum(dim=1)
    if real.device.type == "cpu" and not torch.compiler.is_compiling():
        if not torch.equal(real, time_mask(lengths, real.shape[1])):
            raise ValueError(
                "got an attention_mask with zeros before ones, expected padding at the end of each clip only; set "
                "padding_side='right' in the feature extractor"
            )
        if bool((lengths == real.shape[1]).all()):
            return None
    return lengths.clamp(min=1)


def time_mask(lengths: torch.Tensor, size: int) -> torch.Tensor:
    """A mask of shape (batch, size) that is True below each clip's length; `lengths` has shape (batch,)."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]


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
