"""LSTM or GRU over frames: the alternative that systems 002 and 003 name and never build."""

from typing import TYPE_CHECKING

import torch
from torch import nn

from .base import SpeechHead, check_choice, check_size, head_settings
from .pooling import masked_mean

if TYPE_CHECKING:
    from ..configuration_speech_encoder import SpeechEncoderConfig

CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}
POOLINGS = ("mean", "last")


class RecurrentHead(SpeechHead):
    """LSTM or GRU (`config.head` says which) over real frames, pooled over time, Linear.

    Frames of padding are never read: sequences are packed. `head_hidden_size` is the width of one direction.
    `head_config`: `num_layers` (default 1), `bidirectional` (default true) and `pooling`, "mean" over the outputs
    (default) or "last", the state in which each direction ends.

    Args:
        config: The model's configuration.
        num_states: Encoder states in the stack; several lie side by side.
        feature_size: Features of a frame.

    Raises:
        ValueError: If the configuration does not fit.
    """

    def __init__(self, config: "SpeechEncoderConfig", num_states: int, feature_size: int) -> None:
        super().__init__(config, num_states, feature_size)
        settings = head_settings(config, {"num_layers": 1, "bidirectional": True, "pooling": "mean"})
        num_layers = check_size("head_config['num_layers']", settings["num_layers"])
        bidirectional = settings["bidirectional"]
        if not isinstance(bidirectional, bool):
            raise ValueError(f"got head_config['bidirectional']={bidirectional!r}, expected true or false")
        self.pooling = check_choice("head_config['pooling']", settings["pooling"], POOLINGS)
        hidden_size = check_size("head_hidden_size", config.head_hidden_size)
        self.directions = 1 + bidirectional
        self.recurrence = CELLS[check_choice("head", config.head, CELLS)](
            num_states * feature_size,
            hidden_size,
            num_layers=num_layers,
            batch_first=True,
            dropout=config.head_dropout if num_layers > 1 else 0.0,
            bidirectional=bidirectional,
        )
        self.finish(config, self.directions * hidden_size)

    def clip_vector(self, layer_stack: torch.Tensor, frame_mask: torch.Tensor | None) -> torch.Tensor:
        """Recurrence over real frames, pooled; see `SpeechHead.clip_vector`.

        Raises:
            ValueError: If the padding is not at the end of the clips.
        """
        frames = self.side_by_side(layer_stack)
        if frame_mask is None:
            lengths = torch.full(frames.shape[:1], frames.shape[1])
        else:
            mask = frame_mask.bool().cpu()
            if bool((mask[:, 1:] & ~mask[:, :-1]).any()):
                raise ValueError("got a frame mask with padding before real frames, expected padding at the end only")
            lengths = mask.sum(1).clamp(min=1)
        packed = nn.utils.rnn.pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
        outputs, ends = self.recurrence(packed)
        if self.pooling == "last":
            ends = ends[0] if isinstance(ends, tuple) else ends
            return ends[-self.directions :].transpose(0, 1).flatten(1)
        padded, _ = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True, total_length=frames.shape[1])
        return masked_mean(padded, frame_mask)


__all__ = ["RecurrentHead"]
