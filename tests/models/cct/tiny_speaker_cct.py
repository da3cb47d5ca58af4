"""Small speaker-conditioned models and speaker encoders for fast tests."""

import torch
from tiny_cct import NAMES, SMALL

from hf_ser.models.cct import SpeakerCctConfig, SpeakerCctForAudioClassification
from hf_ser.models.speaker_encoder import EcapaTdnnConfig

FUSIONS = ("pair", "token", "speaker_token")
EMBEDDING_SIZE = 12


def tiny_encoder_config():
    """An ECAPA-TDNN with 12-dimensional embeddings."""
    sizes = {"hidden_size": 16, "aggregation_size": 24, "squeeze_size": 8, "attention_size": 8, "res2net_scale": 2}
    return EcapaTdnnConfig(**sizes, embedding_size=EMBEDDING_SIZE)


def tiny_speaker_config(fusion="token", encoder=False, **overrides):
    """A small configuration, with a speaker encoder on request."""
    settings = SMALL | {"fusion": fusion, "speaker_embedding_dim": EMBEDDING_SIZE} | overrides
    if encoder:
        settings["speaker_encoder_config"] = tiny_encoder_config()
    return SpeakerCctConfig.from_variant(NAMES["cct_2_convs"], **settings)


def tiny_speaker_model(fusion="token", seed=0, **overrides):
    """A small model in evaluation mode, its weights far enough from zero for differences to show."""
    torch.manual_seed(seed)
    model = SpeakerCctForAudioClassification(tiny_speaker_config(fusion, **overrides)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def voices(clips, size=EMBEDDING_SIZE, seed=5):
    """Speaker vectors of shape (clips, size), as long as those of real encoders may be."""
    return 20 * torch.randn(clips, size, generator=torch.Generator().manual_seed(seed))


def voice_features(lengths, seed=6):
    """What the encoder reads, (clips, frames, 80), and its mask."""
    size = max(lengths)
    features = torch.randn(len(lengths), size, 80, generator=torch.Generator().manual_seed(seed))
    mask = (torch.arange(size) < torch.tensor(lengths)[:, None]).long()
    return features * mask[..., None], mask
