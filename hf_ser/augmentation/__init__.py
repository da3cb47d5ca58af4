"""Random changes of training examples: waveforms (audiomentations) and spectrograms (time and frequency masking)."""

from .frequency_shift import FrequencyShift
from .noise import add_noise, colored_noise
from .presets import WAVEFORM_PRESETS
from .reverberation import DecayReverb
from .spectrogram import SpectrogramMasking
from .speed import SpeedPerturb
from .twins import NoisyTwin
from .waveform import WaveformAugmentation

__all__ = [
    "WAVEFORM_PRESETS",
    "DecayReverb",
    "FrequencyShift",
    "NoisyTwin",
    "SpectrogramMasking",
    "SpeedPerturb",
    "WaveformAugmentation",
    "add_noise",
    "colored_noise",
]
