"""The frozen speaker encoder that a model owns: building it, and checking one that is given."""

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from ..speaker_encoder.embedding_speakers import speaker_embedding_size, speaker_encoder_from_config
from .configuration_speaker_cct import SpeakerCctConfig


def frozen(encoder: PreTrainedModel) -> PreTrainedModel:
    """Put an encoder in evaluation mode and stop its training; returns it."""
    return encoder.eval().requires_grad_(False)


def build_speaker_encoder(config: PreTrainedConfig) -> PreTrainedModel:
    """A frozen speaker encoder with fresh weights, as `speaker_encoder_from_config` builds it."""
    return frozen(speaker_encoder_from_config(config))


def check_speaker_encoder(encoder: PreTrainedModel, config: SpeakerCctConfig) -> None:
    """Make sure that a model's folder can bring back this encoder, and that its embeddings fit the model.

    Args:
        encoder: A speaker encoder.
        config: The model's configuration.

    Raises:
        ValueError: If it is no speaker encoder, of another class than its configuration builds, or gives embeddings
            of another size.
    """
    with torch.device("meta"):
        expected = type(speaker_encoder_from_config(encoder.config))
    if type(encoder) is not expected:
        raise ValueError(
            f"got a speaker encoder of class {type(encoder).__name__}, expected {expected.__name__}, which a saved "
            "model builds from its configuration; load the encoder with that class"
        )
    size = speaker_embedding_size(encoder.config)
    if size != config.speaker_embedding_dim:
        raise ValueError(
            f"got a speaker encoder with embeddings of size {size}, expected "
            f"speaker_embedding_dim={config.speaker_embedding_dim}; build the model with speaker_embedding_dim={size}"
        )


__all__ = ["build_speaker_encoder", "check_speaker_encoder", "frozen"]
