"""Waveforms to power or magnitude spectrograms: framing, windows and the short-time Fourier transform.

A clip is padded at its own two ends before clips are stacked, so its edge frames are the same alone and in a batch.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch


def count_frames(num_samples: int, n_fft: int, win_length: int, hop_length: int, center: bool) -> int:
    """Number of spectrogram frames of a clip.

    Centred framing gives one frame for every `hop_length` samples begun, plus one; otherwise a frame is a window that
    lies wholly inside the clip.

    Args:
        num_samples: Length of the clip in samples.
        n_fft: Size of the Fourier transform in samples.
        win_length: Length of the window in samples.
        hop_length: Step between frames in samples.
        center: Whether frames are centred on multiples of the step.

    Returns:
        The number of frames; 0 if not even one window fits.
    """
    if num_samples < 1:
        return 0
    if center:
        return 1 + (num_samples + 2 * (n_fft // 2) - n_fft) // hop_length
    return max(0, 1 + (num_samples - win_length) // hop_length)


@lru_cache(maxsize=32)
def analysis_window(name: str, win_length: int, periodic: bool, device: torch.device) -> torch.Tensor:
    """Window of shape (win_length,), float32, "hann" or "hamming". It is shared: do not write to it."""
    make = torch.hann_window if name == "hann" else torch.hamming_window
    return make(win_length, periodic=periodic, dtype=torch.float64).float().to(device)


def _mirrored(waveform: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Samples start..stop of a clip mirrored at its end samples, however short it is (numpy's "reflect")."""
    period = max(1, 2 * (len(waveform) - 1))
    position = np.mod(np.arange(start, stop), period)
    return waveform[np.minimum(position, period - position) if len(waveform) > 1 else position]


def stack_waveforms(
    waveforms: Sequence[np.ndarray],
    num_frames: int,
    *,
    n_fft: int,
    win_length: int,
    hop_length: int,
    center: bool,
    pad_mode: str,
    preemphasis: float | None,
    device: torch.device,
) -> torch.Tensor:
    """Pre-emphasise and pad each clip by itself, and stack what `num_frames` frames reach.

    Pre-emphasis is y[n] = x[n] - preemphasis * x[n-1] with y[0] = x[0], before any padding.

    Args:
        waveforms: 1-D float arrays, each with at least `num_frames` frames.
        num_frames: Frames wanted of each.
        n_fft: Size of the Fourier transform in samples.
        win_length: Length of the window in samples, which sits in the middle of the transform.
        hop_length: Step between frames in samples.
        center: Whether frames are centred; the clip is then continued by n_fft // 2 samples on both sides.
        pad_mode: "constant" (zeros) or "reflect".
        preemphasis: Coefficient, or None for none.
        device: Where the result is to lie.

    Returns:
        Tensor of shape (batch, (num_frames - 1) * hop_length + n_fft), float32.
    """
    left = n_fft // 2 if center else (n_fft - win_length) // 2
    length = (num_frames - 1) * hop_length + n_fft
    stacked = np.empty((len(waveforms), length), dtype=np.float32)
    for row, waveform in zip(stacked, waveforms, strict=True):
        if preemphasis:
            emphasised = np.array(waveform, dtype=np.float32)
            emphasised[1:] -= np.float32(preemphasis) * emphasised[:-1]
            waveform = emphasised
        end = min(left + len(waveform), length)
        row[left:end] = waveform[: end - left]
        if center and pad_mode == "reflect":
            row[:left] = _mirrored(waveform, -left, 0)
            row[end:] = _mirrored(waveform, end - left, length - left)
        else:
            row[:left] = 0.0
            row[end:] = 0.0
    return torch.from_numpy(stacked).to(device)


def short_time_spectrum(
    stacked: torch.Tensor,
    *,
    n_fft: int,
    win_length: int,
    hop_length: int,
    window_function: str,
    window_periodic: bool,
    power: float,
) -> torch.Tensor:
    """Magnitude (power 1) or power (power 2) spectrogram of padded waveforms.

    Args:
        stacked: Output of `stack_waveforms`, shape (batch, samples).
        n_fft: Size of the Fourier transform in samples.
        win_length: Length of the window in samples.
        hop_length: Step between frames in samples.
        window_function: "hann" or "hamming".
        window_periodic: Whether the window is periodic instead of symmetric.
        power: 1 or 2.

    Returns:
        Tensor of shape (batch, n_fft // 2 + 1, frames), float32.
    """
    window = analysis_window(window_function, win_length, window_periodic, stacked.device)
    spectrum = torch.stft(stacked, n_fft, hop_length, win_length, window, center=False, return_complex=True)
    # squares by parts: several times faster on a CPU than abs()
    squared = spectrum.real.square().addcmul_(spectrum.imag, spectrum.imag)
    return squared if power == 2 else squared.sqrt_()
