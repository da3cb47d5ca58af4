"""Tiny speech encoders with a head, and what trains them, for the tests of fine-tuning."""

import torch
from tiny import EMOTIONS, LABELS
from transformers import HubertConfig, WhisperConfig

from hf_ser import SpeechEncoderConfig, SpeechEncoderForAudioClassification
from hf_ser.features.feature_extraction_speech import SpeechFeatureExtractor

_DROPPED = {"attention_dropout": 0.3, "activation_dropout": 0.3}


def tiny_encoder_config(name="whisper", **settings):
    if name == "whisper":
        width = {"d_model": 16, "encoder_layers": 3, "encoder_attention_heads": 2, "encoder_ffn_dim": 24}
        width |= {"num_mel_bins": 80, "max_source_positions": 100, "dropout": 0.3, "encoder_layerdrop": 0.5}
        width |= {"decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 24}
        return WhisperConfig(**(width | _DROPPED | settings))
    width = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 3, "intermediate_size": 24}
    width |= {"conv_dim": (8,) * 4, "conv_kernel": (10, 8, 4, 4), "conv_stride": (5, 4, 4, 4), "layerdrop": 0.5}
    width |= {"num_feat_extract_layers": 4, "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}
    # masks longer than the clips are
    width |= {"hidden_dropout": 0.3, "mask_time_prob": 0.5, "mask_time_length": 60}
    return HubertConfig(**(width | _DROPPED | settings))


def tiny_speech_model(name="whisper", seed=0, encoder=None, **settings):
    torch.manual_seed(seed)
    labels = {"id2label": dict(enumerate(EMOTIONS)), "label2id": LABELS}
    settings = {"head": "statistics", "layers": [2, 3], "head_hidden_size": 8} | settings
    config = SpeechEncoderConfig(encoder_config=tiny_encoder_config(name, **(encoder or {})), **labels, **settings)
    return SpeechEncoderForAudioClassification(config)


def tiny_speech_extractor(name="whisper", **settings):
    kind = {"input_kind": "log_mel", "max_seconds": 2.0} if name == "whisper" else {"input_kind": "waveform"}
    return SpeechFeatureExtractor(**(kind | settings))
