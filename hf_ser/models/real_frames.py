"""Real samples and frames, told by lengths: what all encoders share."""

import torch


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


__all__ = ["real_lengths", "time_mask"]
