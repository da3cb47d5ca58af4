"""The feature extractor of the speaker-conditioned CCT: a waveform's spectrogram, and what tells of its speaker."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
import transformers
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
from transformers.feature_extraction_utils import BatchFeature
from transformers.utils import TensorType

from .feature_extraction_ecapa import EcapaTdnnFeatureExtractor
from .feature_extraction_spectrogram import SpectrogramFeatureExtractor
from .feature_extraction_speech import SpeechFeatureExtractor
from .feature_extraction_vgg_vox import VggVoxFeatureExtractor
from .speaker_extraction import SILENT_PEAK
from .waveform_checks import as_waveforms

# by name, as settings tell them; the others are transformers'
_OWN = {each.__name__: each for each in (EcapaTdnnFeatureExtractor, VggVoxFeatureExtractor, SpeechFeatureExtractor)}
_OF_SPEAKER = ("speaker_extractor", "own_voice")
# those in which padding never reaches a real frame
_MASKED_ENCODERS = ("ser_ecapa_tdnn", "ser_vgg_vox")
_VALUES, _MASK, _VECTORS = "speaker_features", "speaker_attention_mask", "speaker_embeddings"


class _RunTimeOnly:
    """Holds what is neither saved nor pickled nor copied, so that it does not go to data workers either."""

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def __reduce__(self) -> tuple[type["_RunTimeOnly"], tuple[()]]:
        return _RunTimeOnly, ()


class SpeakerSpectrogramFeatureExtractor(SpectrogramFeatureExtractor):
    """Spectrograms of mono waveforms, and beside them what a speaker encoder reads of the same clips.

    The spectrogram is cropped and trimmed as the settings say; the speaker encoder hears the whole clip. The encoder
    itself is part of the model. Within a program, `attach_speaker_encoder` lends it to the extractor. A clip shorter
    than the speaker extractor's `min_seconds` is classified all the same: its mask says that there is no voice to
    hear, and the model lets the unknown speaker's vector stand in for it.

    Args:
        speaker_extractor: Feature extractor of the speaker encoder, at the same sampling rate:
            `EcapaTdnnFeatureExtractor`, `VggVoxFeatureExtractor`, `SpeechFeatureExtractor` or one of transformers; or
            its settings with the name of its class under `feature_extractor_type`, as they are saved. None:
            spectrograms alone.
        own_voice: Whether a call gives what the speaker encoder reads of the clips themselves. False for a model that
            is told of voices by other clips (`--own_voice False` in training): `speaker_inputs` serves these.
        **settings: Settings of `SpectrogramFeatureExtractor`.

    Raises:
        TypeError: On a setting that does not exist.
        ValueError: On a wrong value, naming it and what was expected.

    Example:
        ```python
        >>> from hf_ser import EcapaTdnnFeatureExtractor, SpeakerSpectrogramFeatureExtractor
        >>> extractor = SpeakerSpectrogramFeatureExtractor(EcapaTdnnFeatureExtractor(), num_frames=300)
        >>> sorted(extractor([0.1] * 16000, sampling_rate=16000))
        ['attention_mask', 'input_features', 'speaker_attention_mask', 'speaker_features']
        ```
    """

    model_input_names: ClassVar[list[str]] = ["input_features", "attention_mask", _VALUES, _MASK]  # type: ignore[misc]

    def __init__(
        self,
        speaker_extractor: SequenceFeatureExtractor | Mapping[str, Any] | None = None,
        own_voice: bool = True,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        if not isinstance(own_voice, bool):
            raise TypeError(f"got own_voice={own_voice!r}, expected True or False")
        self.own_voice = own_voice
        self.speaker_extractor = _as_extractor(speaker_extractor)
        self._encoder = _RunTimeOnly()
        rate = getattr(self.speaker_extractor, "sampling_rate", self.sampling_rate)
        if rate != self.sampling_rate:
            raise ValueError(
                f"got a speaker_extractor for {rate} Hz and spectrograms at {self.sampling_rate} Hz, expected one "
                f"sampling rate; set sampling_rate={rate}"
            )

    def attach_speaker_encoder(self, encoder: Any) -> Self:
        """Let calls in this process embed clips too; the encoder is not saved, pickled or sent to data workers.

        Args:
            encoder: A `SpeakerCctForAudioClassification` with a speaker encoder, or an `EcapaTdnnModel` or
                `VggVoxModel` in evaluation mode; None takes it off again.

        Returns:
            The extractor itself.

        Raises:
            ValueError: If the extractor has no `speaker_extractor`, or the encoder is none, or is in training mode.
        """
        if encoder is not None and self.speaker_extractor is None:
            raise ValueError(
                "got a speaker encoder, but speaker_extractor=None; create the extractor with the encoder's own "
                "feature extractor, e.g. speaker_extractor=EcapaTdnnFeatureExtractor()"
            )
        if encoder is not None:
            _check_lent(encoder)
        self._encoder = _RunTimeOnly(encoder)
        return self

    def __call__(
        self,
        raw_speech: Any,
        sampling_rate: int | None = None,
        *args: Any,
        return_tensors: str | TensorType | None = None,
        device: str | torch.device = "cpu",
        **kwargs: Any,
    ) -> BatchFeature:
        """Extract the features of one clip or a batch, for both branches of the model.

        Args:
            raw_speech: A mono clip in [-1, 1] as a 1-D array, tensor or list of floats, or a list of such clips.
            sampling_rate: Sampling rate of the clips in Hz; must equal the extractor's.
            *args: As in a call of `SpectrogramFeatureExtractor`; they concern the spectrogram.
            return_tensors: "pt" for torch tensors; otherwise numpy arrays.
            device: Where to compute the spectrogram; the speaker extractor computes on the CPU. Torch tensors of both
                lie there.
            **kwargs: As `args`.

        Returns:
            `input_features` (batch, channels, frequency, time) and `attention_mask` (batch, time). With `own_voice`
            the speaker extractor's features as `speaker_features` (batch, frames, features), or (batch, samples) for
            waveforms, and its mask as `speaker_attention_mask`, padded to the longest clip; the mask of a clip that is
            silent, or too short for the speaker extractor, holds zeros alone. With an encoder attached also
            `speaker_embeddings` (batch, size), which the model then takes as they are.

        Raises:
            TypeError: If a clip is not an array of floats.
            ValueError: As `SpectrogramFeatureExtractor`.
        """
        batch = super().__call__(
            raw_speech,
            sampling_rate,
            *args,
            return_tensors="pt",
            device=device,
            **kwargs,  # type: ignore[misc]
        )
        if self.speaker_extractor is not None and self.own_voice:
            inputs = self.speaker_inputs(raw_speech, device)
            encoder = self._encoder.value
            # a worker that was forked has the encoder, but should not run it
            if encoder is not None and torch.utils.data.get_worker_info() is None:
                inputs[_VECTORS] = _embedded(encoder, inputs).to(device)
            batch.update(inputs)
        if return_tensors is not None and TensorType(return_tensors) == TensorType.PYTORCH:
            return batch
        return BatchFeature({name: value.cpu().numpy() for name, value in batch.items()})

    def speaker_inputs(self, raw_speech: Any, device: str | torch.device = "cpu") -> dict[str, torch.Tensor]:
        """Extract what the speaker encoder reads, and no spectrogram.

        Args:
            raw_speech: As in a call, at the extractor's sampling rate.
            device: Where the tensors are to lie.

        Returns:
            `speaker_features` and `speaker_attention_mask`, as a call gives them.

        Raises:
            TypeError: If a clip is not an array of floats.
            ValueError: If there is no `speaker_extractor`, or a clip is empty, not finite or not 1-D.
        """
        extractor: Any = self.speaker_extractor
        if extractor is None:
            raise ValueError("speaker_extractor is None, expected the feature extractor of a speaker encoder")
        clips = as_waveforms(raw_speech)
        least = math.ceil(getattr(extractor, "min_seconds", 0.0) * self.sampling_rate)
        found = extractor(
            [np.pad(clip, (0, max(0, least - len(clip)))) for clip in clips],
            sampling_rate=self.sampling_rate,
            padding=True,
            return_attention_mask=True,
            return_tensors="pt",
        )
        mask = found["attention_mask"]
        mask[torch.tensor([len(clip) < least or np.abs(clip).max() < SILENT_PEAK for clip in clips])] = 0
        return {_VALUES: found[extractor.model_input_names[0]].to(device), _MASK: mask.to(device)}

    @property
    def raw_settings(self) -> dict[str, Any]:
        """The settings that `extract_raw` depends on, as JSON values; none of the speaker branch."""
        return {name: value for name, value in super().raw_settings.items() if name not in _OF_SPEAKER}

    def pad(self, processed_features: Any, *args: Any, **kwargs: Any) -> BatchFeature:  # type: ignore[override]
        """Not for two branches: call the extractor on the list of clips instead.

        Raises:
            NotImplementedError: Always where there is a speaker extractor; otherwise as
                `SpectrogramFeatureExtractor.pad`.
        """
        if self.speaker_extractor is None:
            return super().pad(processed_features, *args, **kwargs)
        raise NotImplementedError(
            "pad() would leave the speaker's features out: call the extractor on the list of clips, which pads both"
        )

    def to_dict(self) -> dict[str, Any]:
        """The settings of both branches, as saved in preprocessor_config.json."""
        output = super().to_dict()
        del output["_encoder"]
        if self.speaker_extractor is not None:
            output["speaker_extractor"] = self.speaker_extractor.to_dict()
        return output


def _as_extractor(value: SequenceFeatureExtractor | Mapping[str, Any] | None) -> SequenceFeatureExtractor | None:
    """A speaker encoder's feature extractor from what a user or a JSON file gives."""
    if value is None or isinstance(value, SequenceFeatureExtractor):
        return value
    if not isinstance(value, Mapping):
        raise TypeError(
            f"got speaker_extractor of type {type(value).__name__}, expected a feature extractor such as "
            "hf_ser.EcapaTdnnFeatureExtractor(), its settings, or None"
        )
    name = str(value.get("feature_extractor_type"))
    found: Any = _OWN.get(name, getattr(transformers, name, None))
    known = isinstance(found, type) and issubclass(found, SequenceFeatureExtractor)
    if not known:
        raise ValueError(
            f"got speaker_extractor with feature_extractor_type={name}, expected the name of a feature extractor of "
            "sound, e.g. 'EcapaTdnnFeatureExtractor', 'VggVoxFeatureExtractor' or 'Wav2Vec2FeatureExtractor'"
        )
    return found.from_dict(dict(value))


@torch.no_grad()
def _embedded(encoder: Any, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Vectors of shape (batch, size) from a model that owns a speaker encoder, or from the encoder itself."""
    if hasattr(encoder, "get_speaker_embeddings"):
        return encoder.get_speaker_embeddings(inputs[_VALUES], inputs[_MASK])
    features, mask = inputs[_VALUES].to(encoder.device, encoder.dtype), inputs[_MASK].to(encoder.device)
    unknown = ~mask.bool().any(dim=1)
    mask = mask.masked_fill(unknown[:, None], 1)
    return encoder(features, attention_mask=mask).embeddings.masked_fill(unknown[:, None], 0.0)


def _check_lent(encoder: Any) -> None:
    """Refuse what cannot embed voices, or would learn while it does."""
    if hasattr(encoder, "get_speaker_embeddings"):
        if encoder.speaker_encoder is None:
            raise ValueError(
                f"got a {type(encoder).__name__} without a speaker encoder; give it one with "
                "model.set_speaker_encoder(folder or model)"
            )
        return
    if getattr(getattr(encoder, "config", None), "model_type", None) not in _MASKED_ENCODERS:
        raise ValueError(
            f"got a {type(encoder).__name__}, expected a SpeakerCctForAudioClassification with a speaker encoder of "
            "any kind, or an EcapaTdnnModel or VggVoxModel; X-vector models, which padding disturbs, are lent through "
            "the model that owns them (model.set_speaker_encoder)"
        )
    if encoder.training:
        raise ValueError(
            "got a speaker encoder in training mode, which would change by listening; call encoder.eval()"
        )


__all__ = ["SpeakerSpectrogramFeatureExtractor"]
