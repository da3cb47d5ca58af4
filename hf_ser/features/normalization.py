"""Normalisation of spectrograms over real frames, and the figures that are fitted on training clips.

Every function also maps the floor, the value of silence, so that padding stays what silence would have become.
"""

from collections.abc import Sequence

import numpy as np
import torch

SMALLEST_SPREAD = 1e-5


def normalize_clip(values: torch.Tensor, floor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Subtract each clip's mean and divide by its standard deviation, channel by channel.

    Args:
        values: Shape (batch, channels, bands, frames). All frames are real ones.
        floor: Value of silence, shape (channels, bands).

    Returns:
        The normalised values, and the floor of each clip, shape (batch, channels, bands).
    """
    deviation, mean = torch.std_mean(values, dim=(-2, -1), correction=0, keepdim=True)
    deviation.clamp_(min=SMALLEST_SPREAD)
    return (values - mean) / deviation, ((floor.unsqueeze(-1) - mean) / deviation).squeeze(-1)


def normalize_bands(
    values: torch.Tensor, floor: torch.Tensor, mean: torch.Tensor, std: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(values - mean) / std with stored figures per channel and band.

    Args:
        values: Shape (batch, channels, bands, frames).
        floor: Value of silence, shape (channels, bands).
        mean: Shape (channels, bands).
        std: Shape (channels, bands).

    Returns:
        The normalised values and floor, shapes as given.
    """
    return (values - mean.unsqueeze(-1)) / std.unsqueeze(-1), (floor - mean) / std


def scale_bands(
    values: torch.Tensor, floor: torch.Tensor, low: torch.Tensor, high: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Map each band's stored range low..high to 0..1 and clip there, as system 001 does.

    Args:
        values: Shape (batch, channels, bands, frames).
        floor: Value of silence, shape (channels, bands).
        low: Shape (channels, bands), taken to 0.
        high: Shape (channels, bands), taken to 1.

    Returns:
        The normalised values and floor, shapes as given.
    """
    span = high - low
    scaled = (values - low.unsqueeze(-1)).div_(span.unsqueeze(-1)).clamp_(0.0, 1.0)
    return scaled, ((floor - low) / span).clamp_(0.0, 1.0)


class RunningBandStatistics:
    """Mean, standard deviation, minimum and maximum of every channel and band over clips seen one at a time.

    Memory does not grow with the number of clips. Sums are taken in float64 by Chan's update of mean and squared
    deviation.
    """

    def __init__(self) -> None:
        self.frames = 0
        self._mean: np.ndarray | float = 0.0
        self._squares: np.ndarray | float = 0.0
        self._low: np.ndarray | float = np.inf
        self._high: np.ndarray | float = -np.inf

    def update(self, values: np.ndarray) -> None:
        """Add a clip, shape (channels, bands, frames)."""
        values = values.astype(np.float64)
        frames = values.shape[-1]
        mean = values.mean(axis=-1)
        squares = ((values - mean[..., None]) ** 2).sum(axis=-1)
        difference = mean - self._mean
        total = self.frames + frames
        self._mean = self._mean + difference * (frames / total)
        self._squares = self._squares + squares + difference**2 * (self.frames * frames / total)
        self._low = np.minimum(self._low, values.min(axis=-1))
        self._high = np.maximum(self._high, values.max(axis=-1))
        self.frames = total

    def mean_and_std(self) -> tuple[list[list[float]], list[list[float]]]:
        """Mean and population deviation, (channels, bands) each; 1 for the deviation of a band that never changes."""
        std = np.sqrt(np.asarray(self._squares) / self.frames)
        return np.asarray(self._mean).tolist(), np.where(std > SMALLEST_SPREAD, std, 1.0).tolist()

    def low_and_high(self) -> tuple[list[list[float]], list[list[float]]]:
        """Minimum and maximum, (channels, bands) each; a band that never changes gets a range of 1."""
        low, high = np.asarray(self._low), np.asarray(self._high)
        return low.tolist(), np.where(high - low > SMALLEST_SPREAD, high, low + 1.0).tolist()


def band_figures(figures: Sequence[float] | Sequence[Sequence[float]], device: torch.device) -> torch.Tensor:
    """Stored figures, (bands,) or (channels, bands), as a float32 tensor (channels, bands)."""
    tensor = torch.tensor(figures, dtype=torch.float32, device=device)
    return tensor if tensor.dim() == 2 else tensor.unsqueeze(0)
