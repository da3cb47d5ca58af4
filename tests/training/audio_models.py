"""Tiny models of transformers' audio families, built without any download."""

import torch
from transformers import (
    ASTConfig,
    ASTForAudioClassification,
    HubertConfig,
    HubertForSequenceClassification,
    Wav2Vec2Config,
    Wav2Vec2ForSequenceClassification,
    WavLMConfig,
    WavLMForSequenceClassification,
    WhisperConfig,
    WhisperForAudioClassification,
)

MODELS = ("wav2vec2", "hubert", "wavlm", "whisper", "ast")
_WAVEFORM = {
    "wav2vec2": (Wav2Vec2Config, Wav2Vec2ForSequenceClassification),
    "hubert": (HubertConfig, HubertForSequenceClassification),
    "wavlm": (WavLMConfig, WavLMForSequenceClassification),
}


def tiny_audio_model(name, **settings):
    """A model of three layers, width 16 and three classes, all dropout at 0.5."""
    torch.manual_seed(0)
    width = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 3, "intermediate_size": 24}
    if name in _WAVEFORM:
        config, kind = _WAVEFORM[name]
        # more convolutions than layers, as in distilled encoders
        width |= {"conv_dim": (8,) * 4, "conv_kernel": (10, 3, 3, 3), "conv_stride": (5, 2, 2, 2)}
        width |= {"num_feat_extract_layers": 4, "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}
        width |= {"classifier_proj_size": 8, "hidden_dropout": 0.5, "attention_dropout": 0.5, "layerdrop": 0.5}
        width |= {"feat_proj_dropout": 0.5, "activation_dropout": 0.5, "mask_time_prob": 0.5, "mask_time_length": 2}
        return kind(config(**(width | {"num_labels": 3} | settings)))
    if name == "whisper":
        width = {"d_model": 16, "encoder_layers": 3, "encoder_attention_heads": 2, "encoder_ffn_dim": 24}
        width |= {"decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 24, "num_mel_bins": 8}
        width |= {"max_source_positions": 30, "classifier_proj_size": 8, "use_weighted_layer_sum": True}
        width |= {"dropout": 0.5, "attention_dropout": 0.5, "activation_dropout": 0.5, "encoder_layerdrop": 0.5}
        return WhisperForAudioClassification(WhisperConfig(**(width | {"num_labels": 3} | settings)))
    width |= {"num_mel_bins": 16, "max_length": 32, "patch_size": 8, "frequency_stride": 8, "time_stride": 8}
    width |= {"hidden_dropout_prob": 0.5, "attention_probs_dropout_prob": 0.5}
    return ASTForAudioClassification(ASTConfig(**(width | {"num_labels": 3} | settings)))


def inputs_of(name, batch=2):
    """What the model reads: the same numbers every time."""
    generator = torch.Generator().manual_seed(0)
    if name in _WAVEFORM:
        return {"input_values": torch.randn(batch, 1600, generator=generator)}
    if name == "whisper":
        return {"input_features": torch.randn(batch, 8, 60, generator=generator)}
    return {"input_values": torch.randn(batch, 32, 16, generator=generator)}
