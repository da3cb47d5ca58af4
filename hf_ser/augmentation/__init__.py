"""Random changes of training examples: waveforms (audiomentations) and spectrograms (time and frequency masking)."""

from .presets import WAVEFORM_PRESETS
from .spectrogram import SpectrogramMasking
from .waveform import WaveformAugmentation

__all__ = ["WAVEFORM_PRESETS", "SpectrogramMasking", "WaveformAugmentation"]
