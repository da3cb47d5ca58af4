"""Networks in which padding never reaches a real frame; time is the third axis: (batch, channels, time, ...)."""

import torch
from torch import nn

from ..real_frames import real_lengths, time_mask


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
    real = time_mask(lengths, values.shape[2])
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
    # autocast on the CPU pads bfloat16 to float32
    return padded.scatter(2, at(last + step + padding), mirrored.to(padded.dtype))


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
    return time_mask(lengths, frames).to(values.dtype) / lengths[:, None]


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
        real = time_mask(lengths, values.shape[2])
        frames_first = values.transpose(1, 2)
        normalised = torch.zeros_like(frames_first)
        normalised[real] = super().forward(frames_first[real])
        return normalised.transpose(1, 2)


__all__ = ["MaskedBatchNorm", "mean_weights", "mirror_ends", "real_lengths", "zero_padding"]
