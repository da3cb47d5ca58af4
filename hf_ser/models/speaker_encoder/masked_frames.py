"""Networks in which padding never reaches a real frame; time is the third axis: (batch, channels, time, ...)."""

import torch
from torch import nn


def real_lengths(attention_mask: torch.Tensor | None, inputs: torch.Tensor) -> torch.Tensor | None:
    """Number of real frames of each clip.

    Args:
        attention_mask: Shape (batch, frames), 1 on real frames and 0 on padding at the end; None: all is real.
        inputs: What it masks, (batch, frames, ...).

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
            "number for each frame of each clip; pass the one that the feature extractor gives"
        )
    real = attention_mask.bool()
    lengths = real.sum(dim=1)
    if real.device.type == "cpu" and not torch.compiler.is_compiling():
        if not torch.equal(real, is_real(lengths, real.shape[1])):
            raise ValueError(
                "got an attention_mask with zeros before ones, expected padding at the end of each clip only"
            )
        if bool((lengths == real.shape[1]).all()):
            return None
    return lengths.clamp(min=1)


def is_real(lengths: torch.Tensor, frames: int) -> torch.Tensor:
    """A mask of shape (batch, frames) that is True below each clip's length; `lengths` has shape (batch,)."""
    return torch.arange(frames, device=lengths.device) < lengths[:, None]


def zero_padding(values: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
    """Set padding to zero, whatever it holds (NaN and infinity included).

    Args:
        values: Shape (batch, channels, time, ...).
        lengths: Real frames of each clip, shape (batch,); None if all are real.

    Returns:
        The same shape.
    """
    if lengths is None:
        return values
    real = is_real(lengths, values.shape[2])
    return values.masked_fill(~real.reshape(len(real), 1, -1, *(1,) * (values.ndim - 3)), 0.0)


def mirror_ends(values: torch.Tensor, lengths: torch.Tensor | None, padding: int) -> torch.Tensor:
    """Continue each clip at its own two ends by its mirror image, without repeating the end frames.

    Args:
        values: Shape (batch, channels, time).
        lengths: Real frames of each clip, shape (batch,), more than `padding`; None if all are real.
        padding: Frames to add on each side.

    Returns:
        Shape (batch, channels, time + 2 * padding); frame t of a clip is at t + padding.
    """
    if padding == 0:
        return values
    padded = nn.functional.pad(values, (padding, padding), mode="reflect")
    if lengths is None:
        return padded
    step = torch.arange(1, padding + 1, device=values.device)
    last = (lengths - 1)[:, None]

    def at(frames: torch.Tensor) -> torch.Tensor:
        return frames[:, None].expand(-1, values.shape[1], -1)

    mirrored = values.gather(2, at((last - step).clamp(min=0)))
    return padded.scatter(2, at(last + step + padding), mirrored)


def mean_weights(values: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
    """What each frame counts for in a plain mean.

    Args:
        values: Shape (batch, channels, time, ...); only its shape, dtype and device are read.
        lengths: Real frames of each clip, shape (batch,); None if all are real.

    Returns:
        Shape (batch, time): one over the number of real frames, 0 on padding.
    """
    batch, frames = values.shape[0], values.shape[2]
    if lengths is None:
        return values.new_full((batch, frames), 1.0 / frames)
    return is_real(lengths, frames).to(values.dtype) / lengths[:, None]


class MaskedBatchNorm(nn.BatchNorm1d):
    """Batch norm over (batch, channels, time, ...) whose statistics in training are those of real frames only."""

    def _check_input_dim(self, input: torch.Tensor) -> None:
        """Any number of axes after the channels will do."""

    def forward(self, values: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Normalise.

        Args:
            values: Shape (batch, channels, time, ...), or (batch, channels) without lengths.
            lengths: Real frames of each clip, shape (batch,); None if all are real.

        Returns:
            The same shape; padding holds no particular value.
        """
        if lengths is None or not self.training:
            return super().forward(values)
        real = is_real(lengths, values.shape[2])
        frames_first = values.transpose(1, 2)
        normalised = torch.zeros_like(frames_first)
        normalised[real] = super().forward(frames_first[real])
        return normalised.transpose(1, 2)


__all__ = ["MaskedBatchNorm", "is_real", "mean_weights", "mirror_ends", "real_lengths", "zero_padding"]
