"""Positional tables over a (frequency, time) grid of tokens: the fixed sinusoid, and resizing to another grid."""

import torch
from torch import nn


def sinusoid_table(num_positions: int, hidden_size: int) -> torch.Tensor:
    """The fixed table of the `_sine` variants (Vaswani et al. 2017, section 3.5, over the flattened token index).

    Args:
        num_positions: Rows; position 0 is the class token where there is one.
        hidden_size: Channels; even channels hold sines, odd ones cosines of p / 10000^(2 floor(i / 2) / hidden_size).

    Returns:
        Table of shape (1, num_positions, hidden_size), float32.
    """
    position = torch.arange(num_positions, dtype=torch.float64)[:, None]
    channel = torch.arange(hidden_size)
    angle = position / 10000 ** (2 * (channel // 2) / hidden_size).to(torch.float64)
    return torch.where(channel % 2 == 0, angle.sin(), angle.cos()).to(torch.float32)[None]


def is_sinusoid_table(table: torch.Tensor) -> bool:
    """Whether a table of shape (1, positions, hidden_size) is the sinusoid, up to the rounding of half precision."""
    expected = sinusoid_table(*table.shape[1:]).to(table.device)
    return torch.allclose(table.float(), expected, rtol=0.0, atol=1e-2)


def resize_position_table(
    table: torch.Tensor, source_grid: tuple[int, int], target_grid: tuple[int, int]
) -> torch.Tensor:
    """Resize a positional table bilinearly (half-pixel centres, no antialiasing), as the original does for square
    images.

    Args:
        table: Shape (1, positions, hidden_size), positions row-major over the source grid, leading rows beyond the
            grid (a class token) carried over unchanged.
        source_grid: Tokens along frequency and time of the table.
        target_grid: Tokens along frequency and time wanted.

    Returns:
        Table of shape (1, positions of the target grid plus leading rows, hidden_size), in the table's own dtype.
    """
    leading = table.shape[1] - source_grid[0] * source_grid[1]
    prefix, grid = table[:, :leading], table[:, leading:]
    if source_grid != target_grid:
        image = grid.unflatten(1, source_grid).permute(0, 3, 1, 2).float()
        image = nn.functional.interpolate(image, size=target_grid, mode="bilinear", align_corners=False)
        grid = image.flatten(2).transpose(1, 2).to(table.dtype)
    return torch.cat([prefix, grid], dim=1)


__all__ = ["is_sinusoid_table", "resize_position_table", "sinusoid_table"]
