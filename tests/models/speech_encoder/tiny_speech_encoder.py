"""Tiny speech encoders of every family with random weights, and batches for them."""

import torch
from transformers import (
    Data2VecAudioConfig,
    HubertConfig,
    UniSpeechSatConfig,
    Wav2Vec2Config,
    Wav2Vec2ConformerConfig,
    WavLMConfig,
    WhisperConfig,
)

from hf_ser.models.speech_encoder import SpeechEncoderConfig, SpeechEncoderForAudioClassification

_SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 48}
# the strides and kernels of the published encoders: 20 ms a frame, 25 ms wide
_CONV = {"conv_dim": [16] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
_WAVEFORM = {**_SIZES, **_CONV, "mask_time_prob": 0.0}
_LAYER_NORM = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
_POSITIONS = {"num_conv_pos_embeddings": 3, "conv_pos_kernel_size": 5}
_WHISPER = {"encoder_layers": 3, "encoder_attention_heads": 2, "encoder_ffn_dim": 48, "num_mel_bins": 8}

ENCODERS = {
    "hubert": lambda **s: HubertConfig(**_WAVEFORM | s),
    "hubert_batch_norm": lambda **s: HubertConfig(**_WAVEFORM | {"conv_pos_batch_norm": True} | s),
    "wav2vec2_group": lambda **s: Wav2Vec2Config(**_WAVEFORM | s),
    "wav2vec2_layer": lambda **s: Wav2Vec2Config(**_WAVEFORM | _LAYER_NORM | s),
    "wavlm": lambda **s: WavLMConfig(**_WAVEFORM | s),
    "wavlm_stable": lambda **s: WavLMConfig(**_WAVEFORM | _LAYER_NORM | s),
    "data2vec": lambda **s: Data2VecAudioConfig(**_WAVEFORM | _POSITIONS | s),
    "unispeech_sat": lambda **s: UniSpeechSatConfig(**_WAVEFORM | s),
    "whisper": lambda **s: WhisperConfig(**{"d_model": 32, "decoder_layers": 1, "vocab_size": 20, "pad_token_id": 0,
                                            "decoder_ffn_dim": 8, "decoder_attention_heads": 2} | _WHISPER | s),
    "conformer": lambda **s: Wav2Vec2ConformerConfig(**_WAVEFORM | s),
}  # fmt: skip
FAMILIES = [kind for kind in ENCODERS if kind != "conformer"]
# the kinds that a must-hold names
NAMED = ["hubert", "wav2vec2_group", "wav2vec2_layer", "wavlm", "whisper"]


def tiny_config(kind="hubert", encoder_settings=None, **settings):
    encoder = ENCODERS[kind](**(encoder_settings or {}))
    settings = {"num_labels": 4, "head_hidden_size": 16} | settings
    return SpeechEncoderConfig(encoder_config=encoder, **settings)


def tiny_model(kind="hubert", encoder_settings=None, seed=0, **settings):
    """In evaluation mode, the encoder's weights enlarged so that mistakes show in the logits."""
    torch.manual_seed(seed)
    model = SpeechEncoderForAudioClassification(tiny_config(kind, encoder_settings, **settings)).eval()
    with torch.no_grad():
        for name, parameter in model.encoder.named_parameters():
            if parameter.ndim > 1 and "embed_positions" not in name:
                parameter.mul_(2)
            elif parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def batch(kind, seconds, seed=0):
    """Clips of these lengths in s as keyword arguments: padding holds what must not matter."""
    generator = torch.Generator().manual_seed(seed)
    rate = 100 if kind == "whisper" else 16000
    lengths = [round(rate * length) for length in seconds]
    shape = (len(lengths), max(lengths), 8) if kind == "whisper" else (len(lengths), max(lengths))
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    name = "input_features" if kind == "whisper" else "input_values"
    return {name: torch.randn(shape, generator=generator), "attention_mask": mask}


def alone(inputs, row):
    """One clip of a batch, cut to its own length and without a mask."""
    length = int(inputs["attention_mask"][row].sum())
    return {name: value[row : row + 1, :length] for name, value in inputs.items() if name != "attention_mask"}


def largest(one, other):
    return (one - other).abs().max().item()
