"""A new CCT that is told whose voice it hears, the extractor that goes with it, and a trained CCT to start from."""

import os
from collections.abc import Iterable
from typing import Any

from transformers import PreTrainedModel, SequenceFeatureExtractor
from transformers.utils import logging

from ..protocols import SpeakerOverlapError
from ..protocols.heard_speakers import speakers_heard

logger = logging.get_logger(__name__)


def build_speaker_extractor(encoder: str, preset: str, settings: dict[str, Any]) -> SequenceFeatureExtractor:
    """The extractor of both branches: spectrograms by a preset, and what the speaker encoder reads.

    Args:
        encoder: folder or Hub id of the speaker encoder.
        preset: of the spectrograms.
        settings: of the spectrograms, where they differ from the preset.
    """
    from ..features import SpeakerSpectrogramFeatureExtractor
    from ..models.speaker_encoder import load_speaker_encoder

    _, extractor = load_speaker_encoder(encoder)
    return SpeakerSpectrogramFeatureExtractor.from_preset(preset, speaker_extractor=extractor, **settings)


def build_speaker_model(encoder: str, variant: str, **settings: Any) -> PreTrainedModel:
    """A speaker-conditioned CCT whose weights are drawn, and which owns a pretrained speaker encoder.

    Args:
        encoder: folder or Hub id of the speaker encoder.
        variant: see `SpeakerCctConfig.from_variant`.
        **settings: of the model's config.

    Raises:
        ValueError: if a setting of the config is wrong, or does not fit the encoder.
        OSError: if the encoder's weights are neither there nor can be fetched.
    """
    from ..models.cct import SpeakerCctConfig, SpeakerCctForAudioClassification
    from ..models.speaker_encoder import load_speaker_encoder
    from ..models.speaker_encoder.embedding_speakers import speaker_embedding_size

    network, _ = load_speaker_encoder(encoder)
    settings.setdefault("speaker_embedding_dim", speaker_embedding_size(network.config))
    config = SpeakerCctConfig.from_variant(variant, **settings)
    return SpeakerCctForAudioClassification(config).set_speaker_encoder(network)


def start_from_cct(model: Any, source: str) -> None:
    """Carry a trained plain CCT over into a speaker-conditioned one, and print what became of every tensor.

    Args:
        model: a `SpeakerCctForAudioClassification`.
        source: folder or Hub id of a `CctForAudioClassification`, or file of an original CCT.

    Raises:
        ValueError: if the two are not of the same size.
        OSError: if there is no checkpoint there.
    """
    from ..models.cct import transfer_from_cct

    report = transfer_from_cct(model, source)
    if os.environ.get("RANK", "0") == "0":
        print(f"transferred from {source}:\n{report}", flush=True)


def refuse_heard(source: str, held_out: Iterable[str]) -> None:
    """Make sure that a checkpoint to start from was not trained on speakers who are held out, as far as it tells.

    Raises:
        SpeakerOverlapError: if it was.
    """
    heard = speakers_heard(source)
    if heard is None:
        logger.warning(
            f"{source} does not say which speakers it was trained on: whether figures of a model that starts from it "
            "are speaker-independent is yours to know"
        )
        return
    both = sorted(set(heard) & {str(speaker) for speaker in held_out})
    if both:
        raise SpeakerOverlapError(
            f"transfer_from is {source!r}, which was trained on {len(both)} speakers who are held out here "
            f"({', '.join(both[:5])}{', ...' if len(both) > 5 else ''}), so figures would not be speaker-independent; "
            "start each fold from the plain CCT of the same fold ({fold} in transfer_from stands for its number), or "
            "accept it with allow_speaker_overlap=True (--allow_speaker_overlap)"
        )


__all__ = ["build_speaker_extractor", "build_speaker_model", "refuse_heard", "start_from_cct"]
