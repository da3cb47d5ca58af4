"""Fixed matrices between frequency axes: mel filter banks and the cosine transform of MFCC, cached per device.

They are rebuilt from the settings whenever a process first needs them, so that a feature extractor holds no tensors
and saves as JSON.
"""

import math
import warnings
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from transformers.audio_utils import mel_filter_bank

MEL_BLOCKS = 4


@lru_cache(maxsize=32)
def mel_filters(
    sampling_rate: int,
    n_fft: int,
    num_mel_bins: int,
    min_frequency: float,
    max_frequency: float,
    mel_scale: str,
    mel_norm: str | None,
    triangularize_in_mel_space: bool,
    device: torch.device,
) -> torch.Tensor:
    """Triangular mel filters.

    Args:
        sampling_rate: Sampling rate in Hz.
        n_fft: Size of the Fourier transform in samples.
        num_mel_bins: Number of filters.
        min_frequency: Lower edge of the lowest filter in Hz.
        max_frequency: Upper edge of the highest filter in Hz.
        mel_scale: "slaney", "htk" or "kaldi".
        mel_norm: "slaney" for filters of equal area, None for filters of height 1.
        triangularize_in_mel_space: Whether the slopes are straight over mel (TensorFlow, Kaldi) instead of over Hz
            (librosa).
        device: Where the matrix is to lie.

    Returns:
        Matrix of shape (num_mel_bins, n_fft // 2 + 1), float32. It is shared: do not write to it.
    """
    with warnings.catch_warnings():
        # many narrow filters over few bins leave some empty; the published systems do this on purpose
        warnings.simplefilter("ignore")
        filters = mel_filter_bank(
            n_fft // 2 + 1,
            num_mel_bins,
            min_frequency,
            max_frequency,
            sampling_rate,
            norm=mel_norm,
            mel_scale=mel_scale,
            triangularize_in_mel_space=triangularize_in_mel_space,
        )
    return torch.from_numpy(np.ascontiguousarray(filters.T, dtype=np.float32)).to(device)


@lru_cache(maxsize=32)
def _narrow_blocks(device: torch.device, **settings: Any) -> tuple[tuple[slice, torch.Tensor], ...]:
    """`mel_filters` cut into groups of neighbours, each with only the frequency bins that it reads."""
    filters = mel_filters(device=device, **settings)
    blocks = []
    for group in filters.split(-(-len(filters) // MEL_BLOCKS)):
        used = group.any(dim=0).nonzero().flatten().tolist() or [0]
        bins = slice(used[0], used[-1] + 1)
        blocks.append((bins, group[:, bins].contiguous()))
    return tuple(blocks)


def to_mel(spectrum: torch.Tensor, **settings: Any) -> torch.Tensor:
    """Sum a spectrum into mel bands.

    The filters are applied in a few groups, since a low filter reads none of the many high bins.

    Args:
        spectrum: Shape (batch, n_fft // 2 + 1, frames).
        **settings: Those of `mel_filters`, but for the device.

    Returns:
        Tensor of shape (batch, num_mel_bins, frames).
    """
    blocks = _narrow_blocks(device=spectrum.device, **settings)
    mels = spectrum.new_empty(len(spectrum), settings["num_mel_bins"], spectrum.shape[-1])
    for target, (bins, weights) in zip(mels.split(len(blocks[0][1]), dim=1), blocks, strict=True):
        torch.matmul(weights, spectrum[:, bins], out=target)
    return mels


@lru_cache(maxsize=32)
def cosine_transform(num_mfcc: int, num_mel_bins: int, device: torch.device) -> torch.Tensor:
    """Orthonormal type-2 cosine transform over mel bands, as MFCC use it.

    Args:
        num_mfcc: Number of coefficients kept, from the zeroth on.
        num_mel_bins: Number of mel bands it is applied to.
        device: Where the matrix is to lie.

    Returns:
        Matrix of shape (num_mfcc, num_mel_bins), float32. It is shared: do not write to it.
    """
    order = np.arange(num_mfcc)[:, None]
    band = np.arange(num_mel_bins)[None, :]
    matrix = math.sqrt(2.0 / num_mel_bins) * np.cos(math.pi / num_mel_bins * (band + 0.5) * order)
    matrix[0] /= math.sqrt(2.0)
    return torch.from_numpy(matrix.astype(np.float32)).to(device)
