"""Waveform to what a model reads: signal processing only, no learned weights."""

from .feature_extraction_spectrogram import SpectrogramFeatureExtractor

__all__ = ["SpectrogramFeatureExtractor"]
