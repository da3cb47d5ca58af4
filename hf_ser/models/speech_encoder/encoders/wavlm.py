"""WavLM: wav2vec 2.0's skeleton with a gated relative position bias in every layer (Chen et al. 2022)."""

from typing import Any

import torch
from transformers import PreTrainedModel

from .waveform import WaveformRunner


class WavLMRunner(WaveformRunner):
    """As `WaveformRunner`; the first layer's table of relative positions serves all layers, also on resuming."""

    def layer_arguments(
        self, encoder: PreTrainedModel, state: torch.Tensor, frame_mask: torch.Tensor | None
    ) -> dict[str, Any]:
        """The mask of frames, and the bias of relative positions of shape (batch x heads, frames, frames)."""
        batch, frames, _ = state.shape
        bias = encoder.encoder.layers[0].attention.compute_bias(frames, frames)
        bias = bias[None].expand(batch, -1, -1, -1).reshape(-1, frames, frames)
        return {"attention_mask": frame_mask, "position_bias": bias}


__all__ = ["WavLMRunner"]
