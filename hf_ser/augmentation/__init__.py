"""Random changes of training examples: waveforms (audiomentations) and spectrograms (time and frequency masking)."""

from .frequency_shift import FrequencyShift
from .presets import WAVEFORM_PRESETS
from .spectrogram import SpectrogramMasking
from .speed import SpeedPerturb
from .waveform import WaveformAugmentation

__all__ = ["WAVEFORM_PRESETS", "FrequencyShift", "SpectrogramMasking", "SpeedPerturb", "WaveformAugmentation"]
