"""Spectrograms cut into pieces of equal length, as systems 001 and 004 read them."""

import torch


def piece_starts(frames: int, length: int, hop: int, tail: str) -> list[int]:
    """First frame of each piece.

    Args:
        frames: Frames of the clip.
        length: Frames of a piece.
        hop: Step between pieces in frames.
        tail: "pad" covers the clip to its end, "drop" leaves out a last piece that is not full.

    Returns:
        The starts in frames; empty if the clip is shorter than a piece and the tail is dropped.
    """
    if tail == "pad":
        pieces = 1 + max(0, -(-(frames - length) // hop))
    else:
        pieces = 1 + (frames - length) // hop if frames >= length else 0
    return [piece * hop for piece in range(pieces)]


def cut(values: torch.Tensor, floor: torch.Tensor, length: int, hop: int, tail: str) -> tuple[torch.Tensor, list[int]]:
    """Cut a clip's features into pieces.

    Args:
        values: Shape (channels, bands, frames), real frames only.
        floor: Value of padded frames, shape (channels, bands).
        length: Frames of a piece.
        hop: Step between pieces in frames.
        tail: See `piece_starts`.

    Returns:
        Pieces of shape (pieces, channels, bands, length), and the number of real frames in each.
    """
    frames = values.shape[-1]
    starts = piece_starts(frames, length, hop, tail)
    pieces = floor[None, ..., None].repeat(len(starts), 1, 1, length)
    counts = [min(length, frames - start) for start in starts]
    for piece, start, count in zip(pieces, starts, counts, strict=True):
        piece[..., :count] = values[..., start : start + count]
    return pieces, counts
