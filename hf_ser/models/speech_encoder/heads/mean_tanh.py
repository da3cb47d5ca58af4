"""Masked mean over time, a hidden layer with tanh, classifier: system 002, and what most community heads are."""

from typing import TYPE_CHECKING

import torch
from torch import nn

from .base import ACTIVATIONS, SpeechHead, check_choice, check_size, head_settings
from .pooling import masked_mean

if TYPE_CHECKING:
    from ..configuration_speech_encoder import SpeechEncoderConfig


class MeanTanhHead(SpeechHead):
    """Mean over real frames, Linear, tanh, Linear (system 002, which let padding into the mean).

    `head_config`: `activation` "tanh" (default), "relu", "gelu" or "none"; the sequence classifiers of transformers
    have none.

    Args:
        config: The model's configuration.
        num_states: Encoder states in the stack; several lie side by side.
        feature_size: Features of a frame.

    Raises:
        ValueError: If the configuration does not fit.
    """

    def __init__(self, config: "SpeechEncoderConfig", num_states: int, feature_size: int) -> None:
        super().__init__(config, num_states, feature_size)
        settings = head_settings(config, {"activation": "tanh"})
        activation = check_choice("head_config['activation']", settings["activation"], ACTIVATIONS)
        hidden_size = check_size("head_hidden_size", config.head_hidden_size)
        self.projector = nn.Linear(num_states * feature_size, hidden_size)
        self.activation = ACTIVATIONS[activation]()
        self.finish(config, hidden_size)

    def clip_vector(self, layer_stack: torch.Tensor, frame_mask: torch.Tensor | None) -> torch.Tensor:
        """Masked mean, projected; see `SpeechHead.clip_vector`."""
        return self.activation(self.projector(masked_mean(self.side_by_side(layer_stack), frame_mask)))


__all__ = ["MeanTanhHead"]
