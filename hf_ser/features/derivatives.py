"""Changes over time (deltas) of a spectrogram, with the edges of the three usual implementations."""

import math
from functools import lru_cache

import numpy as np
import torch


@lru_cache(maxsize=32)
def _derivative_weights(width: int, order: int) -> tuple[float, ...]:
    """Weights (width,) of the derivative of `order` of a polynomial of that same degree, fitted by least squares.

    The derivative of that order is a constant, so one set of weights serves every frame of the window.
    """
    position = np.arange(width, dtype=np.float64) - width // 2
    # row k of the pseudo-inverse gives the coefficient of position**k
    coefficients = np.linalg.pinv(np.vander(position, order + 1, increasing=True))
    return tuple((coefficients[order] * math.factorial(order)).tolist())


def savitzky_golay(values: torch.Tensor, width: int, order: int, edge: str) -> torch.Tensor:
    """Derivative over time from polynomials of degree `order` fitted to `width` frames; order 1 is the regression
    delta.

    Args:
        values: Shape (..., frames). All frames are real ones.
        width: Odd number of frames that the polynomial is fitted to.
        order: Order of the derivative, 1 or 2.
        edge: "nearest" repeats the edge frames outwards; "interp" takes the derivative of the polynomial fitted to the
            first (last) `width` frames. Clips shorter than `width` frames always repeat.

    Returns:
        Tensor of the same shape, per frame (order 1) or per frame squared (order 2).
    """
    weights = _derivative_weights(width, order)
    frames = values.shape[-1]
    half = width // 2
    if edge == "interp" and frames >= width:
        inner = frames - 2 * half
        derivative = torch.empty_like(values)
        middle = derivative[..., half : half + inner]
        middle.copy_(values[..., :inner]).mul_(weights[0])
        for shift in range(1, width):
            middle.add_(values[..., shift : shift + inner], alpha=weights[shift])
        derivative[..., :half] = middle[..., :1]
        derivative[..., half + inner :] = middle[..., -1:]
        return derivative
    padded = torch.cat(
        [values[..., :1].expand(*values.shape[:-1], half), values, values[..., -1:].expand(*values.shape[:-1], half)],
        -1,
    )
    derivative = padded[..., :frames] * weights[0]
    for shift in range(1, width):
        derivative.add_(padded[..., shift : shift + frames], alpha=weights[shift])
    return derivative


def wrapped_difference(values: torch.Tensor) -> torch.Tensor:
    """values[t] - values[t + 1], frame 0 following the last one: system 004's "delta", shape (..., frames)."""
    return values - values.roll(-1, dims=-1)


def with_deltas(values: torch.Tensor, *, method: str, width: int, edge: str) -> torch.Tensor:
    """Stack a spectrogram with its first and second changes over time.

    Args:
        values: Shape (batch, bands, frames). All frames are real ones.
        method: "regression" (the second is the regression delta of the first, system 001), "savitzky_golay" (the
            second is the second derivative of a parabola), or "difference" (`wrapped_difference` twice, system 004).
        width: Frames used by the first two methods, odd.
        edge: "nearest" or "interp", see `savitzky_golay`.

    Returns:
        Tensor of shape (batch, 3, bands, frames): static, delta, delta-delta.
    """
    if method == "difference":
        delta = wrapped_difference(values)
        second = wrapped_difference(delta)
    else:
        delta = savitzky_golay(values, width, 1, edge)
        second = (
            savitzky_golay(delta, width, 1, edge) if method == "regression" else savitzky_golay(values, width, 2, edge)
        )
    return torch.stack([values, delta, second], dim=1)
