"""Heads: a stack of encoder states, shape (batch, states, frames, features), to logits. One file per head."""

import difflib
from typing import TYPE_CHECKING

from torch import nn
from transformers import initialization as init

from ..reference import ReferenceConditioning
from .attentive_statistics import AttentiveStatisticsHead
from .base import SpeechHead
from .mean_tanh import MeanTanhHead
from .recurrent import RecurrentHead
from .statistics import StatisticsHead
from .vgg import VggHead, convert_vgg_state_dict
from .weighted_sum import WeightedSumHead

if TYPE_CHECKING:
    from ..configuration_speech_encoder import SpeechEncoderConfig

HEADS: dict[str, type[SpeechHead]] = {
    "mean_tanh": MeanTanhHead,
    "weighted_sum": WeightedSumHead,
    "attentive_statistics": AttentiveStatisticsHead,
    "statistics": StatisticsHead,
    "vgg": VggHead,
    "lstm": RecurrentHead,
    "gru": RecurrentHead,
}

# set on every module of a head, so that its layers are told from the encoder's
_MARK = "is_part_of_head"


def check_head(head: str) -> str:
    """The name of a head.

    Args:
        head: The name.

    Returns:
        The same.

    Raises:
        ValueError: If there is no such head.
    """
    if head not in HEADS:
        close = difflib.get_close_matches(str(head), HEADS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"got head={head!r}, expected one of {', '.join(map(repr, HEADS))}{hint}")
    return head


def build_head(config: "SpeechEncoderConfig", num_states: int, feature_size: int) -> SpeechHead:
    """Build the head that a configuration names.

    Args:
        config: `head`, `head_hidden_size`, `head_dropout`, `head_config`, `normalize_layers`, `functionals_size`,
            `reference` and `num_labels` are read.
        num_states: Encoder states that it reads.
        feature_size: Features of a frame.

    Returns:
        The head: `head(layer_stack, frame_mask, functionals)` gives logits.

    Raises:
        ValueError: If there is no such head, or a setting does not fit it.
    """
    head = HEADS[check_head(config.head)](config, num_states, feature_size)
    for module in head.modules():
        setattr(module, _MARK, True)
    return head


def init_head_weights(module: nn.Module) -> bool:
    """Initialise a part of a head, for the model's `_init_weights`: what is on the meta device is empty until then.

    Layers are drawn as torch draws them; convolutions, which are followed by ReLU, after He et al. 2015.

    Args:
        module: Any module of the model. transformers passes every layer on its own, but a module without parameters
            of its own not always, so that a head cannot see to its layers.

    Returns:
        True if it was a part of a head that is initialised here; norms are left to transformers. Tensors that
        transformers marks as loaded from a checkpoint stay.
    """
    if isinstance(module, SpeechHead | ReferenceConditioning):
        module.init_own_parameters()
        return True
    if not getattr(module, _MARK, False) or not isinstance(module, (nn.Linear, nn.Conv2d, nn.RNNBase)):
        return False
    with init.guard_torch_init_functions():
        module.reset_parameters()
    if isinstance(module, nn.Conv2d):
        init.kaiming_normal_(module.weight, nonlinearity="relu")
    return True


__all__ = ["HEADS", "SpeechHead", "build_head", "check_head", "convert_vgg_state_dict", "init_head_weights"]
