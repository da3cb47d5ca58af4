"""Spectrograms as images: range 0..1, orientation, channels, colour, size, and the statistics of ImageNet."""

from functools import lru_cache

import torch
from torch.nn.functional import interpolate

from .colormap_magma import MAGMA_RGB

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@lru_cache(maxsize=8)
def _magma(device: torch.device) -> torch.Tensor:
    """The colour table, (256, 3), float32 in 0..1."""
    return torch.tensor(list(MAGMA_RGB), dtype=torch.float32, device=device).view(256, 3) / 255.0


def apply_magma(values: torch.Tensor) -> torch.Tensor:
    """Colour values by the nearest of magma's 256 steps, as matplotlib does.

    Args:
        values: Shape (batch, 1, bands, frames), 0 (black) to 1 (pale yellow); what lies outside is clipped.

    Returns:
        Red, green and blue in 0..1, shape (batch, 3, bands, frames).
    """
    index = values.mul(256.0).floor_().clamp_(0.0, 255.0).long().squeeze(1)
    return _magma(values.device)[index].movedim(-1, 1)


def imagenet_normalize(values: torch.Tensor) -> torch.Tensor:
    """Subtract ImageNet's channel means, divide by its deviations; `values` (batch, 3, bands, frames) in 0..1."""
    mean = torch.tensor(IMAGENET_MEAN, device=values.device).view(3, 1, 1)
    std = torch.tensor(IMAGENET_STD, device=values.device).view(3, 1, 1)
    return (values - mean) / std


def resize(values: torch.Tensor, size: tuple[int, int], resample: str, antialias: bool) -> torch.Tensor:
    """Resize spectrograms, half-pixel centred.

    Args:
        values: Shape (batch, channels, bands, frames).
        size: Rows (frequency) and columns (time) wanted.
        resample: "bilinear" or "bicubic".
        antialias: Whether to smooth before shrinking, as image libraries do.

    Returns:
        Tensor of shape (batch, channels, size[0], size[1]).
    """
    return interpolate(values, size=size, mode=resample, antialias=antialias, align_corners=False)


def render(
    values: torch.Tensor,
    *,
    value_range: tuple[float, float] | None,
    num_channels: int,
    colormap: str | None,
    low_frequency_at: str,
    image_normalization: str | None,
    size: tuple[int, int] | None,
    resample: str,
    antialias: bool,
) -> torch.Tensor:
    """Turn normalised spectrograms into images.

    Args:
        values: Shape (batch, channels, bands, frames), the lowest band first.
        value_range: The values that become 0 and 1, or None to leave values as they are.
        num_channels: Channels wanted: those of `values`, or 3 out of 1 by repetition.
        colormap: "magma" or None.
        low_frequency_at: "top" keeps the lowest band first, "bottom" puts it last.
        image_normalization: "imagenet" or None.
        size: Rows and columns wanted, or None to keep bands and frames.
        resample: See `resize`.
        antialias: See `resize`.

    Returns:
        Tensor of shape (batch, num_channels, rows, columns).
    """
    if value_range is not None:
        low, high = value_range
        values = ((values - low) / (high - low)).clamp_(0.0, 1.0)
    if low_frequency_at == "bottom":
        values = values.flip(-2)
    if colormap == "magma":
        values = apply_magma(values)
    if size is not None:
        values = resize(values, size, resample, antialias)
        if value_range is not None:
            # bicubic overshoots; an image holds nothing beyond black and white
            values = values.clamp_(0.0, 1.0)
    if num_channels != values.shape[1]:
        values = values.expand(-1, num_channels, -1, -1)
    return imagenet_normalize(values) if image_normalization == "imagenet" else values
