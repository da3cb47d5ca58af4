"""Waveform to what a model reads: signal processing only, no learned weights."""

from .feature_extraction_spectrogram import SpectrogramFeatureExtractor
from .feature_extraction_speech import SpeechFeatureExtractor

__all__ = ["SpectrogramFeatureExtractor", "SpeechFeatureExtractor"]
