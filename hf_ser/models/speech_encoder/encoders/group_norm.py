"""Group norm over real samples only.

HuBERT-base and wav2vec2-base normalise the first convolution's output over the whole clip, padding included; under a
mask their states still change with the padding, by up to 2. With statistics over what is real they do not.
"""

import torch
from torch import nn

from .masks import time_mask


def masked_group_norm(norm: nn.GroupNorm, values: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
    """Apply a group norm with statistics over real positions.

    Args:
        norm: The layer, whose weights are used as they are.
        values: Shape (batch, channels, time).
        lengths: Real positions of shape (batch,); None: all, which is the layer's own forward.

    Returns:
        The normalised values, of the same shape.
    """
    if lengths is None:
        return norm(values)
    batch, channels, time = values.shape
    real = time_mask(lengths, time)[:, None, None]
    grouped = values.float().view(batch, norm.num_groups, -1, time)
    count = (lengths * grouped.shape[2])[:, None, None, None]
    mean = torch.where(real, grouped, 0).sum(dim=(2, 3), keepdim=True) / count
    centred = grouped - mean
    variance = torch.where(real, centred, 0).square().sum(dim=(2, 3), keepdim=True) / count
    normal = (centred * torch.rsqrt(variance + norm.eps)).view(batch, channels, time).to(values.dtype)
    if norm.weight is None:
        return normal
    return normal * norm.weight[:, None] + norm.bias[:, None]


__all__ = ["masked_group_norm"]
