"""Speaker encoders: ECAPA-TDNN, VGG-Vox, and one way to use them and transformers' X-vector models.

Names load on first use, so that the configurations need no modeling code. The converters are in modules of their own.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_PUBLIC = {
    "EcapaTdnnConfig": "configuration_ecapa_tdnn",
    "EcapaTdnnModel": "modeling_ecapa_tdnn",
    "SpeakerEncoderOutput": "base_speaker_encoder",
    "VggVoxConfig": "configuration_vgg_vox",
    "VggVoxModel": "modeling_vgg_vox",
    "embed_speakers": "embedding_speakers",
    "load_speaker_encoder": "loading_speaker_encoder",
    "speaker_embedding_size": "embedding_speakers",
    "speaker_encoder_from_config": "embedding_speakers",
}
__all__ = [
    "EcapaTdnnConfig",
    "EcapaTdnnModel",
    "SpeakerEncoderOutput",
    "VggVoxConfig",
    "VggVoxModel",
    "embed_speakers",
    "load_speaker_encoder",
    "speaker_embedding_size",
    "speaker_encoder_from_config",
]

if TYPE_CHECKING:
    from .base_speaker_encoder import SpeakerEncoderOutput
    from .configuration_ecapa_tdnn import EcapaTdnnConfig
    from .configuration_vgg_vox import VggVoxConfig
    from .embedding_speakers import embed_speakers, speaker_embedding_size, speaker_encoder_from_config
    from .loading_speaker_encoder import load_speaker_encoder
    from .modeling_ecapa_tdnn import EcapaTdnnModel
    from .modeling_vgg_vox import VggVoxModel


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _PUBLIC:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}; public names: {', '.join(sorted(_PUBLIC))}"
        )
    value = getattr(import_module(f".{_PUBLIC[name]}", __name__), name)
    globals()[name] = value
    return value
