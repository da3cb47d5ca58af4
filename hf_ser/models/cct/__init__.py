"""Compact Transformers on spectrograms: CCT, CVT and ViT-Lite, and CCT that is told whose voice it hears.

Names load on first use, so that the configuration needs no modeling code.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_PUBLIC = {
    "CctConfig": "configuration_cct",
    "CctForAudioClassification": "modeling_cct",
    "CctModel": "modeling_cct",
    "CctPreTrainedModel": "modeling_cct",
    "SpeakerCctConfig": "configuration_speaker_cct",
    "SpeakerCctForAudioClassification": "modeling_speaker_cct",
    "SpeakerCctModel": "modeling_speaker_cct",
    "SpeakerCctPreTrainedModel": "modeling_speaker_cct",
    "convert_cct_state_dict": "convert_cct_checkpoint",
    "transfer_from_cct": "transfer_cct",
}
__all__ = [
    "CctConfig",
    "CctForAudioClassification",
    "CctModel",
    "CctPreTrainedModel",
    "SpeakerCctConfig",
    "SpeakerCctForAudioClassification",
    "SpeakerCctModel",
    "SpeakerCctPreTrainedModel",
    "convert_cct_state_dict",
    "transfer_from_cct",
]

if TYPE_CHECKING:
    from .configuration_cct import CctConfig
    from .configuration_speaker_cct import SpeakerCctConfig
    from .convert_cct_checkpoint import convert_cct_state_dict
    from .modeling_cct import CctForAudioClassification, CctModel, CctPreTrainedModel
    from .modeling_speaker_cct import SpeakerCctForAudioClassification, SpeakerCctModel, SpeakerCctPreTrainedModel
    from .transfer_cct import transfer_from_cct


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _PUBLIC:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}; public names: {', '.join(sorted(_PUBLIC))}"
        )
    value = getattr(import_module(f".{_PUBLIC[name]}", __name__), name)
    globals()[name] = value
    return value
