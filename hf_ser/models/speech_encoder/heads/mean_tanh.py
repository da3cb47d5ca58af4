"""Masked mean over time, a hidden layer with tanh, classifier: system 002, and what most community heads are."""

from typing import TYPE_CHECKING

import torch
from torch import nn
from transformers import initialization as init

from .base import ACTIVATIONS, SpeechHead, check_choice, check_size, head_settings
from .pooling import masked_max, masked_mean, masked_sum

if TYPE_CHECKING:
    from ..configuration_speech_encoder import SpeechEncoderConfig

POOLINGS = {"mean": masked_mean, "sum": masked_sum, "max": masked_max}


class MeanTanhHead(SpeechHead):
    """Mean over real frames, Linear, tanh, Linear (system 002, which let padding into the mean).

    `head_config`, for published heads of this layout: `activation` "tanh" (default), "relu", "gelu" or "none" (the
    sequence classifiers of transformers have none); `pooling` "mean" (default), "sum" or "max" (soxan); `weigh_states`
    True sums the states under softmax weights (`use_weighted_layer_sum` of transformers), where by default several
    states lie side by side.

    Args:
        config: The model's configuration.
        num_states: Encoder states in the stack.
        feature_size: Features of a frame.

    Raises:
        ValueError: If the configuration does not fit.
    """

    def __init__(self, config: "SpeechEncoderConfig", num_states: int, feature_size: int) -> None:
        super().__init__(config, num_states, feature_size)
        settings = head_settings(config, {"activation": "tanh", "pooling": "mean", "weigh_states": False})
        activation = check_choice("head_config['activation']", settings["activation"], ACTIVATIONS)
        self.pooling = check_choice("head_config['pooling']", settings["pooling"], POOLINGS)
        hidden_size = check_size("head_hidden_size", config.head_hidden_size)
        self.layer_weights: nn.Parameter | None = None
        if settings["weigh_states"]:
            self.layer_weights = nn.Parameter(torch.zeros(num_states))
            num_states = 1
        self.projector = nn.Linear(num_states * feature_size, hidden_size)
        self.activation = ACTIVATIONS[activation]()
        self.finish(config, hidden_size)

    def clip_vector(self, layer_stack: torch.Tensor, frame_mask: torch.Tensor | None) -> torch.Tensor:
        """Masked mean, projected; see `SpeechHead.clip_vector`."""
        if self.layer_weights is None:
            frames = self.side_by_side(layer_stack)
        else:
            frames = torch.einsum("s,bstf->btf", self.layer_weights.softmax(dim=0), layer_stack)
        return self.activation(self.projector(POOLINGS[self.pooling](frames, frame_mask)))

    def init_own_parameters(self) -> None:
        """States count alike at first; see `SpeechHead.init_own_parameters`."""
        if self.layer_weights is not None:
            init.zeros_(self.layer_weights)


__all__ = ["MeanTanhHead"]
