"""wav2vec 2.0 and its relatives: HuBERT, data2vec-audio, UniSpeech, UniSpeech-SAT (Baevski et al. 2020 and after)."""

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from .base import EncoderRunner
from .group_norm import masked_group_norm
from .masks import real_lengths, shortest_waveform, zero_padding
from .spec_augment import augment_states


class WaveformRunner(EncoderRunner):
    """Waveforms (batch, samples) through convolutions without padding, then a post-norm or stable-layer-norm encoder.

    In the post-norm kind the norm stands before the layers; in the stable kind (`do_stable_layer_norm`) after them.
    """

    def layers(self, encoder: PreTrainedModel) -> nn.ModuleList:
        """The encoder's layers, from below."""
        return encoder.encoder.layers

    def front(self, encoder: PreTrainedModel) -> list[nn.Module]:
        """Convolutions, projection and positions, and the norm that follows them in the post-norm kind."""
        front = [encoder.feature_extractor, encoder.feature_projection, encoder.encoder.pos_conv_embed]
        return front if self.is_stable(encoder) else [*front, encoder.encoder.layer_norm]

    def is_stable(self, encoder: PreTrainedModel) -> bool:
        """Whether the norm stands after the layers."""
        return bool(getattr(encoder.config, "do_stable_layer_norm", False))

    def final_norm(self, encoder: PreTrainedModel) -> nn.Module | None:
        """The norm after the last layer of the stable kind."""
        return encoder.encoder.layer_norm if self.is_stable(encoder) else None

    def drop_final_norm(self, encoder: PreTrainedModel) -> None:
        """Take the norm after the last layer away."""
        if self.is_stable(encoder):
            encoder.encoder.layer_norm = None

    def embed(
        self, encoder: PreTrainedModel, inputs: torch.Tensor, attention_mask: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Waveforms (batch, samples) to state 0; see `EncoderRunner.embed`."""
        if inputs.ndim != 2:
            raise ValueError(
                f"got input_values of shape {tuple(inputs.shape)}, expected (batch, samples) of mono sound at 16 kHz"
            )
        lengths = real_lengths(attention_mask, inputs)
        convolved, lengths = self.convolve(encoder, inputs, lengths)
        projected = encoder.feature_projection(convolved)
        state = projected[0] if isinstance(projected, tuple) else projected
        if encoder.training:
            state = augment_states(encoder, state, lengths, encoder.config)
        state = zero_padding(state, lengths)
        state = state + self.positions(encoder.encoder.pos_conv_embed, state, lengths)
        if not self.is_stable(encoder):
            state = encoder.encoder.layer_norm(state)
        return zero_padding(encoder.encoder.dropout(state), lengths), lengths

    def convolve(
        self, encoder: PreTrainedModel, waveform: torch.Tensor, lengths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The convolutions.

        Args:
            encoder: The encoder.
            waveform: Shape (batch, samples).
            lengths: Real samples of shape (batch,); None: all.

        Returns:
            Features of shape (batch, frames, channels), and real frames of shape (batch,), None if all are real. A
            clip that is too short for one frame is completed with silence.
        """
        convolutions = encoder.feature_extractor.conv_layers
        shortest = shortest_waveform(encoder.config)
        waveform = zero_padding(waveform, lengths)
        if waveform.shape[1] < shortest:
            if lengths is None:
                lengths = waveform.new_full((len(waveform),), waveform.shape[1], dtype=torch.long)
            waveform = nn.functional.pad(waveform, (0, shortest - waveform.shape[1]))
        hidden = waveform[:, None].to(convolutions[0].conv.weight.dtype)
        for layer in convolutions:
            if lengths is not None:
                kernel, stride = layer.conv.kernel_size[0], layer.conv.stride[0]
                lengths = ((lengths - kernel).clamp(min=0) // stride + 1).clamp(min=1)
            norm = getattr(layer, "layer_norm", None)
            if isinstance(norm, nn.GroupNorm) and self.masked_group_norm:
                hidden = layer.activation(masked_group_norm(norm, layer.conv(hidden), lengths))
            else:
                hidden = layer(hidden)
        if lengths is not None and hidden.device.type == "cpu" and bool((lengths == hidden.shape[2]).all()):
            lengths = None
        return hidden.transpose(1, 2), lengths

    def positions(self, embedding: Any, state: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
        """The convolutional positional embedding of (batch, frames, features), blind to padding."""
        if hasattr(embedding, "layers"):  # data2vec-audio: several convolutions, each would carry padding on
            for layer in embedding.layers:
                state = layer(zero_padding(state, lengths).transpose(1, 2)).transpose(1, 2)
            return state
        norm = getattr(embedding, "batch_norm", None)  # some HuBERTs: makes padding other than zero
        if norm is None:
            return embedding(state)
        normal = zero_padding(norm(state.transpose(1, 2)).transpose(1, 2), lengths)
        hidden = embedding.activation(embedding.padding(embedding.conv(normal.transpose(1, 2))))
        return hidden.transpose(1, 2)


__all__ = ["WaveformRunner"]
