"""One way to use any speaker encoder: ECAPA-TDNN, VGG-Vox, and every X-vector model of transformers."""

from typing import Any

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from .masked_frames import real_lengths

SPEAKER_ENCODERS = ("ser_ecapa_tdnn", "ser_vgg_vox")


def is_x_vector(config: PreTrainedConfig) -> bool:
    """Whether a configuration is of a model type that `AutoModelForAudioXVector` builds.

    Raises:
        ValueError: If it is of no speaker encoder at all; the message lists the model types that are.
    """
    # not above: models may be imported while transformers' auto modules are
    from transformers.models.auto.modeling_auto import MODEL_FOR_AUDIO_XVECTOR_MAPPING_NAMES

    known = [*SPEAKER_ENCODERS, *MODEL_FOR_AUDIO_XVECTOR_MAPPING_NAMES]
    if config.model_type not in known:
        raise ValueError(
            f"got a configuration of model type {config.model_type!r}, expected that of a speaker encoder: "
            f"{', '.join(known)}; convert SpeechBrain's ECAPA-TDNN with hf_ser.convert_ecapa_tdnn_checkpoint"
        )
    return config.model_type not in SPEAKER_ENCODERS


def speaker_encoder_from_config(config: PreTrainedConfig) -> PreTrainedModel:
    """Build a speaker encoder with random weights, as `load_speaker_encoder` loads one.

    Args:
        config: Its configuration.

    Returns:
        The model.

    Raises:
        ValueError: If it is no speaker encoder's.
    """
    from transformers import AutoModel, AutoModelForAudioXVector

    return (AutoModelForAudioXVector if is_x_vector(config) else AutoModel).from_config(config)


def speaker_embedding_size(config: PreTrainedConfig) -> int:
    """Length of the vectors that the encoder of this configuration gives.

    Raises:
        ValueError: If it is no speaker encoder's.
    """
    return int(config.xvector_output_dim if is_x_vector(config) else config.embedding_size)


def embed_speakers(
    encoder: PreTrainedModel, inputs: torch.Tensor, attention_mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Vectors of voices by any speaker encoder; a clip gives the same alone and in any padded batch.

    X-vector models of transformers let padding into their statistics, so they get clips of one length at a time.
    Gradients flow, and the encoder's mode is left as it is: call `encoder.eval()` and use `torch.no_grad()` where the
    encoder is frozen.

    Args:
        encoder: What `load_speaker_encoder` or `speaker_encoder_from_config` gives.
        inputs: The first of what its feature extractor gives: (batch, frames, features), or (batch, samples) for
            encoders of waveforms.
        attention_mask: Shape (batch, frames) or (batch, samples), 1 on real signal and 0 on padding at the end; None:
            all is real.

    Returns:
        Shape (batch, `speaker_embedding_size(encoder.config)`), not normalised.

    Raises:
        ValueError: If a shape does not fit, or a clip is too short for the encoder.
    """
    if not is_x_vector(encoder.config):
        return encoder(inputs, attention_mask=attention_mask).embeddings
    lengths = real_lengths(attention_mask, inputs)
    if lengths is None:
        return _x_vectors(encoder, inputs)
    embeddings = inputs.new_zeros(len(inputs), speaker_embedding_size(encoder.config), dtype=encoder.dtype)
    for length in lengths.unique().tolist():
        rows = (lengths == length).nonzero().flatten()
        vectors = _x_vectors(encoder, inputs[rows, :length]).to(embeddings.dtype)
        embeddings = embeddings.index_put((rows,), vectors)
    return embeddings


def embed_long_enough(
    encoder: PreTrainedModel, inputs: torch.Tensor, attention_mask: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """As `embed_speakers`, where a clip that is too short is no error.

    Too short is a clip whose mask holds no one, as `SpeakerSpectrogramFeatureExtractor` marks those that its speaker
    extractor does not take, and one of too few samples for an X-vector model.

    Args:
        encoder: As in `embed_speakers`.
        inputs: As in `embed_speakers`.
        attention_mask: As in `embed_speakers`.

    Returns:
        Vectors as of `embed_speakers`, zeros where a clip is too short; and which clips are not, booleans of shape
        (batch,), None where all are known to be long enough.

    Raises:
        ValueError: If a shape does not fit.
    """
    _check_shapes(inputs, attention_mask)
    if is_x_vector(encoder.config):
        lengths = torch.full((len(inputs),), inputs.shape[1]) if attention_mask is None else attention_mask.sum(dim=1)
        known = encoder._get_feat_extract_output_lengths(lengths.to(inputs.device)) >= _frames_wanted(encoder.config)
        embeddings = inputs.new_zeros(len(inputs), speaker_embedding_size(encoder.config), dtype=encoder.dtype)
        if bool(known.any()):
            mask = None if attention_mask is None else attention_mask[known]
            embeddings[known] = embed_speakers(encoder, inputs[known], mask).to(embeddings.dtype)
        return embeddings, known
    if attention_mask is None:
        return embed_speakers(encoder, inputs), None
    known = attention_mask.bool().any(dim=1)
    # the encoder wants frames to read in every clip
    mask = torch.where(known[:, None], attention_mask, torch.ones_like(attention_mask))
    return embed_speakers(encoder, inputs, mask).masked_fill(~known[:, None], 0.0), known


def _check_shapes(inputs: torch.Tensor, attention_mask: torch.Tensor | None) -> None:
    """A batch, and a mask of its shape; the words fit whatever the caller calls them."""
    if inputs.ndim < 2:
        raise ValueError(
            f"got a speaker encoder's input of shape {tuple(inputs.shape)}, expected (batch, frames, features), or "
            "(batch, samples) for encoders of waveforms; pass what the encoder's feature extractor gives"
        )
    if attention_mask is not None and attention_mask.shape != inputs.shape[:2]:
        raise ValueError(
            f"got a mask of shape {tuple(attention_mask.shape)} with a speaker encoder's input of shape "
            f"{tuple(inputs.shape)}, expected {tuple(inputs.shape[:2])}; pass the one that the encoder's feature "
            "extractor gives"
        )


def _frames_wanted(config: Any) -> int:
    """Frames that an X-vector model needs: the deviation over time, two of what the layers over time leave."""
    return 2 + sum((k - 1) * d for k, d in zip(config.tdnn_kernel, config.tdnn_dilation, strict=True))


def _x_vectors(encoder: PreTrainedModel, inputs: torch.Tensor) -> torch.Tensor:
    """X-vectors of clips of one length."""
    config: Any = encoder.config
    frames = int(encoder._get_feat_extract_output_lengths(inputs.shape[1]))
    wanted = _frames_wanted(config)
    if frames < wanted:
        raise ValueError(
            f"got a clip of {inputs.shape[1]} {'samples' if inputs.ndim == 2 else 'frames'}, which makes "
            f"{max(frames, 0)} frames of {config.model_type}, expected at least {wanted} (about 0.3 s): join several "
            "clips of the same voice, or leave this one out"
        )
    return encoder(inputs).embeddings


__all__ = [
    "SPEAKER_ENCODERS",
    "embed_long_enough",
    "embed_speakers",
    "is_x_vector",
    "speaker_embedding_size",
    "speaker_encoder_from_config",
]
