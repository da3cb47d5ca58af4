"""What the feature extractors of speaker encoders share: calls, checks of clips, padding and masks."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
from transformers.feature_extraction_utils import BatchFeature
from transformers.utils import PaddingStrategy, TensorType, logging

from .call_checks import check_count, check_flag
from .spectrogram_padding import frame_mask, padded_length
from .spectrogram_settings import check_unknown
from .waveform_checks import as_waveforms, check_device, check_sampling_rate

logger = logging.get_logger(__name__)

# peaks below this are digital silence: less than a thirtieth of the last bit of 16-bit sound
SILENT_PEAK = 1e-6
_PADDINGS = (None, True, False, "longest", "do_not_pad")


class SpeakerExtraction(ABC, SequenceFeatureExtractor):
    """Clips to `input_features` (batch, frames, features) and a mask, the same for a clip alone and in a batch.

    Args:
        feature_size: Features of a frame.
        sampling_rate: Sampling rate of the clips in Hz.
        min_seconds: Shortest clip taken, in s.
        return_attention_mask: Whether calls return `attention_mask` unless told.
        known: Names of the settings of the class, for errors.
        **kwargs: What transformers and the Hub write beside the settings.

    Raises:
        TypeError: On a setting that does not exist.
        ValueError: On a wrong value, naming it and what was expected.
    """

    model_input_names: ClassVar[list[str]] = ["input_features", "attention_mask"]

    def __init__(
        self,
        *,
        feature_size: int,
        sampling_rate: int,
        min_seconds: float,
        return_attention_mask: bool,
        known: Sequence[str],
        **kwargs: Any,
    ) -> None:
        sides = {"padding_side": "right", "padding_value": 0.0}
        for name, expected in sides.items():
            if kwargs.pop(name, expected) != expected:
                raise ValueError(f"{name} of {type(self).__name__} is always {expected!r}: leave it out")
        check_unknown(kwargs, known, type(self).__name__)
        if isinstance(min_seconds, bool) or not isinstance(min_seconds, (int, float)) or not 0 <= min_seconds < 60:
            raise ValueError(f"min_seconds={min_seconds!r}, expected seconds from 0 to below 60")
        check_flag("return_attention_mask", return_attention_mask)
        for name in ("feature_size", "feature_extractor_type"):
            kwargs.pop(name, None)
        super().__init__(
            feature_size=feature_size,
            sampling_rate=check_count("sampling_rate", sampling_rate, "samples a second"),
            padding_value=0.0,
            padding_side="right",
            return_attention_mask=return_attention_mask,
            **kwargs,
        )
        self.min_seconds = min_seconds
        self._warned_of_silence = False

    @property
    def batch_padding(self) -> str:
        """The padding under which a clip in a batch is what it is alone, and which wastes least: "longest"."""
        return "longest"

    @abstractmethod
    def frames_of(self, num_samples: int) -> int:
        """Number of ones in the mask of a clip of so many samples."""

    @abstractmethod
    def _features(self, clips: Sequence[np.ndarray], length: int, device: torch.device) -> torch.Tensor:
        """Features of shape (batch, length, feature_size), float32, zero beyond each clip's frames."""

    @torch.no_grad()
    def __call__(
        self,
        raw_speech: Any,
        sampling_rate: int | None = None,
        padding: bool | str | PaddingStrategy | None = None,
        pad_to_multiple_of: int | None = None,
        return_tensors: str | TensorType | None = None,
        return_attention_mask: bool | None = None,
        device: str | torch.device = "cpu",
    ) -> BatchFeature:
        """Prepare one clip or a batch.

        Args:
            raw_speech: A mono clip in [-1, 1] as a 1-D array, tensor or list of floats, or a list of such clips.
            sampling_rate: Sampling rate of the clips in Hz; must equal the extractor's.
            padding: "longest" or True, the default; False for clips of equal length.
            pad_to_multiple_of: Rounds the padded frames up.
            return_tensors: "pt" for torch tensors; otherwise numpy arrays.
            return_attention_mask: Whether to return the mask; by default as the extractor is set.
            device: Where to compute; torch tensors lie there.

        Returns:
            `input_features` (batch, frames, features), float32, zero on padding; and `attention_mask` (batch, frames),
            int64, 1 on real frames. A silent clip gives features too, and a warning once: its vector is that of any
            silence and tells no voice.

        Raises:
            TypeError: If a clip is not an array of floats.
            ValueError: If the sampling rate is missing or wrong, an argument has a value that means nothing, or a clip
                is empty, shorter than `min_seconds`, not finite or not 1-D.
        """
        check_sampling_rate(sampling_rate, self.sampling_rate)
        device = check_device(device)
        check_flag("return_attention_mask", return_attention_mask)
        multiple = check_count("pad_to_multiple_of", pad_to_multiple_of)
        padding = padding.value if isinstance(padding, PaddingStrategy) else padding
        if padding not in _PADDINGS:
            raise ValueError(f"padding={padding!r}, expected 'longest' (or True, or left out) or False")
        clips = [clip.astype(np.float32, copy=False) for clip in as_waveforms(raw_speech)]
        self._check_clips(clips)
        counts = [self.frames_of(len(clip)) for clip in clips]
        length = padded_length(counts, padding, None, multiple)
        data = {"input_features": self._features(clips, length, device)}
        if self.return_attention_mask if return_attention_mask is None else return_attention_mask:
            data["attention_mask"] = frame_mask(counts, length, device)
        if return_tensors is not None and TensorType(return_tensors) == TensorType.PYTORCH:
            return BatchFeature(data)
        return BatchFeature({name: value.cpu().numpy() for name, value in data.items()})

    def _check_clips(self, clips: Sequence[np.ndarray]) -> None:
        for number, clip in enumerate(clips):
            seconds = len(clip) / self.sampling_rate
            if seconds < self.min_seconds:
                raise ValueError(
                    f"clip {number} lasts {seconds:.3f} s, expected at least {self.min_seconds:g} s, less than which"
                    " tells too little of a voice: join several clips of the same voice, or leave this one out"
                    " (min_seconds of the extractor sets the limit)"
                )
            if not self._warned_of_silence and np.abs(clip).max() < SILENT_PEAK:
                self._warned_of_silence = True
                logger.warning(
                    f"clip {number} is silent: the vector of a silent clip is the same for every voice and tells"
                    " nothing. Leave such clips out. This is said once."
                )

    def to_dict(self) -> dict[str, Any]:
        """The settings, as saved in preprocessor_config.json."""
        output = super().to_dict()
        for name in ("feature_size", "_warned_of_silence"):
            output.pop(name, None)
        return output


__all__ = ["SpeakerExtraction"]
