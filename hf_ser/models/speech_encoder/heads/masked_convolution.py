"""Convolution blocks over (time, features) images of unequal length, in which padding never reaches a real frame."""

import torch
from torch import nn

POOL = 3


def zero_padded_rows(images: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
    """Set rows beyond each clip's length to zero, which is what a convolution sees beyond the end of a clip alone.

    Args:
        images: Shape (batch, channels, time, features).
        lengths: Real rows of each clip, shape (batch,); None if all are real.

    Returns:
        The same shape.
    """
    if lengths is None:
        return images
    real = torch.arange(images.shape[2], device=images.device) < lengths[:, None]
    return images.masked_fill(~real[:, None, :, None], 0.0)


class MaskedBatchNorm2d(nn.BatchNorm2d):
    """`nn.BatchNorm2d`, under the same names, whose statistics in training are taken over real rows only."""

    def forward(self, images: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Normalise.

        Args:
            images: Shape (batch, channels, time, features).
            lengths: Real rows of each clip, shape (batch,); None if all are real.

        Returns:
            The same shape; in training padded rows are zero, otherwise they hold no particular value.
        """
        if lengths is None or not self.training:
            return super().forward(images)
        real = torch.arange(images.shape[2], device=images.device) < lengths[:, None]
        rows = images.transpose(1, 2).flatten(0, 1)
        places = real.flatten().nonzero()[:, 0]
        # real rows alone, as a batch of their own
        normed = super().forward(rows.index_select(0, places)[..., None])[..., 0]
        spread = normed.new_zeros(rows.shape).index_copy(0, places, normed)
        return spread.unflatten(0, real.shape).transpose(1, 2)


class ConvolutionStage(nn.Module):
    """Convolutions 3 x 3 of one width, each with batch norm and ReLU, then a maximum over 3 x 3.

    Args:
        in_channels: Channels that come in.
        out_channels: Channels that go out.
        depth: Convolutions.
    """

    def __init__(self, in_channels: int, out_channels: int, depth: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(out_channels if index else in_channels, out_channels, kernel_size=3, padding=1)
            for index in range(depth)
        )
        self.norms = nn.ModuleList(MaskedBatchNorm2d(out_channels) for _ in range(depth))

    def forward(
        self, images: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Apply the stage.

        Args:
            images: Shape (batch, in_channels, time, features), zero beyond each clip's length.
            lengths: Real rows of each clip, shape (batch,); None if all are real.

        Returns:
            Shape (batch, out_channels, time // 3, features // 3), zero beyond each clip's new length, and the new
            lengths. What is smaller than three is pooled into one: the values are not negative, so that zeros beside
            them change no maximum.
        """
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            images = zero_padded_rows(torch.relu(norm(convolution(images), lengths)), lengths)
        missing = [max(POOL - size, 0) for size in images.shape[2:]]
        if any(missing):
            images = nn.functional.pad(images, (0, missing[1], 0, missing[0]))
        if lengths is not None:
            lengths = (lengths // POOL).clamp(min=1)
        return zero_padded_rows(nn.functional.max_pool2d(images, POOL), lengths), lengths


def pool_to_grid(images: torch.Tensor, lengths: torch.Tensor | None, rows: int) -> torch.Tensor:
    """Average each clip's own rows into a fixed number, as `nn.AdaptiveAvgPool2d` does for a clip alone.

    Args:
        images: Shape (batch, channels, time, features), zero beyond each clip's length.
        lengths: Real rows of each clip, shape (batch,), at least 1; None if all are real.
        rows: Rows wanted.

    Returns:
        Shape (batch, channels, rows, features).
    """
    time = images.shape[2]
    if lengths is None:
        lengths = torch.full(images.shape[:1], time, device=images.device)
    row = torch.arange(rows, device=images.device)
    starts = (row * lengths[:, None]) // rows
    ends = ((row + 1) * lengths[:, None] + rows - 1) // rows
    position = torch.arange(time, device=images.device)
    inside = (position >= starts[..., None]) & (position < ends[..., None])
    shares = inside.float() / (ends - starts)[..., None]
    return torch.einsum("brt,bctf->bcrf", shares, images.float()).to(images.dtype)


__all__ = ["ConvolutionStage", "MaskedBatchNorm2d", "pool_to_grid", "zero_padded_rows"]
