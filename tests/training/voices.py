"""A tiny CCT that is told whose voice it hears, its extractor, and a tiny speaker encoder on disk."""

import torch
from tiny import EMOTIONS, LABELS

from hf_ser import (
    EcapaTdnnConfig,
    EcapaTdnnFeatureExtractor,
    EcapaTdnnModel,
    SpeakerCctConfig,
    SpeakerCctForAudioClassification,
    SpeakerSpectrogramFeatureExtractor,
)

SIZE = 6
CCT = {"hidden_size": 32, "tokenizer_in_planes": 8}
FEATURES = {"num_mel_bins": 32, "num_frames": 96, "normalization": "clip"}


def tiny_speaker_encoder(seed=0):
    torch.manual_seed(seed)
    sizes = {"hidden_size": 8, "aggregation_size": 12, "squeeze_size": 4, "attention_size": 4, "res2net_scale": 2}
    return EcapaTdnnModel(EcapaTdnnConfig(**sizes, embedding_size=SIZE)).eval()


def speaker_encoder_folder(folder, seed=0):
    """The encoder as `convert_ecapa_tdnn_checkpoint` leaves one."""
    tiny_speaker_encoder(seed).save_pretrained(folder)
    EcapaTdnnFeatureExtractor().save_pretrained(folder)
    return str(folder)


def tiny_speaker_model(seed=0, encoder_seed=0, **settings):
    torch.manual_seed(seed)
    given = CCT | {
        "num_channels": 1,
        "image_size": [32, 96],
        "id2label": dict(enumerate(EMOTIONS)),
        "label2id": LABELS,
    }
    config = SpeakerCctConfig.from_variant("cct_2_3x2_32", **(given | {"speaker_embedding_dim": SIZE} | settings))
    return SpeakerCctForAudioClassification(config).set_speaker_encoder(tiny_speaker_encoder(encoder_seed))


def tiny_speaker_extractor(**settings):
    return SpeakerSpectrogramFeatureExtractor(EcapaTdnnFeatureExtractor(), **(FEATURES | settings))


def count_embedded(monkeypatch):
    """Lengths in frames of the clips that speaker encoders embed from now on."""
    made = []
    embed = SpeakerCctForAudioClassification.get_speaker_embeddings

    def counted(self, speaker_features, speaker_attention_mask=None):
        made.extend(speaker_attention_mask.sum(1).tolist())
        return embed(self, speaker_features, speaker_attention_mask)

    monkeypatch.setattr(SpeakerCctForAudioClassification, "get_speaker_embeddings", counted)
    return made
