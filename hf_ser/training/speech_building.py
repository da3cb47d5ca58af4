"""A new model on a pretrained speech encoder, and the extractor that goes with it."""

from typing import Any

from transformers import PreTrainedModel, SequenceFeatureExtractor


def build_speech_extractor(encoder: str, settings: dict[str, Any]) -> SequenceFeatureExtractor:
    """The extractor that a speech encoder was pretrained with.

    Args:
        encoder: folder or Hub id of the encoder.
        settings: what is to differ.
    """
    from ..features.feature_extraction_speech import SpeechFeatureExtractor

    return SpeechFeatureExtractor.from_encoder(encoder, **settings)


def build_speech_model(encoder: str, extractor: SequenceFeatureExtractor, **settings: Any) -> PreTrainedModel:
    """A pretrained speech encoder with a new head, whose weights are drawn.

    Args:
        encoder: folder or Hub id of the encoder.
        extractor: its extractor; where that gives functionals, the head reads them.
        **settings: of the model's config.

    Raises:
        ValueError: if a setting of the config is wrong, or the extractor and the config disagree on functionals.
        OSError: if the weights are neither there nor can be fetched.
    """
    from ..models.speech_encoder import SpeechEncoderForAudioClassification

    size = functionals_size(extractor)
    asked = settings.setdefault("functionals_size", size)
    if asked != size:
        raise ValueError(
            f"functionals_size is {asked} in model_config, but the extractor gives {size} (functionals="
            f"{getattr(extractor, 'functionals', None)!r}); set functionals in feature_config alone"
        )
    return SpeechEncoderForAudioClassification.from_encoder(encoder, **settings)


def functionals_size(extractor: SequenceFeatureExtractor) -> int:
    """How many functionals an extractor gives of each clip."""
    return 88 if getattr(extractor, "functionals", None) else 0


__all__ = ["build_speech_extractor", "build_speech_model", "functionals_size"]
