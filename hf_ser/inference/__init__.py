"""From a recording to its emotion, and from a checkpoint and a corpus to its predictions."""

from .classifier import EmotionClassifier, EmotionPrediction
from .curves import EnrolmentCurve, enrolment_curve
from .enrolment import ReferenceClipError, SpeakerReference, reference_protocol
from .scoring import predict_corpus, refuse_heard_speakers, speakers_heard

__all__ = [
    "EmotionClassifier",
    "EmotionPrediction",
    "EnrolmentCurve",
    "ReferenceClipError",
    "SpeakerReference",
    "enrolment_curve",
    "predict_corpus",
    "reference_protocol",
    "refuse_heard_speakers",
    "speakers_heard",
]
