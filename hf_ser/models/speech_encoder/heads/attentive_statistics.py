"""Attentive statistics pooling over time (Okabe et al. 2018), one hidden layer, classifier."""

from typing import TYPE_CHECKING

import torch
from torch import nn

from .base import SpeechHead, check_size, head_settings
from .pooling import AttentiveStatisticsPooling

if TYPE_CHECKING:
    from ..configuration_speech_encoder import SpeechEncoderConfig


class AttentiveStatisticsHead(SpeechHead):
    """Mean and standard deviation weighted by attention over real frames, Linear, ReLU, Linear.

    `head_config`: `attention_size`, width of the attention's hidden layer (default 128).

    Args:
        config: The model's configuration.
        num_states: Encoder states in the stack; several lie side by side.
        feature_size: Features of a frame.

    Raises:
        ValueError: If the configuration does not fit.
    """

    def __init__(self, config: "SpeechEncoderConfig", num_states: int, feature_size: int) -> None:
        super().__init__(config, num_states, feature_size)
        settings = head_settings(config, {"attention_size": 128})
        attention_size = check_size("head_config['attention_size']", settings["attention_size"])
        hidden_size = check_size("head_hidden_size", config.head_hidden_size)
        self.pooling = AttentiveStatisticsPooling(num_states * feature_size, attention_size)
        self.projector = nn.Linear(2 * num_states * feature_size, hidden_size)
        self.finish(config, hidden_size)

    def clip_vector(self, layer_stack: torch.Tensor, frame_mask: torch.Tensor | None) -> torch.Tensor:
        """Statistics under attention, projected; see `SpeechHead.clip_vector`."""
        return torch.relu(self.projector(self.pooling(self.side_by_side(layer_stack), frame_mask)))


__all__ = ["AttentiveStatisticsHead"]
