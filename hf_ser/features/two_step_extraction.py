"""Extraction in two steps: features before normalisation, which can be kept, and what makes a batch of them."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import torch
from transformers.feature_extraction_utils import BatchFeature
from transformers.utils import PaddingStrategy, TensorType

from .call_checks import check_picture_padding
from .spectrogram_extraction import SpectrogramExtraction
from .spectrogram_padding import padded_length
from .spectrogram_stages import as_image, assemble_raw, feature_bands, feature_channels, raw_features
from .waveform_checks import as_waveforms, check_sampling_rate

# what `finish` does; all other settings shape what `extract_raw` gives
FINISHING_SETTINGS = (
    *("normalization", "band_mean", "band_std", "band_min", "band_max", "num_frames", "padding_value"),
    *("image_size", "image_resample", "image_antialias", "num_channels", "colormap", "low_frequency_at"),
    *("image_normalization", "segment_frames", "segment_hop", "segment_tail", "return_attention_mask"),
)
# not settings of the signal at all
_NAMES = ("feature_extractor_type", "processor_class", "auto_map")


class TwoStepExtraction(SpectrogramExtraction):
    """A call in two steps, so that the costly first one can be shared by runs whose normalisation differs."""

    @property
    def raw_settings(self) -> dict[str, Any]:
        """The settings that `extract_raw` depends on, as JSON values; none of them is fitted on clips."""
        return {
            name: value
            for name, value in self.to_dict().items()
            if name not in FINISHING_SETTINGS and name not in _NAMES
        }

    def extract_raw(
        self, waveform: Any, sampling_rate: int | None = None, max_frames: int | None = None
    ) -> torch.Tensor:
        """Features of one clip before normalisation, which a cache can keep for every fold and `finish` completes.

        Args:
            waveform: A mono clip in [-1, 1], as in a call; silence at its ends is cut off by `trim_db`.
            sampling_rate: Sampling rate of the clip in Hz; must equal the extractor's.
            max_frames: Frames to crop the clip to, as a call crops it to `num_frames`; None for none.

        Returns:
            Tensor of shape (channels, bands, frames) in dB or natural-log units, float32.

        Raises:
            TypeError: If the clip is not an array of floats.
            ValueError: As in a call.
        """
        check_sampling_rate(sampling_rate, self.sampling_rate)
        clips = self._trimmed(as_waveforms(waveform)[:1])
        if max_frames is not None:
            clips = [clips[0][: self._samples_of(max_frames)]]
        with torch.no_grad():
            return raw_features(self, clips, self._real_frames(clips, max_frames)[0], torch.device("cpu"))[0]

    def finish(
        self,
        features: Sequence[torch.Tensor],
        padding: bool | str | PaddingStrategy | None = None,
        return_tensors: str | TensorType | None = None,
    ) -> BatchFeature:
        """Normalise, pad and paint features of `extract_raw`: the batch that a call on the clips would give.

        Args:
            features: Tensors of shape (channels, bands, frames); frames beyond `num_frames` are dropped.
            padding: As in a call.
            return_tensors: As in a call.

        Returns:
            `input_features` and `attention_mask` as a call returns them.

        Raises:
            ValueError: If there are no features, they have another shape, normalisation needs figures that have not
                been fitted, or the padding is none for these settings.
        """
        expected = feature_channels(self), feature_bands(self)
        for number, clip in enumerate(features):
            if clip.dim() != 3 or tuple(clip.shape[:2]) != expected or clip.shape[2] < 1:
                raise ValueError(
                    f"features of clip {number} have shape {tuple(clip.shape)}, expected ({expected[0]},"
                    f" {expected[1]}, frames), as extract_raw gives them"
                )
        if len(features) == 0:
            raise ValueError("got no features: pass at least one clip's")
        if self.image_size is not None and self.num_frames is not None:
            check_picture_padding(padding, self.num_frames)
        features = [clip[..., : self.num_frames].float() for clip in features]
        frames = [clip.shape[-1] for clip in features]
        with torch.no_grad():
            if self.image_size is not None and self.num_frames is None:
                pictures = [as_image(self, assemble_raw(self, [clip], clip.shape[-1])) for clip in features]
                batch = torch.cat(pictures)
                frames = [batch.shape[-1]] * len(frames)
            else:
                length = padded_length(frames, padding, self.num_frames, None)
                batch = as_image(self, assemble_raw(self, features, length))
                frames = self._image_columns(frames, length)
        return self._to_batch(batch, frames, batch.shape[-1], return_tensors, None)

    def fit_normalization_on(self, features: Iterable[torch.Tensor], normalization: str | None = None) -> Self:
        """`fit_normalization` on features of `extract_raw` of whole clips, seen one at a time.

        Args:
            features: Tensors of shape (channels, bands, frames), of training clips.
            normalization: "band" or "band_minmax"; None keeps the extractor's, or "band" if that is neither.

        Returns:
            The extractor itself.

        Raises:
            ValueError: If there are none, or the normalisation is another.
        """
        return self._fit_normalization_on(features, normalization)
