"""Lengths of batches in frames, and the padding of features that were computed one by one."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers.utils import PaddingStrategy


def padded_length(
    frames: Sequence[int], padding: bool | str | PaddingStrategy | None, limit: int | None, multiple: int | None
) -> int:
    """Number of frames that a batch is padded to.

    Args:
        frames: Real frames of each clip.
        padding: "max_length" (to `limit`), "longest" or True, "do_not_pad" or False; None is "max_length" if there is
            a limit, otherwise "longest".
        limit: Fixed number of frames, if any.
        multiple: Rounds up to a multiple, if given.

    Returns:
        The number of frames.

    Raises:
        ValueError: If there is no length to pad to, or clips of unequal length are not to be padded.
    """
    if padding is None:
        padding = "longest" if limit is None else "max_length"
    elif isinstance(padding, bool):
        padding = "longest" if padding else "do_not_pad"
    strategy = PaddingStrategy(padding)
    length = max(frames)
    if strategy == PaddingStrategy.MAX_LENGTH:
        if limit is None:
            raise ValueError(
                "padding='max_length' needs a length: set num_frames, pass max_length, or use padding='longest'"
            )
        length = limit
    elif strategy == PaddingStrategy.DO_NOT_PAD and min(frames) != length:
        raise ValueError(
            f"padding=False, but the clips have {min(frames)} to {length} frames: use 'longest' or 'max_length'"
        )
    return length if multiple is None else -(-length // multiple) * multiple


def frame_mask(frames: Sequence[int], length: int, device: torch.device) -> torch.Tensor:
    """Mask (batch, length), int64, 1 on the first frames[i] frames of row i."""
    counts = torch.tensor(frames, device=device)
    return (torch.arange(length, device=device) < counts[:, None]).long()


def pad_features(features: Sequence[Any], floor: torch.Tensor, length: int) -> torch.Tensor:
    """Stack features of unequal length.

    Args:
        features: Arrays or tensors of shape (channels, rows, frames) or (1, channels, rows, frames).
        floor: Value of padded frames, shape (channels, rows).
        length: Frames wanted.

    Returns:
        Tensor of shape (batch, channels, rows, length), float32.
    """
    padded = floor[None, ..., None].repeat(len(features), 1, 1, length)
    for row, values in zip(padded, features, strict=True):
        clip = torch.as_tensor(values)
        clip = clip.squeeze(0) if clip.dim() == 4 else clip
        row[..., : clip.shape[-1]] = clip
    return padded
