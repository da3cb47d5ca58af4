"""Compact Transformers on spectrograms: CCT, CVT and ViT-Lite.

Names load on first use, so that the configuration needs no modeling code.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_PUBLIC = {
    "CctConfig": "configuration_cct",
    "CctForAudioClassification": "modeling_cct",
    "CctModel": "modeling_cct",
    "CctPreTrainedModel": "modeling_cct",
    "convert_cct_state_dict": "convert_cct_checkpoint",
}
__all__ = [
    "CctConfig",
    "CctForAudioClassification",
    "CctModel",
    "CctPreTrainedModel",
    "convert_cct_state_dict",
]

if TYPE_CHECKING:
    from .configuration_cct import CctConfig
    from .convert_cct_checkpoint import convert_cct_state_dict
    from .modeling_cct import CctForAudioClassification, CctModel, CctPreTrainedModel


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _PUBLIC:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}; public names: {', '.join(sorted(_PUBLIC))}"
        )
    value = getattr(import_module(f".{_PUBLIC[name]}", __name__), name)
    globals()[name] = value
    return value
