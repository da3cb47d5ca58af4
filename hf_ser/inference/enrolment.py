"""Enrolment: a few clips of a voice, embedded once, that tell a model whose voice it hears."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel

from ..models.speaker_encoder.mean_voice import mean_voice
from ..models.speech_encoder.reference import NO_REFERENCE
from ..protocols.reference_clips import (
    LEAST_SECONDS,
    ReferenceClipError,
    check_reference_clip,
    choose_references,
    reference_protocol,
)


@dataclass(frozen=True, eq=False)
class SpeakerReference:
    """A voice that a model has been told of, to be used for any number of recordings.

    Attributes:
        vectors: One for each clip (or window of a long one), shape (clips, width), float32, on the CPU.
        clips: What the clips are called.
        model: Fingerprint of the model that it was enrolled with, and that alone can use it.
    """

    vectors: torch.Tensor
    clips: tuple[str, ...]
    model: str

    def __len__(self) -> int:
        return len(self.vectors)

    def inputs(self, model: PreTrainedModel, batch: int) -> dict[str, torch.Tensor]:
        """What a model reads beside a batch of clips of this voice.

        Args:
            model: The model that it was enrolled with.
            batch: Clips of the batch.

        Returns:
            `reference_vectors` (1, clips, width); or for a speaker-conditioned CCT `speaker_embeddings` (batch,
            width), the mean of the vectors with their mean length.

        Raises:
            ValueError: If it was enrolled with another model.
        """
        if self.model != model_fingerprint(model):
            raise ValueError(
                "got a speaker_reference that was enrolled with another model, whose vectors mean nothing to this "
                "one; enrol the clips again: classifier.enrol(clips)"
            )
        vectors = self.vectors.to(model.device)
        if takes_vectors(model):
            return {"reference_vectors": vectors[None]}
        return {"speaker_embeddings": mean_voice(vectors).expand(batch, -1)}


def has_speaker_encoder(model: PreTrainedModel) -> bool:
    """Whether a model is a speaker-conditioned CCT that holds the encoder of its speaker vectors."""
    return getattr(model, "speaker_encoder", None) is not None


def takes_vectors(model: PreTrainedModel) -> bool:
    """Whether a model is a speech encoder that was built with `config.reference`."""
    return getattr(model.config, "reference", None) is not None


def embed_voices(model: PreTrainedModel, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Vectors of clips, as a model makes them of references.

    Args:
        model: A speech encoder with `config.reference`, or a speaker-conditioned CCT with a speaker encoder.
        inputs: What its feature extractor gives, on the model's device.

    Returns:
        Shape (clips, width), float32, on the CPU.

    Raises:
        ValueError: If the model is neither.
    """
    network: Any = model
    with torch.inference_mode():
        if takes_vectors(model):
            vectors = network.embed_reference(**inputs)
        elif has_speaker_encoder(model) and "speaker_features" in inputs:
            vectors = network.get_speaker_embeddings(inputs["speaker_features"], inputs.get("speaker_attention_mask"))
        else:
            raise ValueError(NO_REFERENCE)
    return vectors.float().cpu()


def model_fingerprint(model: PreTrainedModel) -> str:
    """Hash of the last layer's weights, which tells trained models apart."""
    digest = hashlib.sha256()
    for parameter in list(model.parameters())[-2:]:
        digest.update(parameter.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def reference_clips(given: Any) -> list[Any]:
    """The clips that a caller gives: several of them, a list, a column of a dataset or whatever yields them; or one.

    Raises:
        ValueError: If there are none.
    """
    single = isinstance(given, str | bytes | bytearray | memoryview) or hasattr(given, "read")
    several = isinstance(given, Sequence | Set | Iterator) and not single
    clips = list(given) if several else [given]
    if not clips:
        raise ValueError(
            "got an empty list as speaker_reference, expected one clip of the voice or more (ten are good, labels are "
            "not needed); leave it out where there is none"
        )
    return clips


def clip_name(source: Any, number: int) -> str:
    """What errors call a reference clip, counted from 1."""
    path = source.get("path") if isinstance(source, Mapping) else source
    named = f" ({os.fspath(path)})" if isinstance(path, str | os.PathLike) and path else ""
    return f"reference clip {number}{named}"


def least_seconds(feature_extractor: Any) -> float:
    """Shortest reference clip in s: 0.5, or what the extractor of a speaker encoder needs."""
    return max(LEAST_SECONDS, getattr(getattr(feature_extractor, "speaker_extractor", None), "min_seconds", 0.0))


def enrol_speakers(
    classifier: Any, clips: Sequence[Any], speakers: Sequence[str], count: int, seed: int
) -> tuple[dict[str, SpeakerReference], set[int]]:
    """Enrol every speaker of a corpus with unlabelled clips of theirs, drawn by a seed.

    Clips that are too short or silent serve nobody; the next one drawn takes their place.

    Args:
        classifier: An `EmotionClassifier`.
        clips: The clips, for `hf_ser.load_audio`.
        speakers: Of each.
        count: Reference clips of each speaker.
        seed: Of the draw.

    Returns:
        The reference of each speaker, and the places of the clips that serve as one, which must not be scored.

    Raises:
        ValueError: If a speaker is unknown, or has too few clips.
        AudioError: If a clip cannot be read.
    """
    extractor = classifier.feature_extractor
    told = {"sampling_rate": extractor.sampling_rate, "least": least_seconds(extractor)}
    drawn = choose_references(clips, speakers, count, seed, **told)
    voices = {speaker: classifier.enrol([clips[place] for place in places]) for speaker, places in drawn.items()}
    return voices, {place for places in drawn.values() for place in places}


__all__ = [
    "ReferenceClipError",
    "SpeakerReference",
    "check_reference_clip",
    "clip_name",
    "embed_voices",
    "enrol_speakers",
    "has_speaker_encoder",
    "least_seconds",
    "mean_voice",
    "model_fingerprint",
    "reference_clips",
    "reference_protocol",
    "takes_vectors",
]
