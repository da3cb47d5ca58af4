"""From a recording to its emotion, and from a checkpoint and a corpus to its predictions."""

from .classifier import EmotionClassifier, EmotionPrediction
from .enrolment import ReferenceClipError, SpeakerReference, reference_protocol
from .scoring import predict_corpus, refuse_heard_speakers, speakers_heard

__all__ = [
    "EmotionClassifier",
    "EmotionPrediction",
    "ReferenceClipError",
    "SpeakerReference",
    "predict_corpus",
    "reference_protocol",
    "refuse_heard_speakers",
    "speakers_heard",
]
