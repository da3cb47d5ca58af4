"""What a spectrogram extractor does: calls, pieces of long clips, late padding, fitted normalisation."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
import torch
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
from transformers.feature_extraction_utils import BatchFeature
from transformers.utils import PaddingStrategy, TensorType, logging

from .call_checks import check_count, check_flag, check_picture_padding
from .normalization import RunningBandStatistics
from .segmentation import cut
from .silence import sounding_span
from .spectrogram import count_frames
from .spectrogram_padding import frame_mask, late_items, pad_features, padded_length
from .spectrogram_settings import check_settings, image_channels
from .spectrogram_stages import as_image, assemble, extract, padding_column, raw_features
from .waveform_checks import as_waveforms, check_device, check_sampling_rate

logger = logging.get_logger(__name__)


class SpectrogramExtraction(SequenceFeatureExtractor):
    """Methods of `SpectrogramFeatureExtractor`, which adds the settings they read and their defaults."""

    normalization: str
    _warned_of_truncation: bool

    def __call__(
        self,
        raw_speech: Any,
        sampling_rate: int | None = None,
        padding: bool | str | PaddingStrategy | None = None,
        max_length: int | None = None,
        truncation: bool | None = None,
        pad_to_multiple_of: int | None = None,
        return_tensors: str | TensorType | None = None,
        return_attention_mask: bool | None = None,
        device: str | torch.device = "cpu",
    ) -> BatchFeature:
        """Extract the features of one clip or a batch.

        Args:
            raw_speech: A mono clip in [-1, 1] as a 1-D array, tensor or list of floats, or a list of such clips.
            sampling_rate: Sampling rate of the clips in Hz; must equal the extractor's.
            padding: "max_length" (to `max_length` or `num_frames`), "longest" or True, or False for clips of equal
                length. By default "max_length" where a length is known, otherwise "longest". With `image_size`, only
                "max_length" where a length is known; otherwise each picture is of a whole clip, and nothing is padded.
            max_length: Frames to crop and pad to in place of `num_frames`.
            truncation: What to do with longer clips: None crops them and warns once, True crops, False raises.
            pad_to_multiple_of: Rounds the padded number of frames up to a multiple.
            return_tensors: "pt" for torch tensors; otherwise numpy arrays.
            return_attention_mask: Whether to return the mask; by default as the extractor is set.
            device: Where to compute; torch tensors stay there.

        Returns:
            `input_features` (batch, channels, frequency, time), float32, and `attention_mask` (batch, time), int64, 1
            on real frames. With `image_size`, time is the image's columns.

        Raises:
            TypeError: If a clip is not an array of floats.
            ValueError: If the sampling rate is missing or wrong, an argument has a value that means nothing, a clip is
                empty, too short, not finite or not 1-D, or does not fit with truncation=False.
        """
        check_sampling_rate(sampling_rate, self.sampling_rate)
        device = check_device(device)
        check_flag("truncation", truncation)
        check_flag("return_attention_mask", return_attention_mask)
        multiple = check_count("pad_to_multiple_of", pad_to_multiple_of)
        limit = check_count("max_length", self.num_frames if max_length is None else max_length)
        if self.image_size is not None and limit is not None:
            check_picture_padding(padding, limit)
        waveforms = self._truncate_waveforms(self._trimmed(as_waveforms(raw_speech)), limit, truncation)
        frames = self._real_frames(waveforms, limit)
        with torch.no_grad():
            if self.image_size is not None and limit is None:
                pictures = [
                    as_image(self, assemble(self, [waveform], [count], count, device))
                    for waveform, count in zip(waveforms, frames, strict=True)
                ]
                features = torch.cat(pictures)
                frames = [features.shape[-1]] * len(frames)
            else:
                length = padded_length(frames, padding, limit, multiple)
                features = as_image(self, assemble(self, waveforms, frames, length, device))
                frames = self._image_columns(frames, length)
        return self._to_batch(features, frames, features.shape[-1], return_tensors, return_attention_mask)

    def segment(
        self,
        raw_speech: Any,
        sampling_rate: int | None = None,
        pad_value: float | None = None,
        channels_last: bool = False,
        return_tensors: str | TensorType | None = None,
        device: str | torch.device = "cpu",
    ) -> BatchFeature:
        """Cut whole clips into pieces of `segment_frames` frames, one every `segment_hop` (systems 001 and 004).

        Args:
            raw_speech: One clip or a list of clips, as in a call; never cropped to `num_frames`.
            sampling_rate: Sampling rate of the clips in Hz; must equal the extractor's.
            pad_value: Fills up a last piece, after normalisation; None for `padding_value` or the floor. System 001
                used 0.
            channels_last: Whether to return pieces as (pieces, time, frequency, channels), the order of system 004.
            return_tensors: "pt" for torch tensors; otherwise numpy arrays.
            device: Where to compute.

        Returns:
            `input_features` (pieces of all clips, channels, frequency, time), `attention_mask` (pieces, time), and
            `clip_index` (pieces,), the number of the clip that each piece is of.

        Raises:
            TypeError: If a clip is not an array of floats.
            ValueError: As in a call; if `segment_frames` is not set; if a clip is shorter than one piece with
                segment_tail="drop".
        """
        if self.segment_frames is None:
            raise ValueError(
                "segment_frames is not set: pass segment_frames and segment_hop when creating the extractor"
            )
        check_sampling_rate(sampling_rate, self.sampling_rate)
        device = check_device(device)
        waveforms = self._trimmed(as_waveforms(raw_speech))
        pieces, counts, owners = [], [], []
        with torch.no_grad():
            for index, count in enumerate(self._real_frames(waveforms, None)):
                values, floor = extract(self, [waveforms[index]], count, device)
                fill = self.padding_value if pad_value is None else pad_value
                floor = (
                    floor.reshape(values.shape[1:-1])
                    if fill is None
                    else values.new_full(values.shape[1:-1], float(fill))
                )
                cuts, real = cut(values[0], floor, self.segment_frames, self.segment_hop, self.segment_tail)
                if not real:
                    raise ValueError(
                        f"clip {index} has {count} frames, fewer than segment_frames={self.segment_frames}: use"
                        " segment_tail='pad', or leave it out"
                    )
                pieces.append(as_image(self, cuts))
                counts += self._image_columns(real, self.segment_frames)
                owners += [index] * len(real)
        features = torch.cat(pieces)
        length = features.shape[-1]
        features = features.permute(0, 3, 2, 1) if channels_last else features
        batch = self._to_batch(features, counts, length, return_tensors, True)
        batch["clip_index"] = torch.tensor(owners) if torch.is_tensor(batch["input_features"]) else np.array(owners)
        return batch

    def pad(  # type: ignore[override]
        self,
        processed_features: Any,
        padding: bool | str | PaddingStrategy | None = True,
        max_length: int | None = None,
        truncation: bool = False,
        pad_to_multiple_of: int | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | TensorType | None = None,
    ) -> BatchFeature:
        """Put features that were computed one by one, each without padding, into a batch padded with the floor.

        Args:
            processed_features: Mappings with `input_features` of shape (channels, frequency, time), time varying, and
                perhaps `attention_mask` of shape (time,); or one mapping of these names to lists. Values are arrays,
                tensors or nested lists, such as the rows of a dataset hold. Other keys are left out.
            padding: As in a call. With `image_size`, pictures are all of one size and only stacked.
            max_length: Frames to pad to in place of `num_frames`.
            truncation: Only False; crop clips when their features are computed.
            pad_to_multiple_of: As in a call.
            return_attention_mask: As in a call.
            return_tensors: As in a call.

        Returns:
            `input_features` and `attention_mask` as a call returns them.

        Raises:
            TypeError: If the features are not mappings.
            ValueError: If there are no features, they lack `input_features` or have another shape, truncation is
                asked for, they are longer than the length, or the floor is not known because it depends on the clip.
        """
        check_flag("return_attention_mask", return_attention_mask)
        check_flag("truncation", truncation)
        if truncation:
            raise ValueError(
                f"truncation={truncation!r}, expected False: pad() crops nothing; pass truncation=True to the call"
                " that computes the features"
            )
        multiple = check_count("pad_to_multiple_of", pad_to_multiple_of)
        limit = check_count("max_length", max_length)
        channels, rows, columns = self.output_size
        values, frames = late_items(processed_features, channels, rows)
        widths = [value.shape[-1] for value in values]
        length = padded_length(widths, padding, columns if limit is None else limit, multiple)
        if self.image_size is not None and any(width != length for width in widths):
            raise ValueError(
                f"pictures of {min(widths)} to {max(widths)} columns, expected {length} each: image_size is"
                f" {self.image_size}, and a picture is not padded; leave max_length and pad_to_multiple_of out"
            )
        if self.image_size is not None:
            return self._to_batch(torch.stack(values), frames, length, return_tensors, return_attention_mask)
        if max(widths) > length:
            raise ValueError(
                f"features of {max(widths)} frames do not fit {length}: crop clips when their features are computed"
            )
        floor = padding_column(self)
        if floor is None:
            raise ValueError(
                "normalization='clip' leaves each clip with a floor of its own: call the extractor on the list of"
                " clips, or set padding_value"
            )
        batch = pad_features(values, floor, length)
        return self._to_batch(batch, frames, length, return_tensors, return_attention_mask)

    def fit_normalization(
        self, waveforms: Iterable[Any], normalization: str | None = None, sampling_rate: int | None = None
    ) -> Self:
        """Set the figures of "band" or "band_minmax" normalisation from training clips, seen one at a time.

        Figures are of whole clips, trimmed by `trim_db`: frames beyond `num_frames`, which a call crops and `segment`
        and windows show, count too.

        Args:
            waveforms: Clips at the extractor's sampling rate, 1-D; an iterator will do, memory does not grow with it.
            normalization: "band" or "band_minmax"; None keeps the extractor's, or "band" if that is neither.
            sampling_rate: Sampling rate of the clips in Hz, checked if given; must equal the extractor's.

        Returns:
            The extractor itself.

        Raises:
            TypeError: If a clip is not an array of floats.
            ValueError: If there are no clips, the sampling rate is another, or a clip is refused as in a call.
        """
        if sampling_rate is not None:
            check_sampling_rate(sampling_rate, self.sampling_rate)
        return self._fit_normalization_on(self._raw_of_each(waveforms), normalization)

    def _raw_of_each(self, waveforms: Iterable[Any]) -> Iterator[torch.Tensor]:
        for waveform in waveforms:
            clips = self._trimmed(as_waveforms(waveform))
            for clip, frames in zip(clips, self._real_frames(clips, None), strict=True):
                yield raw_features(self, [clip], frames, torch.device("cpu"))[0]

    def _fit_normalization_on(self, features: Iterable[torch.Tensor], normalization: str | None) -> Self:
        """Fit the figures to features (channels, bands, frames) before normalisation."""
        if normalization is None:
            normalization = self.normalization if self.normalization in ("band", "band_minmax") else "band"
        if normalization not in ("band", "band_minmax"):
            raise ValueError(f"normalization={normalization!r}, expected 'band' or 'band_minmax'")
        check_settings({**vars(self), "normalization": normalization})
        statistics = RunningBandStatistics()
        with torch.no_grad():
            for clip in features:
                statistics.update(clip.numpy())
        if statistics.frames == 0:
            raise ValueError(
                "no clips to fit the normalisation to: pass the training clips, not an exhausted iterator"
            )
        if normalization == "band":
            self.band_mean, self.band_std = statistics.mean_and_std()
        else:
            self.band_min, self.band_max = statistics.low_and_high()
        self.normalization = normalization
        return self

    @property
    def output_size(self) -> tuple[int, int, int | None]:
        """Channels, rows and columns of `input_features`; columns are None if they depend on the clip."""
        channels = image_channels(self.__dict__)
        if self.image_size is not None:
            return channels, self.image_size[0], self.image_size[1]
        return channels, self.feature_size, self.num_frames

    def trim_silence(self, waveform: np.ndarray) -> np.ndarray:
        """Cut off leading and trailing silence as a call does, by `trim_db` and `trim_margin`.

        Args:
            waveform: Shape (samples,), at the extractor's sampling rate.

        Returns:
            The sounding part, a view; all of it if `trim_db` is None or the clip has no sound.
        """
        if self.trim_db is None:
            return waveform
        first, last = sounding_span(waveform, self.sampling_rate, self.trim_db, self.trim_margin)
        return waveform[first:last]

    def _trimmed(self, waveforms: list[np.ndarray]) -> list[np.ndarray]:
        return waveforms if self.trim_db is None else [self.trim_silence(waveform) for waveform in waveforms]

    def _count_frames(self, num_samples: int, limit: int | None) -> int:
        frames = count_frames(num_samples, self.n_fft, self.win_length, self.hop_length, self.center)
        return frames if limit is None else min(frames, limit)

    def _samples_of(self, frames: int) -> int:
        """Samples that `frames` frames stand for; one more begins to be lost."""
        return frames * self.hop_length if self.center else (frames - 1) * self.hop_length + self.win_length

    def _real_frames(self, waveforms: Sequence[np.ndarray], limit: int | None) -> list[int]:
        frames = [self._count_frames(len(waveform), limit) for waveform in waveforms]
        if min(frames) < 1:
            samples = len(waveforms[frames.index(0)])
            raise ValueError(
                f"a clip of {samples} samples ({samples / self.sampling_rate:.3f} s) is shorter than one window of"
                f" {self.win_length} samples: use center=True, which pads, or leave such clips out"
            )
        return frames

    def _image_columns(self, frames: Sequence[int], length: int) -> list[int]:
        """Columns that real frames take up after resizing."""
        if self.image_size is None:
            return list(frames)
        return [-(-count * self.image_size[1] // length) for count in frames]

    def _truncate_waveforms(
        self, waveforms: list[np.ndarray], limit: int | None, truncation: bool | None
    ) -> list[np.ndarray]:
        longest = max(map(len, waveforms))
        if limit is None or longest <= self._samples_of(limit):
            return waveforms
        samples = self._samples_of(limit)
        if self._count_frames(longest, None) > limit and truncation is not True:
            lost = (longest - samples) / self.sampling_rate
            message = (
                f"a clip of {longest / self.sampling_rate:.2f} s is longer than the {limit} frames"
                f" ({samples / self.sampling_rate:.2f} s) this extractor gives"
            )
            if truncation is False:
                raise ValueError(
                    f"{message}: cut it into windows, raise num_frames, or pass truncation=True to lose {lost:.2f} s"
                )
            if not self._warned_of_truncation:
                self._warned_of_truncation = True
                logger.warning(
                    f"{message}, and its last {lost:.2f} s are dropped. Score long clips in windows with"
                    " hf_ser.EmotionClassifier, raise num_frames, or pass truncation=True. This is said once."
                )
        return [waveform[:samples] for waveform in waveforms]

    def _to_batch(
        self,
        features: torch.Tensor,
        frames: Sequence[int],
        length: int,
        return_tensors: str | TensorType | None,
        return_attention_mask: bool | None,
    ) -> BatchFeature:
        data = {"input_features": features.contiguous()}
        if self.return_attention_mask if return_attention_mask is None else return_attention_mask:
            data["attention_mask"] = frame_mask(frames, length, features.device)
        if return_tensors is not None and TensorType(return_tensors) == TensorType.PYTORCH:
            return BatchFeature(data)
        return BatchFeature({name: value.cpu().numpy() for name, value in data.items()})
