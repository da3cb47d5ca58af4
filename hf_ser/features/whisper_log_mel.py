"""Whisper's log-mel spectrograms of clips on their own lengths, a whole batch in one Fourier transform.

Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", section 2.2, without the padding of
every clip to 30 s.
"""

from collections.abc import Sequence

import numpy as np
import torch

from .mel_filters import mel_filters
from .spectrogram import analysis_window

# Whisper's filters end here whatever the sampling rate
MAX_FREQUENCY = 8000.0
LOWEST_POWER = 1e-10
# log10 of power kept below the clip's maximum
RANGE = 8.0


def count_log_mel_frames(num_samples: int, hop_length: int) -> int:
    """Frames of a clip: one for every whole step, and one for a clip shorter than that.

    Args:
        num_samples: Length of the clip in samples, at least 1.
        hop_length: Step between frames in samples.

    Returns:
        The number of frames.
    """
    return max(1, num_samples // hop_length)


def whisper_log_mels(
    waveforms: Sequence[np.ndarray],
    length: int,
    *,
    sampling_rate: int,
    n_fft: int,
    hop_length: int,
    num_mel_bins: int,
    padding_value: float,
    device: torch.device,
) -> torch.Tensor:
    """Log-mels as transformers' WhisperFeatureExtractor gives for each clip by itself, not padded.

    The clips lie one after another in one signal, each mirrored at its own two ends, so that a single real Fourier
    transform serves all of them. Each is clipped to 8 decades below its own maximum and scaled by (x + 4) / 4. A clip
    too short to be mirrored, n_fft // 2 samples at most, goes on in silence.

    Args:
        waveforms: 1-D float arrays in [-1, 1].
        length: Frames of the result, at least as many as the longest clip has.
        sampling_rate: Sampling rate in Hz.
        n_fft: Size of the Fourier transform in samples.
        hop_length: Step between frames in samples.
        num_mel_bins: Number of mel bands.
        padding_value: What frames beyond a clip's own hold.
        device: Where to compute.

    Returns:
        Tensor of shape (batch, length, num_mel_bins), float32.
    """
    frames = [count_log_mel_frames(len(waveform), hop_length) for waveform in waveforms]
    # a clip takes up whole steps, so that the frames of all of them lie on one grid
    steps = [count - 1 + -(-n_fft // hop_length) for count in frames]
    signal = np.zeros(sum(steps) * hop_length + n_fft, dtype=np.float32)
    starts = [sum(steps[:index]) for index in range(len(steps))]
    for waveform, count, start in zip(waveforms, frames, starts, strict=True):
        first = start * hop_length
        _mirror_into(signal[first : first + (count - 1) * hop_length + n_fft], waveform, n_fft // 2)
    window = analysis_window("hann", n_fft, True, device)
    pieces = torch.from_numpy(signal).to(device).unfold(0, n_fft, hop_length)[: sum(steps)]
    spectrum = torch.view_as_real(torch.fft.rfft(pieces * window))
    power = spectrum.square_().sum(-1)
    filters = mel_filters(
        sampling_rate, n_fft, num_mel_bins, 0.0, MAX_FREQUENCY, "slaney", "slaney", False, power.device
    )
    values = (power @ filters.T).clamp_(min=LOWEST_POWER).log10_()
    result = values.new_full((len(frames), length, num_mel_bins), padding_value)
    for row, count, start in zip(result, frames, starts, strict=True):
        clip = values[start : start + count]
        torch.maximum(clip, clip.amax() - RANGE, out=row[:count])
        row[:count].add_(4.0).div_(4.0)
    return result


def _mirror_into(target: np.ndarray, waveform: np.ndarray, half: int) -> None:
    """Write a clip into `target` from sample `half` on, mirrored at its first and, if it ends there, last sample."""
    if len(waveform) <= half:
        waveform = np.concatenate([waveform, np.zeros(half + 1 - len(waveform), dtype=np.float32)])
    target[:half] = waveform[half:0:-1]
    rest = target[half:]
    rest[: len(waveform)] = waveform[: len(rest)]
    beyond = len(rest) - len(waveform)
    if beyond > 0:
        rest[len(waveform) :] = waveform[-2 : -2 - beyond : -1]
