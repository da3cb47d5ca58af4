"""From a recording to its emotion, and from a checkpoint and a corpus to its predictions."""

from .classifier import EmotionClassifier, EmotionPrediction
from .scoring import predict_corpus, refuse_heard_speakers, speakers_heard

__all__ = ["EmotionClassifier", "EmotionPrediction", "predict_corpus", "refuse_heard_speakers", "speakers_heard"]
