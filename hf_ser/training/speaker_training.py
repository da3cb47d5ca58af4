"""Training of models that are told whose voice they hear: speaker vectors beside the clips of every dataset."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from .arguments import SerTrainingArguments
from .cached_dataset import CachedDataset
from .cached_views import cached_views
from .clip_voices import ClipVoices
from .dataset import SerDataset, WaveformTransform
from .objective_choice import noisy_twin
from .other_voices import OtherVoices
from .speaker_cache import SpeakerCache, encoder_fingerprint

logger = logging.getLogger(__name__)
_FOLDER = "_speaker_vectors"


class SpeakerVoices:
    """Gives datasets the speaker vectors of their clips, embedded once before training and kept on disk.

    The speaker encoder hears whole clips as they were recorded. Where the features of augmented views come from a
    feature cache, each view and each noisy twin has the vector of its own sound, as a recording of that sound would;
    where clips are augmented anew in every epoch, all have the vector of the clip. Where the extractor says
    `own_voice=False`, training clips have the voice of other clips of their speaker (`OtherVoices`), and those of
    other sides none.

    Args:
        model: a model with a frozen `speaker_encoder`.
        extractor: its extractor.
        args: the settings of the run.
    """

    def __init__(self, model: PreTrainedModel, extractor: Any, args: SerTrainingArguments) -> None:
        self.model, self.extractor, self.args = model, extractor, args
        self._find_fingerprint()

    def _find_fingerprint(self) -> None:
        encoder: Any = self.model.speaker_encoder
        self.fingerprint = encoder_fingerprint(encoder)

    def give(self, dataset: SerDataset, every_view: bool = False, training: bool = False) -> SerDataset:
        """Give a dataset the vectors of its clips; those that are missing on disk are computed first.

        Args:
            dataset: the dataset, which is changed.
            every_view: whether it is a training side whose views were cached as the settings of the run say.
            training: whether it is a training side.

        Returns:
            the dataset.

        Raises:
            AudioError: if a clip cannot be read.
        """
        args = self.args
        own = every_view and isinstance(dataset, CachedDataset)
        audios = list(dataset.corpus.select(dataset.rows)["audio"])
        self.model.to(args.device)

        def cache(transform: WaveformTransform | None, settings: Any) -> SpeakerCache:
            return SpeakerCache(
                speaker_cache_folder(args),
                self.model,
                self.extractor,
                transform=transform,
                transform_settings=settings,
                seed=args.seed,
                fingerprint=self.fingerprint,
            )

        rate = self.extractor.sampling_rate
        twin = noisy_twin(args, rate) if own else None
        views = cached_views(cache, audios, args, args.feature_cache_views if own else 1, rate, twin)
        voices = ClipVoices(views, self.fingerprint, own)
        heard_here = getattr(self.extractor, "own_voice", True)
        dataset.voices = voices if heard_here else OtherVoices(voices, dataset.speakers, dataset.rows, training)
        short = sum(not voices.read(0, index)[0].any() for index in range(len(audios)))
        if short:
            logger.warning(
                "%d of %d clips are silent or too short for the speaker encoder: their voices count as unknown",
                short,
                len(audios),
            )
        return dataset

    def renew(self, *sides: Any) -> None:
        """Let datasets have what the model's speaker encoder gives now: a checkpoint may have brought another one."""
        self._find_fingerprint()
        for side in sides:
            if isinstance(side, dict):
                self.renew(*side.values())
            elif isinstance(side, SerDataset) and side.voices is not None and side.voices.weights != self.fingerprint:
                self.give(side, side.voices.every_view, getattr(side.voices, "training", False))


def speaker_cache_folder(args: SerTrainingArguments) -> str:
    """Where a run keeps speaker vectors: where it is told to, with the features, or in its own folder under a name
    that is not pushed to the Hub.
    """
    return args.speaker_cache_dir or args.feature_cache_dir or str(Path(args.output_dir) / _FOLDER)


def speaker_voices(model: PreTrainedModel, extractor: Any, args: SerTrainingArguments) -> SpeakerVoices | None:
    """What gives a run's datasets their speaker vectors; None for a model without a speaker encoder.

    Raises:
        ValueError: if the model has a speaker encoder that nothing is extracted for, or has none and is to cache.
    """
    if getattr(model, "speaker_encoder", None) is None:
        if args.speaker_cache_dir is not None:
            raise ValueError(
                f"speaker_cache_dir is {args.speaker_cache_dir!r}, but the {type(model).__name__} has no speaker "
                "encoder whose vectors could be kept; leave it out, or make one that has (--model speaker_cct)"
            )
        return None
    if getattr(extractor, "speaker_extractor", None) is None:
        raise ValueError(
            f"the model has a speaker encoder, but its extractor, a {type(extractor).__name__}, has no "
            "speaker_extractor, so that no voice would be heard; pass processing_class="
            "SpeakerSpectrogramFeatureExtractor(speaker_extractor, ...)"
        )
    return SpeakerVoices(model, extractor, args)


def fit_reduction(model: PreTrainedModel, train: SerDataset) -> bool:
    """Fit a new model's reduction of speaker vectors on training clips; one that is fitted already is kept.

    Args:
        model: the model.
        train: the training side, whose clips as they are count; those without a voice do not.

    Returns:
        whether it was fitted.

    Raises:
        ValueError: if there are no more clips than dimensions wanted.
    """
    network: Any = model
    if getattr(model.config, "speaker_reduction_dim", None) is None or train.voices is None:
        return False
    if bool(network.cct.speaker.reduction_components.any()):
        return False
    vectors = np.stack([train.voices.read(0, index)[0] for index in range(len(train))])
    network.fit_speaker_reduction(torch.from_numpy(vectors))
    return True


__all__ = ["SpeakerVoices", "fit_reduction", "speaker_cache_folder", "speaker_voices"]
