"""Inference: from a recording to an emotion."""

from .classifier import EmotionClassifier, EmotionPrediction

__all__ = ["EmotionClassifier", "EmotionPrediction"]
