"""Trainable mixture of all encoder states, layers applied to each frame, mean over time (Pepino et al. 2021)."""

from typing import TYPE_CHECKING

import torch
from torch import nn
from transformers import initialization as init

from .base import ACTIVATIONS, SpeechHead, check_choice, check_size, head_settings
from .pooling import masked_mean, weighted_states

if TYPE_CHECKING:
    from ..configuration_speech_encoder import SpeechEncoderConfig


class WeightedSumHead(SpeechHead):
    """States summed under the softmax of one weight each, dense layers frame by frame, masked mean, Linear.

    All states count the same at first. `head_config`: `num_frame_layers` (default 2, as Pepino et al. 2021; 1 with
    `activation` "none" is the weighted layer sum of transformers' sequence classifiers) and `activation` "relu"
    (default), "tanh", "gelu" or "none".

    Args:
        config: The model's configuration.
        num_states: Encoder states in the stack.
        feature_size: Features of a frame.

    Raises:
        ValueError: If the configuration does not fit.
    """

    def __init__(self, config: "SpeechEncoderConfig", num_states: int, feature_size: int) -> None:
        super().__init__(config, num_states, feature_size)
        settings = head_settings(config, {"num_frame_layers": 2, "activation": "relu"})
        num_layers = check_size("head_config['num_frame_layers']", settings["num_frame_layers"])
        activation = check_choice("head_config['activation']", settings["activation"], ACTIVATIONS)
        hidden_size = check_size("head_hidden_size", config.head_hidden_size)
        self.layer_weights = nn.Parameter(torch.zeros(num_states))
        self.frame_layers = nn.ModuleList(
            nn.Linear(hidden_size if index else feature_size, hidden_size) for index in range(num_layers)
        )
        self.activation = ACTIVATIONS[activation]()
        self.finish(config, hidden_size)

    def mixture(self, layer_stack: torch.Tensor) -> torch.Tensor:
        """Weighted sum of states: (batch, states, frames, features) to (batch, frames, features)."""
        return weighted_states(self.layer_weights, layer_stack)

    def clip_vector(self, layer_stack: torch.Tensor, frame_mask: torch.Tensor | None) -> torch.Tensor:
        """Mixture, frame layers and masked mean; see `SpeechHead.clip_vector`."""
        frames = self.mixture(layer_stack)
        for index, layer in enumerate(self.frame_layers):
            frames = self.activation(layer(self.dropout(frames) if index else frames))
        return masked_mean(frames, frame_mask)

    def init_own_parameters(self) -> None:
        """States count alike at first; see `SpeechHead.init_own_parameters`."""
        init.zeros_(self.layer_weights)


__all__ = ["WeightedSumHead"]
