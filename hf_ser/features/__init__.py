"""Waveform to what a model reads: signal processing only, no learned weights."""

from .feature_extraction_ecapa import EcapaTdnnFeatureExtractor
from .feature_extraction_speaker_spectrogram import SpeakerSpectrogramFeatureExtractor
from .feature_extraction_spectrogram import SpectrogramFeatureExtractor
from .feature_extraction_speech import SpeechFeatureExtractor
from .feature_extraction_vgg_vox import VggVoxFeatureExtractor

__all__ = [
    "EcapaTdnnFeatureExtractor",
    "SpeakerSpectrogramFeatureExtractor",
    "SpectrogramFeatureExtractor",
    "SpeechFeatureExtractor",
    "VggVoxFeatureExtractor",
]
