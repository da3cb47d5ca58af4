"""Pooling over time that reads real frames only: a clip in a padded batch gives what it gives alone."""

import torch
from torch import nn

# variances below are read as this, so that the gradient of the square root stays finite
SMALLEST_VARIANCE = 1e-10


def zero_padding(frames: torch.Tensor, frame_mask: torch.Tensor | None) -> torch.Tensor:
    """Set padded frames to zero, whatever they hold (NaN and infinity included).

    Args:
        frames: Shape (batch, ..., frames, features).
        frame_mask: Shape (batch, frames), True on real frames; None if all are real.

    Returns:
        The same shape.
    """
    if frame_mask is None:
        return frames
    between = (1,) * (frames.dim() - 3)
    mask = frame_mask.bool().reshape(frame_mask.shape[0], *between, frame_mask.shape[1], 1)
    return frames.masked_fill(~mask, 0.0)


def weighted_states(layer_weights: torch.Tensor, layer_stack: torch.Tensor) -> torch.Tensor:
    """Sum of states under the softmax of one weight each.

    Args:
        layer_weights: Shape (states,), before the softmax.
        layer_stack: Shape (batch, states, frames, features).

    Returns:
        Shape (batch, frames, features).
    """
    return torch.einsum("s,bstf->btf", layer_weights.softmax(dim=0).to(layer_stack.dtype), layer_stack)


def frame_weights(frames: torch.Tensor, frame_mask: torch.Tensor | None) -> torch.Tensor:
    """What each frame counts for in a plain mean.

    Args:
        frames: Shape (batch, frames, features); only the shape and the device are read.
        frame_mask: Shape (batch, frames), True on real frames; None if all are real.

    Returns:
        Float32 of shape (batch, frames): one over the number of real frames, 0 on padding.
    """
    if frame_mask is None:
        return torch.full(frames.shape[:2], 1.0 / frames.shape[1], device=frames.device)
    mask = frame_mask.float()
    return mask / mask.sum(1, keepdim=True).clamp(min=1)


def weighted_mean(frames: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean over time under weights that sum to one.

    Args:
        frames: Shape (batch, frames, features), zero wherever the weight is (see `zero_padding`).
        weights: Shape (batch, frames).

    Returns:
        Float32 of shape (batch, features).
    """
    return torch.einsum("bt,btf->bf", weights.float(), frames.float())


def weighted_mean_std(frames: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean and standard deviation over time under weights that sum to one, side by side.

    The deviation is taken around the mean: the square root of E[x²] - E[x]² (Okabe et al. 2018, section 3) without its
    cancellation.

    Args:
        frames: Shape (batch, frames, features), zero wherever the weight is (see `zero_padding`).
        weights: Shape (batch, frames).

    Returns:
        Float32 of shape (batch, 2 * features), means first.
    """
    mean = weighted_mean(frames, weights)
    variance = weighted_mean((frames.float() - mean[:, None]).square(), weights)
    return torch.cat([mean, variance.clamp(min=SMALLEST_VARIANCE).sqrt()], dim=1)


def masked_mean(frames: torch.Tensor, frame_mask: torch.Tensor | None = None) -> torch.Tensor:
    """Mean over real frames.

    Args:
        frames: Shape (batch, frames, features).
        frame_mask: Shape (batch, frames), True on real frames; None if all are real.

    Returns:
        Shape (batch, features), in the dtype of the frames; zeros for a clip without a real frame.
    """
    return weighted_mean(zero_padding(frames, frame_mask), frame_weights(frames, frame_mask)).to(frames.dtype)


def masked_sum(frames: torch.Tensor, frame_mask: torch.Tensor | None = None) -> torch.Tensor:
    """Sum over real frames: (batch, frames, features) to (batch, features); see `masked_mean`."""
    return zero_padding(frames, frame_mask).float().sum(dim=1).to(frames.dtype)


def masked_max(frames: torch.Tensor, frame_mask: torch.Tensor | None = None) -> torch.Tensor:
    """Largest value over real frames: (batch, frames, features) to (batch, features); see `masked_mean`."""
    if frame_mask is not None:
        frames = frames.masked_fill(~frame_mask.bool()[..., None], torch.finfo(frames.dtype).min)
    return frames.amax(dim=1)


def masked_mean_std(frames: torch.Tensor, frame_mask: torch.Tensor | None = None) -> torch.Tensor:
    """Mean and (population) standard deviation over real frames, side by side.

    Args:
        frames: Shape (batch, frames, features).
        frame_mask: Shape (batch, frames), True on real frames; None if all are real.

    Returns:
        Shape (batch, 2 * features), means first, in the dtype of the frames.
    """
    return weighted_mean_std(zero_padding(frames, frame_mask), frame_weights(frames, frame_mask)).to(frames.dtype)


class AttentiveStatisticsPooling(nn.Module):
    """Weighted mean and standard deviation over time, weights from a small network (Okabe et al. 2018, section 3).

    The score of frame t is v·tanh(W h_t + b) + k, and the weights are the softmax of the scores over real frames.

    Args:
        feature_size: Features of a frame.
        attention_size: Width of the hidden layer that the scores come from.
    """

    def __init__(self, feature_size: int, attention_size: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(feature_size, attention_size)
        self.score = nn.Linear(attention_size, 1)

    def weights(self, frames: torch.Tensor, frame_mask: torch.Tensor | None = None) -> torch.Tensor:
        """Attention of each frame.

        Args:
            frames: Shape (batch, frames, feature_size), finite on padding too (see `zero_padding`).
            frame_mask: Shape (batch, frames), True on real frames; None if all are real.

        Returns:
            Float32 of shape (batch, frames), summing to one over real frames and 0 on padding.
        """
        scores = self.score(torch.tanh(self.hidden(frames))).squeeze(-1).float()
        if frame_mask is None:
            return scores.softmax(dim=1)
        mask = frame_mask.bool()
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=1)
        return weights * mask

    def forward(self, frames: torch.Tensor, frame_mask: torch.Tensor | None = None) -> torch.Tensor:
        """Pool.

        Args:
            frames: Shape (batch, frames, feature_size).
            frame_mask: Shape (batch, frames), True on real frames; None if all are real.

        Returns:
            Shape (batch, 2 * feature_size), means first.
        """
        frames = zero_padding(frames, frame_mask)
        return weighted_mean_std(frames, self.weights(frames, frame_mask)).to(frames.dtype)


__all__ = [
    "AttentiveStatisticsPooling",
    "frame_weights",
    "masked_max",
    "masked_mean",
    "masked_mean_std",
    "masked_sum",
    "weighted_mean",
    "weighted_mean_std",
    "weighted_states",
    "zero_padding",
]
