"""The feature extractor of VGG-Vox: waveforms to magnitude spectra, each bin standardised over time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .speaker_extraction import SpeakerExtraction

SAMPLING_RATE = 16000
# samples of 16-bit sound
FULL_SCALE = 2.0**15
WINDOW, HOP, N_FFT = 400, 80, 512
PREEMPHASIS = 0.97
# pole of the filter that removes a constant offset, at 16 kHz
OFFSET_POLE = 0.99
# a clip is cut to whole seconds, from its middle: 200 frames each, 10 at most
SECOND, MOST_SECONDS = 200, 10
SHORTEST = SECOND * HOP + WINDOW
SMALLEST_DEVIATION = 1e-12
_SETTINGS = ("dither", "dither_seed", "min_seconds", "return_attention_mask")


class VggVoxFeatureExtractor(SpeakerExtraction):
    """The front end of VGG-Vox as system 000 runs it, made repeatable.

    A clip at 16 kHz in 16-bit units, with silence added up to 1.025 s; offset removed, pre-emphasis 0.97; Hamming
    windows of 25 ms every 5 ms; all 512 magnitudes of a Fourier transform of 512 samples; each bin standardised over
    the clip's time; the middle 1, 2, ... or 10 s.

    Args:
        dither: Height of noise added to the waveform in 16-bit units. The original adds 1e-6, new at every call, which
            changes nothing that can be heard; 0 for none.
        dither_seed: Seed of the noise, the same for every clip; needed with `dither`.
        min_seconds: Shortest clip taken, in s: in less there is hardly a syllable to tell a voice from, and most of
            what the network sees is the silence added.
        return_attention_mask: Whether calls return `attention_mask` unless told.
        **kwargs: What transformers and the Hub write beside the settings.

    Raises:
        TypeError: On a setting that does not exist.
        ValueError: On a wrong value, naming it and what was expected.
    """

    def __init__(
        self,
        dither: float = 0.0,
        dither_seed: int | None = None,
        min_seconds: float = 0.25,
        return_attention_mask: bool = True,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("sampling_rate", SAMPLING_RATE) != SAMPLING_RATE:
            raise ValueError(f"sampling_rate of VggVoxFeatureExtractor is always {SAMPLING_RATE} Hz: leave it out")
        if isinstance(dither, bool) or not isinstance(dither, (int, float)) or not 0 <= dither < FULL_SCALE:
            raise ValueError(f"dither={dither!r}, expected a height in 16-bit units, 0 or a little more")
        if isinstance(dither_seed, bool) or not (dither_seed is None or isinstance(dither_seed, int)):
            raise ValueError(f"dither_seed={dither_seed!r}, expected a whole number, or None")
        if dither and dither_seed is None:
            raise ValueError(
                f"dither={dither!r} without dither_seed: a clip's features would differ from call to call; pass"
                " dither_seed=0 or another number"
            )
        super().__init__(
            feature_size=N_FFT,
            sampling_rate=SAMPLING_RATE,
            min_seconds=min_seconds,
            return_attention_mask=return_attention_mask,
            known=_SETTINGS,
            **kwargs,
        )
        self.dither = dither
        self.dither_seed = dither_seed

    def frames_of(self, num_samples: int) -> int:
        """Frames of a clip of so many samples: 200 for each whole second, from 200 to 2000."""
        return SECOND * min(_all_frames(max(num_samples, SHORTEST)) // SECOND, MOST_SECONDS)

    def _features(self, clips: Sequence[np.ndarray], length: int, device: torch.device) -> torch.Tensor:
        features = np.zeros((len(clips), length, N_FFT), dtype=np.float32)
        for row, clip in zip(features, clips, strict=True):
            frames = self.frames_of(len(clip))
            row[:frames] = self._spectrogram(clip, frames)
        return torch.from_numpy(features).to(device)

    def _spectrogram(self, clip: np.ndarray, frames: int) -> np.ndarray:
        """Shape (frames, 512)."""
        signal = np.zeros(max(len(clip), SHORTEST))
        signal[: len(clip)] = clip * FULL_SCALE
        signal = without_offset(signal)
        if self.dither:
            generator = np.random.default_rng(self.dither_seed)
            noise = generator.random(len(signal)) + generator.random(len(signal)) - 1.0
            signal += self.dither * noise.std() * noise
        signal[1:] -= PREEMPHASIS * signal[:-1]
        count = _all_frames(len(signal))
        signal = np.pad(signal, (0, (count - 1) * HOP + WINDOW - len(signal)))
        windows = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::HOP]
        half = np.abs(np.fft.rfft(windows * np.hamming(WINDOW), N_FFT))
        half = (half - half.mean(axis=0)) / np.maximum(half.std(axis=0), SMALLEST_DEVIATION)
        first = (count - frames) // 2
        half = half[first : first + frames]
        # the upper half of a real signal's transform mirrors the lower one
        return np.concatenate([half, half[:, -2:0:-1]], axis=1)


def without_offset(signal: np.ndarray) -> np.ndarray:
    """Remove a constant offset: y[n] = x[n] - x[n-1] + 0.99 y[n-1], from silence.

    Args:
        signal: Shape (samples,), float64.

    Returns:
        The same shape.
    """
    output = np.diff(signal, prepend=0.0)
    # 1 / (1 - a/z) is the product of 1 + (a/z)^(2^k): a few passes over the whole signal in place of a loop
    shift, factor = 1, OFFSET_POLE
    while shift < len(output) and factor > 1e-18:
        output[shift:] += factor * output[:-shift]
        shift, factor = 2 * shift, factor * factor
    return output


def _all_frames(num_samples: int) -> int:
    """Frames of a signal of at least one window, the last one completed by silence."""
    return 1 + -(-(num_samples - WINDOW) // HOP)


__all__ = ["VggVoxFeatureExtractor", "without_offset"]
