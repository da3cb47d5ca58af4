"""Lengths of batches in frames, and the padding of features that were computed one by one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
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


def _as_tensor(value: Any, name: str) -> torch.Tensor:
    """An array, tensor or nested list of numbers as a tensor."""
    if isinstance(value, torch.Tensor):
        return value
    try:
        return torch.as_tensor(np.asarray(value))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is no array of numbers: {error}") from error


def _as_items(processed: Any) -> list[Mapping[str, Any]]:
    """Features as mappings, one for each clip."""
    if isinstance(processed, Mapping):
        keys = [key for key in ("input_features", "attention_mask") if key in processed]
        if "input_features" not in keys:
            raise ValueError(f"the features lack 'input_features'; got {sorted(map(str, processed))}")
        lengths = {key: len(processed[key]) for key in keys}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"got lists of different lengths, {lengths}, expected one entry for each clip")
        return [{key: processed[key][row] for key in keys} for row in range(lengths["input_features"])]
    if not isinstance(processed, Iterable) or isinstance(processed, str):
        raise TypeError(
            f"got features as a {type(processed).__name__}, expected a list of mappings with 'input_features'"
        )
    return list(processed)


def late_items(processed: Any, channels: int, rows: int) -> tuple[list[torch.Tensor], list[int]]:
    """Read features that were computed one by one.

    Args:
        processed: Mappings with `input_features` of shape (channels, rows, frames), a leading 1 allowed, and perhaps
            `attention_mask` (frames,); or one mapping of these names to lists.
        channels: Channels of the features.
        rows: Rows of the features.

    Returns:
        The features, float32 tensors of shape (channels, rows, frames), and the real frames of each.

    Raises:
        TypeError: If they are not mappings.
        ValueError: If there are none, `input_features` is missing, or a shape is another.
    """
    items = _as_items(processed)
    if not items:
        raise ValueError("got no features: pass at least one clip's")
    values, frames = [], []
    for number, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise TypeError(f"item {number} is a {type(item).__name__}, expected a mapping with 'input_features'")
        if "input_features" not in item:
            raise ValueError(f"item {number} lacks 'input_features'; it has {sorted(map(str, item))}")
        value = _as_tensor(item["input_features"], f"input_features of item {number}").float()
        clip = value.squeeze(0) if value.dim() == 4 else value
        if clip.dim() != 3 or clip.shape[:2] != (channels, rows) or clip.shape[2] < 1:
            raise ValueError(
                f"input_features of item {number} have shape {tuple(value.shape)}, expected ({channels}, {rows},"
                " frames): one clip an item, computed by this extractor"
            )
        values.append(clip)
        if item.get("attention_mask") is None:
            frames.append(clip.shape[-1])
            continue
        mask = _as_tensor(item["attention_mask"], f"attention_mask of item {number}")
        if mask.numel() != clip.shape[-1]:
            raise ValueError(
                f"attention_mask of item {number} has shape {tuple(mask.shape)}, expected ({clip.shape[-1]},): one"
                " number per frame"
            )
        frames.append(int(mask.sum()))
    return values, frames


def pad_features(features: Sequence[torch.Tensor], floor: torch.Tensor, length: int) -> torch.Tensor:
    """Stack features of unequal length.

    Args:
        features: Tensors of shape (channels, rows, frames).
        floor: Value of padded frames, shape (channels, rows).
        length: Frames wanted.

    Returns:
        Tensor of shape (batch, channels, rows, length), float32.
    """
    padded = floor[None, ..., None].repeat(len(features), 1, 1, length)
    for row, values in zip(padded, features, strict=True):
        row[..., : values.shape[-1]] = values
    return padded
