"""One vector for a voice that was heard in several clips."""

import torch


def mean_voice(vectors: torch.Tensor) -> torch.Tensor:
    """Mean direction of the vectors of a voice, with their mean length.

    Args:
        vectors: Of its clips, shape (clips, width). Rows of zeros, in which no voice was heard, do not count.

    Returns:
        Shape (width,); zeros if every row is.
    """
    heard = vectors.any(dim=1)
    vectors = vectors[heard] if bool(heard.any()) else vectors
    mean = vectors.mean(dim=0)
    return mean * (vectors.norm(dim=1).mean() / mean.norm().clamp(min=1e-12))


__all__ = ["mean_voice"]
