"""Masked mean and standard deviation of every state: what a frozen encoder is probed with."""

from typing import TYPE_CHECKING

import torch
from torch import nn
from transformers import initialization as init

from .base import ACTIVATIONS, SpeechHead, check_choice, check_size, head_settings
from .pooling import masked_mean_std, weighted_states

if TYPE_CHECKING:
    from ..configuration_speech_encoder import SpeechEncoderConfig


class StatisticsHead(SpeechHead):
    """Mean and standard deviation over real frames of the read states, side by side, then Linear or a small network.

    With `head_hidden_size=0` the head is linear: multinomial logistic regression on the statistics, whose weights may
    come from any fit of one (fold a standardisation of the statistics into weight and bias).

    `head_config`: `activation` of the hidden layer, "relu" (default), "tanh", "gelu" or "none"; `batch_norm` (default
    False): whether the statistics pass a batch norm, which standardises them with figures of the training clips, as a
    probe by logistic regression does beforehand; `weighted_states` (default False): the states are summed under the
    softmax of one learned weight each before the statistics, in place of side by side, so that the head stays small
    where many states are read.

    Args:
        config: The model's configuration.
        num_states: Encoder states in the stack. The statistics lie as all means, state by state, then all deviations.
        feature_size: Features of a frame.

    Raises:
        ValueError: If the configuration does not fit.
    """

    def __init__(self, config: "SpeechEncoderConfig", num_states: int, feature_size: int) -> None:
        super().__init__(config, num_states, feature_size)
        settings = head_settings(config, {"activation": "relu", "batch_norm": False, "weighted_states": False})
        activation = check_choice("head_config['activation']", settings["activation"], ACTIVATIONS)
        hidden_size = check_size("head_hidden_size", config.head_hidden_size, least=0)
        weighted = _check_switch("weighted_states", settings["weighted_states"])
        self.layer_weights = nn.Parameter(torch.zeros(num_states)) if weighted else None
        size = 2 * (1 if weighted else num_states) * feature_size
        self.batch_norm = nn.BatchNorm1d(size) if _check_switch("batch_norm", settings["batch_norm"]) else None
        self.projector = nn.Linear(size, hidden_size) if hidden_size else None
        self.activation = ACTIVATIONS[activation]()
        self.finish(config, hidden_size or size)

    def clip_vector(self, layer_stack: torch.Tensor, frame_mask: torch.Tensor | None) -> torch.Tensor:
        """Masked statistics, projected where there is a hidden layer; see `SpeechHead.clip_vector`."""
        if self.layer_weights is None:
            frames = self.side_by_side(layer_stack)
        else:
            frames = weighted_states(self.layer_weights, layer_stack)
        statistics = masked_mean_std(frames, frame_mask)
        if self.batch_norm is not None:
            statistics = statistics.to(self.batch_norm.weight.dtype)
            # one clip has no deviation to train with: it is read as in evaluation
            alone = self.batch_norm.training and len(statistics) == 1
            statistics = self._as_in_evaluation(self.batch_norm, statistics) if alone else self.batch_norm(statistics)
        if self.projector is None:
            return statistics
        return self.activation(self.projector(statistics))

    def init_own_parameters(self) -> None:
        """States count alike at first; see `SpeechHead.init_own_parameters`."""
        if self.layer_weights is not None:
            init.zeros_(self.layer_weights)

    @staticmethod
    def _as_in_evaluation(norm: nn.BatchNorm1d, statistics: torch.Tensor) -> torch.Tensor:
        return nn.functional.batch_norm(
            statistics, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
        )


def _check_switch(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"got head_config[{name!r}]={value!r}, expected true or false")
    return value


__all__ = ["StatisticsHead"]
