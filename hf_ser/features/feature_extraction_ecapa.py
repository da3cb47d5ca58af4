"""The feature extractor of ECAPA-TDNN: waveforms to log-mel frames with the mean of each band subtracted."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from .speaker_extraction import SpeakerExtraction
from .spectrogram import count_frames, short_time_spectrum, stack_waveforms

LOWEST_POWER = 1e-10
_SETTINGS = ("num_mel_bins", "sampling_rate", "n_fft", "hop_length", "top_db", "min_seconds", "return_attention_mask")


class EcapaTdnnFeatureExtractor(SpeakerExtraction):
    """Log-mel filter banks as SpeechBrain computes them for ECAPA-TDNN.

    Hamming windows every 10 ms, centred, with silence beyond the clip's ends; powers summed by triangular mel filters;
    10 log10, no lower than `top_db` below the clip's maximum; each band's mean over the clip subtracted.

    Args:
        num_mel_bins: Number of mel bands, from 0 Hz to half the sampling rate.
        sampling_rate: Sampling rate of the clips in Hz.
        n_fft: Window and Fourier transform in samples.
        hop_length: Step between frames in samples.
        top_db: Range kept below the clip's maximum in dB.
        min_seconds: Shortest clip taken, in s: in less there is hardly a syllable to tell a voice from. The network
            itself needs 5 frames (0.04 s).
        return_attention_mask: Whether calls return `attention_mask` unless told.
        **kwargs: What transformers and the Hub write beside the settings.

    Raises:
        TypeError: On a setting that does not exist.
        ValueError: On a wrong value, naming it and what was expected.
    """

    def __init__(
        self,
        num_mel_bins: int = 80,
        sampling_rate: int = 16000,
        n_fft: int = 400,
        hop_length: int = 160,
        top_db: float = 80.0,
        min_seconds: float = 0.25,
        return_attention_mask: bool = True,
        **kwargs: Any,
    ) -> None:
        counts = {"num_mel_bins": num_mel_bins, "n_fft": n_fft, "hop_length": hop_length}
        for name, value in counts.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name}={value!r}, expected a whole number of at least 1")
        if n_fft % 2 or n_fft < hop_length:
            raise ValueError(
                f"n_fft={n_fft} and hop_length={hop_length}, expected an even n_fft of at least hop_length"
            )
        if isinstance(top_db, bool) or not isinstance(top_db, (int, float)) or not 0 < top_db < 1000:
            raise ValueError(f"top_db={top_db!r}, expected a range in dB above 0")
        super().__init__(
            feature_size=num_mel_bins,
            sampling_rate=sampling_rate,
            min_seconds=min_seconds,
            return_attention_mask=return_attention_mask,
            known=_SETTINGS,
            **kwargs,
        )
        self.num_mel_bins = num_mel_bins
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.top_db = top_db

    def frames_of(self, num_samples: int) -> int:
        """Frames of a clip of so many samples: one for every step begun, and one more."""
        return count_frames(num_samples, self.n_fft, self.n_fft, self.hop_length, center=True)

    def _features(self, clips: Sequence[np.ndarray], length: int, device: torch.device) -> torch.Tensor:
        framing = {"n_fft": self.n_fft, "win_length": self.n_fft, "hop_length": self.hop_length}
        stacked = stack_waveforms(
            clips, length, **framing, center=True, pad_mode="constant", preemphasis=None, device=device
        )
        power = short_time_spectrum(stacked, **framing, window_function="hamming", window_periodic=True, power=2)
        filters = symmetric_mel_filters(self.sampling_rate, self.n_fft, self.num_mel_bins, device)
        decibel = (filters @ power).transpose(1, 2).clamp_(min=LOWEST_POWER).log10_().mul_(10.0)
        features = torch.zeros_like(decibel)
        for row, values, clip in zip(features, decibel, clips, strict=True):
            own = values[: self.frames_of(len(clip))]
            own = own.clamp(min=own.amax() - self.top_db)
            row[: len(own)] = own - own.mean(dim=0)
        return features


@lru_cache(maxsize=8)
def symmetric_mel_filters(sampling_rate: int, n_fft: int, num_mel_bins: int, device: torch.device) -> torch.Tensor:
    """Mel filters of height 1 as SpeechBrain makes them.

    Their centres lie evenly on the HTK mel scale from 0 Hz to half the sampling rate, but each falls as steeply above
    its centre as it rises below it, which leaves it a little narrower than the usual filter.

    Args:
        sampling_rate: Sampling rate in Hz.
        n_fft: Size of the Fourier transform in samples.
        num_mel_bins: Number of filters.
        device: Where the matrix is to lie.

    Returns:
        Matrix of shape (num_mel_bins, n_fft // 2 + 1), float32. It is shared: do not write to it.
    """
    highest = 2595.0 * np.log10(1.0 + sampling_rate / 2 / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(0.0, highest, num_mel_bins + 2) / 2595.0) - 1.0)
    centres, widths = edges[1:-1, None], np.diff(edges)[:-1, None]
    distances = np.abs(np.linspace(0.0, sampling_rate / 2, n_fft // 2 + 1) - centres)
    return torch.from_numpy(np.maximum(0.0, 1.0 - distances / widths).astype(np.float32)).to(device)


__all__ = ["EcapaTdnnFeatureExtractor", "symmetric_mel_filters"]
