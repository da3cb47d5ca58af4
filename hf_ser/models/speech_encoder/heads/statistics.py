"""Masked mean and standard deviation of every state: what a frozen encoder is probed with."""

from typing import TYPE_CHECKING

import torch
from torch import nn

from .base import ACTIVATIONS, SpeechHead, check_choice, check_size, head_settings
from .pooling import masked_mean_std

if TYPE_CHECKING:
    from ..configuration_speech_encoder import SpeechEncoderConfig


class StatisticsHead(SpeechHead):
    """Mean and standard deviation over real frames of each read state, side by side, then Linear or a small network.

    With `head_hidden_size=0` the head is linear: multinomial logistic regression on the statistics, whose weights may
    come from any fit of one (fold a standardisation of the statistics into weight and bias).

    `head_config`: `activation` of the hidden layer, "relu" (default), "tanh", "gelu" or "none"; `batch_norm` (default
    False): whether the statistics pass a batch norm, which standardises them with figures of the training clips, as a
    probe by logistic regression does beforehand.

    Args:
        config: The model's configuration.
        num_states: Encoder states in the stack. The statistics lie as all means, state by state, then all deviations.
        feature_size: Features of a frame.

    Raises:
        ValueError: If the configuration does not fit.
    """

    def __init__(self, config: "SpeechEncoderConfig", num_states: int, feature_size: int) -> None:
        super().__init__(config, num_states, feature_size)
        settings = head_settings(config, {"activation": "relu", "batch_norm": False})
        activation = check_choice("head_config['activation']", settings["activation"], ACTIVATIONS)
        hidden_size = check_size("head_hidden_size", config.head_hidden_size, least=0)
        size = 2 * num_states * feature_size
        self.batch_norm = nn.BatchNorm1d(size) if settings["batch_norm"] else None
        self.projector = nn.Linear(size, hidden_size) if hidden_size else None
        self.activation = ACTIVATIONS[activation]()
        self.finish(config, hidden_size or size)

    def clip_vector(self, layer_stack: torch.Tensor, frame_mask: torch.Tensor | None) -> torch.Tensor:
        """Masked statistics, projected where there is a hidden layer; see `SpeechHead.clip_vector`."""
        statistics = masked_mean_std(self.side_by_side(layer_stack), frame_mask)
        if self.batch_norm is not None:
            statistics = statistics.to(self.batch_norm.weight.dtype)
            # one clip has no deviation to train with: it is read as in evaluation
            alone = self.batch_norm.training and len(statistics) == 1
            statistics = self._as_in_evaluation(self.batch_norm, statistics) if alone else self.batch_norm(statistics)
        if self.projector is None:
            return statistics
        return self.activation(self.projector(statistics))

    @staticmethod
    def _as_in_evaluation(norm: nn.BatchNorm1d, statistics: torch.Tensor) -> torch.Tensor:
        return nn.functional.batch_norm(
            statistics, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
        )


__all__ = ["StatisticsHead"]
