"""VGG-like network over the stack of encoder layers as channels (system 003): any length, and the fixed original."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from .base import SpeechHead, check_size, head_settings
from .masked_convolution import ConvolutionStage, pool_to_grid

if TYPE_CHECKING:
    from ..configuration_speech_encoder import SpeechEncoderConfig

# channels and number of convolutions of the four stages
STAGES = ((24, 2), (48, 2), (96, 3), (192, 3))


class VggHead(SpeechHead):
    """Layers as channels, time as height, features as width; four stages of convolutions, Linear, ReLU, Linear.

    Each clip is convolved and pooled on its own length: padding is zero before every convolution, statistics of the
    batch norms leave it out in training, and what is left after the four stages is averaged into `grid_rows` rows of
    the clip's own time. At 263 frames (5.27 s) that is exactly the original, whose weights can therefore be used at
    any length.

    `head_config`: `grid_rows` (default 3); or `input_size`, [frames, features], for the fixed original: clips are
    padded with zeros to that length, and the padding counts as it does there (the original's size is [263, 768]).

    Args:
        config: The model's configuration. The original has a `head_hidden_size` of 64.
        num_states: Encoder states in the stack, 12 in the original.
        feature_size: Features of a frame.

    Raises:
        ValueError: If the configuration does not fit.
    """

    def __init__(self, config: "SpeechEncoderConfig", num_states: int, feature_size: int) -> None:
        super().__init__(config, num_states, feature_size)
        settings = head_settings(config, {"input_size": None, "grid_rows": 3})
        hidden_size = check_size("head_hidden_size", config.head_hidden_size)
        self.grid_rows = check_size("head_config['grid_rows']", settings["grid_rows"])
        self.fixed_frames = None
        if settings["input_size"] is not None:
            self.fixed_frames = self._check_input_size(settings, config.head_config)
        channels, columns, rows = num_states, feature_size, self.fixed_frames
        self.stages = nn.ModuleList()
        for out_channels, depth in STAGES:
            self.stages.append(ConvolutionStage(channels, out_channels, depth))
            channels, columns = out_channels, max(columns // 3, 1)
            rows = None if rows is None else max(rows // 3, 1)
        self.projector = nn.Linear(channels * (rows or self.grid_rows) * columns, hidden_size)
        self.finish(config, hidden_size)

    def _check_input_size(self, settings: Mapping[str, Any], given: Mapping[str, Any] | None) -> int:
        """Frames of the fixed original."""
        size = settings["input_size"]
        if not isinstance(size, (list, tuple)) or len(size) != 2 or size[1] != self.feature_size:
            raise ValueError(
                f"got head_config['input_size']={size!r}, expected [frames, {self.feature_size}]: this encoder has"
                f" {self.feature_size} features; leave input_size out for clips of any length"
            )
        if "grid_rows" in (given or {}):
            raise ValueError("got head_config with both 'input_size' and 'grid_rows', expected one of them")
        return check_size("head_config['input_size'][0]", size[0])

    def grid(
        self, layer_stack: torch.Tensor, frame_mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """The convolutional part.

        Args:
            layer_stack: Shape (batch, states, frames, features), zero on padding.
            frame_mask: Shape (batch, frames), True on real frames, padding at the end; None if all are real.

        Returns:
            What the projector reads, shape (batch, 192, rows, columns), and the outputs of the four stages.

        Raises:
            ValueError: If a clip is longer than the fixed original can take.
        """
        lengths = None
        if self.fixed_frames is not None:
            layer_stack = self._to_fixed_length(layer_stack, frame_mask, self.fixed_frames)
        elif frame_mask is not None:
            lengths = frame_mask.sum(1).clamp(min=1)
        outputs = []
        for stage in self.stages:
            layer_stack, lengths = stage(layer_stack, lengths)
            outputs.append(layer_stack)
        if self.fixed_frames is None:
            layer_stack = pool_to_grid(layer_stack, lengths, self.grid_rows)
        return layer_stack, tuple(outputs)

    @staticmethod
    def _to_fixed_length(layer_stack: torch.Tensor, frame_mask: torch.Tensor | None, fixed: int) -> torch.Tensor:
        frames = layer_stack.shape[2]
        if frames > fixed and (frame_mask is None or bool(frame_mask[:, fixed:].any())):
            longest = frames if frame_mask is None else int(frame_mask.sum(1).max())
            raise ValueError(
                f"got a clip of {longest} frames, expected at most {fixed}, for which this head was built: score"
                " shorter windows, or leave input_size out of head_config for clips of any length"
            )
        return nn.functional.pad(layer_stack, (0, 0, 0, fixed - frames))

    def clip_vector(self, layer_stack: torch.Tensor, frame_mask: torch.Tensor | None) -> torch.Tensor:
        """Convolutions, grid, one layer; see `SpeechHead.clip_vector`."""
        grid, _ = self.grid(layer_stack, frame_mask)
        return torch.relu(self.projector(grid.flatten(1)))


def convert_vgg_state_dict(original: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Rename the weights of system 003's heads, with or without eGeMAPS, to those of `VggHead`.

    Args:
        original: Weights by the names of `fe_vgg_wav2emo` (`conv_layers.*`, `lin_layers.*`) or
            `fe_vgg_eGeMAPS_wav2emo` (`modelA.*`, `modelB.*`, `out_layers.*`), without those of the encoder and
            without the prefixes `1.` and `modelA.1.` of the saved files.

    Returns:
        The same tensors under our names.

    Raises:
        ValueError: If a name is none of these.
    """
    linear = {
        "lin_layers.0": "projector",
        "lin_layers.3": "classifier",
        "modelA.lin_layer.0": "projector",
        "modelB.layer.0": "fusion.branch",
        "out_layers.0": "fusion.output",
        "out_layers.3": "classifier",
    }
    renamed = {}
    for key, tensor in original.items():
        layer, _, kind = key.rpartition(".")
        parts = layer.removeprefix("modelA.").split(".")
        if layer in linear:
            renamed[f"{linear[layer]}.{kind}"] = tensor
        elif len(parts) == 4 and parts[0] == "conv_layers" and parts[3].isdigit() and int(parts[3]) % 3 < 2:
            block, part = divmod(int(parts[3]), 3)
            renamed[f"stages.{parts[1]}.{('convolutions', 'norms')[part]}.{block}.{kind}"] = tensor
        else:
            raise ValueError(f"got a weight {key!r}, expected those of system 003's heads; remove the encoder's")
    return renamed


__all__ = ["VggHead", "convert_vgg_state_dict"]
