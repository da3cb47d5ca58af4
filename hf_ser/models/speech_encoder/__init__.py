"""Pretrained speech encoders (HuBERT, wav2vec 2.0, WavLM, data2vec-audio, UniSpeech-SAT, Whisper) with emotion heads.

Names load on first use, so that the configuration needs no modeling code.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_PUBLIC = {
    "SpeechEncoderConfig": "configuration_speech_encoder",
    "SpeechEncoderForAudioClassification": "modeling_speech_encoder",
    "SpeechEncoderModel": "modeling_speech_encoder",
    "SpeechEncoderPreTrainedModel": "modeling_speech_encoder",
}
__all__ = [
    "SpeechEncoderConfig",
    "SpeechEncoderForAudioClassification",
    "SpeechEncoderModel",
    "SpeechEncoderPreTrainedModel",
]

if TYPE_CHECKING:
    from .configuration_speech_encoder import SpeechEncoderConfig
    from .modeling_speech_encoder import (
        SpeechEncoderForAudioClassification,
        SpeechEncoderModel,
        SpeechEncoderPreTrainedModel,
    )


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _PUBLIC:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}; public names: {', '.join(sorted(_PUBLIC))}"
        )
    value = getattr(import_module(f".{_PUBLIC[name]}", __name__), name)
    globals()[name] = value
    return value
