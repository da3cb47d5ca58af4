"""Whisper's encoder on each clip's own length, instead of 30 s of padding (Radford et al. 2022)."""

import torch
from torch import nn
from transformers import PreTrainedModel

from .base import EncoderRunner
from .masks import real_lengths, zero_padding
from .spec_augment import augment_log_mel


class WhisperRunner(EncoderRunner):
    """Whisper: (batch, frames, mels) of 10 ms to states of 20 ms, positions cut to the clip.

    The stock encoder wants 3,000 frames and attends to the padding too. Here padding is zeroed wherever a convolution
    would reach into it, and no frame attends to it, so that a clip in a batch is the clip alone; a clip of 30 s gives
    what the stock encoder gives.
    """

    def layers(self, encoder: PreTrainedModel) -> nn.ModuleList:
        """The encoder's layers, from below."""
        return encoder.layers

    def front(self, encoder: PreTrainedModel) -> list[nn.Module]:
        """Both convolutions and the positions."""
        return [encoder.conv1, encoder.conv2, encoder.embed_positions]

    def final_norm(self, encoder: PreTrainedModel) -> nn.Module | None:
        """The norm after the last layer."""
        return encoder.layer_norm

    def drop_final_norm(self, encoder: PreTrainedModel) -> None:
        """Take the norm after the last layer away."""
        encoder.layer_norm = None

    def embed(
        self, encoder: PreTrainedModel, inputs: torch.Tensor, attention_mask: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Log-mel frames (batch, frames, mels) to state 0; see `EncoderRunner.embed`."""
        mels, positions = encoder.config.num_mel_bins, encoder.embed_positions.num_embeddings
        if inputs.ndim != 3 or inputs.shape[2] != mels:
            raise ValueError(
                f"got input_features of shape {tuple(inputs.shape)}, expected (batch, frames, {mels} mels); transpose "
                "what transformers' WhisperFeatureExtractor gives, or use SpeechFeatureExtractor.from_encoder"
            )
        lengths = real_lengths(attention_mask, inputs)
        longest = inputs.shape[1]
        if (longest + 1) // 2 > positions:
            raise ValueError(
                f"got {longest} frames ({longest / 100:.1f} s), expected at most {2 * positions} "
                f"({positions / 50:.1f} s): Whisper has {positions} positions. Cut the clip into windows "
                "(EmotionClassifier does), or set max_seconds in the feature extractor"
            )
        features = zero_padding(inputs.to(encoder.conv1.weight.dtype), lengths)
        if encoder.training:
            features = augment_log_mel(features, lengths, encoder.config)
        hidden = nn.functional.gelu(encoder.conv1(features.transpose(1, 2)))
        hidden = zero_padding(hidden.transpose(1, 2), lengths).transpose(1, 2)
        hidden = nn.functional.gelu(encoder.conv2(hidden)).transpose(1, 2)
        state = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
        state = nn.functional.dropout(state, p=encoder.dropout, training=encoder.training)
        lengths = None if lengths is None else (lengths + 1) // 2
        return zero_padding(state, lengths), lengths


__all__ = ["WhisperRunner"]
