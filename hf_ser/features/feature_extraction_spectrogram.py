"""The spectrogram feature extractor: waveforms to `input_features` (batch, channels, frequency, time) and a mask."""

import inspect
from collections.abc import Sequence
from typing import Any, Self

from .presets import preset_settings
from .spectrogram_settings import check_settings, check_unknown, plain_figures
from .spectrogram_stages import feature_bands, feature_channels, padding_column
from .two_step_extraction import TwoStepExtraction

BAND_FIGURES = ("band_mean", "band_std", "band_min", "band_max")


class SpectrogramFeatureExtractor(TwoStepExtraction):
    """Spectrograms of mono waveforms as transformers models read them.

    A clip gives the same values alone and in a batch: it is padded, scaled and differentiated by itself, and what a
    batch adds to it is the floor, the value that digital silence would have, with 0 in the attention mask.

    Args:
        feature_type: "log_mel", "log_spec", "log_mel_delta" (three channels: static, delta, delta-delta) or "mfcc".
        sampling_rate: Sampling rate of the waveforms in Hz.
        n_fft: Size of the Fourier transform in samples.
        win_length: Window in samples, None for `n_fft`; a shorter window sits in the middle of the transform.
        hop_length: Step between frames in samples.
        window_function: "hann" or "hamming".
        window_periodic: Whether the window is periodic instead of symmetric.
        center: Whether frame t is centred on sample t * hop_length; otherwise frames are the windows wholly inside the
            clip.
        pad_mode: How a centred clip goes on beyond its ends: "constant" (silence) or "reflect".
        power: 1 for magnitudes, 2 for powers, before mel filters.
        preemphasis: Coefficient of y[n] = x[n] - preemphasis * x[n-1], None for none.
        trim_db: Drop leading and trailing silence: what lies more than this below the loudest 25 ms, in dB; None keeps
            it.
        trim_margin: Seconds kept on both sides of the sound.
        num_mel_bins: Number of mel bands.
        mel_scale: "slaney", "htk" or "kaldi".
        mel_norm: "slaney" for filters of equal area, None for height 1.
        triangularize_in_mel_space: Whether filter slopes are straight over mel, as in TensorFlow, instead of over Hz.
        min_frequency: Lower edge of the mel filters in Hz.
        max_frequency: Upper edge of the mel filters in Hz, None for half the sampling rate.
        num_frequency_bins: Lowest bins kept of "log_spec", None for all. "max" as reference is over all bins.
        num_mfcc: Coefficients kept of "mfcc".
        log_scale: "db", or "ln" for ln(value + log_offset).
        reference: What is called 0 dB: "max", the clip's maximum, or a power.
        amin: Smallest power told apart from silence.
        top_db: Range kept below the reference in dB; None (fixed reference only) goes down to `amin`.
        log_offset: Offset of the natural logarithm.
        delta_method: "regression", "savitzky_golay" or "difference", see `derivatives.with_deltas`.
        delta_width: Frames that a delta looks at, odd.
        delta_edge: "nearest" repeats the edge frames, "interp" goes on with the fit to the first and last
            `delta_width`.
        normalization: "none", "clip" (mean 0, deviation 1 over the clip's real frames, per channel), "band"
            (`band_mean`, `band_std`) or "band_minmax" (`band_min` to 0, `band_max` to 1, clipped); `fit_normalization`
            finds these figures.
        band_mean: One figure per band, (bands,) or (channels, bands), in the unit of the features.
        band_std: Likewise.
        band_min: Likewise.
        band_max: Likewise.
        num_frames: Fixed number of frames to crop or pad to, None for as many as the longest clip has.
        padding_value: Value of padded frames after normalisation, None for the floor.
        image_size: [rows, columns] to resize to: the whole clip, or with `num_frames` the cropped or padded one.
        image_resample: "bilinear" or "bicubic".
        image_antialias: Whether to smooth before shrinking.
        num_channels: 3 repeats a single channel, None keeps what the features have.
        colormap: "magma" colours one channel.
        low_frequency_at: "top" (the lowest band is row 0) or "bottom".
        image_normalization: "imagenet" subtracts ImageNet's means and divides by its deviations.
        segment_frames: Length of the pieces that `segment` cuts, in frames.
        segment_hop: Step between pieces in frames.
        segment_tail: What `segment` does with a last piece that is not full: "pad" or "drop".
        return_attention_mask: Whether calls return `attention_mask` unless told.

    Raises:
        TypeError: On a setting that does not exist.
        ValueError: On a wrong value, naming it and what was expected.
    """

    model_input_names = ["input_features", "attention_mask"]  # noqa: RUF012 - transformers' own form

    def __init__(
        self,
        feature_type: str = "log_mel",
        sampling_rate: int = 16000,
        n_fft: int = 512,
        win_length: int | None = 400,
        hop_length: int = 160,
        window_function: str = "hann",
        window_periodic: bool = True,
        center: bool = True,
        pad_mode: str = "constant",
        power: float = 2,
        preemphasis: float | None = None,
        trim_db: float | None = None,
        trim_margin: float = 0.08,
        num_mel_bins: int = 80,
        mel_scale: str = "slaney",
        mel_norm: str | None = "slaney",
        triangularize_in_mel_space: bool = False,
        min_frequency: float = 0.0,
        max_frequency: float | None = None,
        num_frequency_bins: int | None = None,
        num_mfcc: int = 40,
        log_scale: str = "db",
        reference: str | float = "max",
        amin: float = 1e-10,
        top_db: float | None = 80.0,
        log_offset: float = 1e-6,
        delta_method: str = "regression",
        delta_width: int = 9,
        delta_edge: str = "interp",
        normalization: str = "none",
        band_mean: Sequence[Any] | None = None,
        band_std: Sequence[Any] | None = None,
        band_min: Sequence[Any] | None = None,
        band_max: Sequence[Any] | None = None,
        num_frames: int | None = None,
        padding_value: float | None = None,
        image_size: Sequence[int] | None = None,
        image_resample: str = "bilinear",
        image_antialias: bool = True,
        num_channels: int | None = None,
        colormap: str | None = None,
        low_frequency_at: str = "top",
        image_normalization: str | None = None,
        segment_frames: int | None = None,
        segment_hop: int | None = None,
        segment_tail: str = "pad",
        return_attention_mask: bool = True,
        **kwargs: Any,
    ) -> None:
        given = locals()
        names = [
            name
            for name in inspect.signature(SpectrogramFeatureExtractor.__init__).parameters
            if name not in ("self", "kwargs")
        ]
        settings = {name: given[name] for name in names}
        settings["win_length"] = n_fft if win_length is None else win_length
        padding_side = kwargs.pop("padding_side", "right")
        check_unknown(kwargs, names)
        check_settings({**settings, "padding_side": padding_side})
        for name in ("feature_size", "feature_extractor_type"):
            kwargs.pop(name, None)
        super().__init__(
            feature_size=0,
            sampling_rate=sampling_rate,
            padding_value=padding_value,
            padding_side=padding_side,
            return_attention_mask=return_attention_mask,
            **kwargs,
        )
        for name, value in settings.items():
            setattr(self, name, value)
        self.image_size = None if image_size is None else [int(side) for side in image_size]
        self.feature_size = feature_bands(self)
        for name in BAND_FIGURES:
            setattr(self, name, plain_figures(name, given[name], feature_channels(self), self.feature_size))
        self._warned_of_truncation = False

    @classmethod
    def from_preset(cls, name: str, **overrides: Any) -> Self:
        """An extractor with the settings of a published system, or a plain starting point.

        Args:
            name: A key of `presets.PRESETS`, for example "log_mel", "speaker_vgg_cct", "alexnet_fcn" or "dcnn_blstm".
            **overrides: Settings that replace the preset's.

        Returns:
            The extractor.

        Raises:
            ValueError: If there is no such preset; the message lists them.
        """
        return cls(**{**preset_settings(name), **overrides})

    @property
    def seconds_per_frame(self) -> float:
        """Step between spectrogram frames in seconds."""
        return self.hop_length / self.sampling_rate

    @property
    def batch_padding(self) -> str:
        """The padding under which a clip in a batch is what it is alone: "longest", which wastes least, where it can
        be.
        """
        return "max_length" if self.image_size is not None and self.num_frames is not None else "longest"

    @property
    def max_seconds(self) -> float | None:
        """Longest clip that fits `num_frames` without loss, in seconds; None if the number of frames is not fixed."""
        return None if self.num_frames is None else self._samples_of(self.num_frames) / self.sampling_rate

    @property
    def floor_value(self) -> float | list[Any] | None:
        """What silence, and so a padded frame, holds in `input_features`.

        One number, or a list over rows, or a list over channels of lists over rows, as far as they differ. Rows are
        those of `output_size`. None with normalization="clip", where it depends on the clip.

        Raises:
            ValueError: If normalization needs figures that have not been fitted yet.
        """
        floor = padding_column(self)
        if floor is None:
            return None
        rows = floor.tolist()
        values = {value for row in rows for value in row}
        return values.pop() if len(values) == 1 else rows[0] if len(rows) == 1 else rows

    def frames_of(self, num_samples: int) -> int:
        """Number of real frames of a clip: the ones in its mask, before any resizing to `image_size`.

        Args:
            num_samples: Length of the clip in samples; with `trim_db`, what `trim_silence` leaves of it.

        Returns:
            Spectrogram frames, `num_frames` at most.
        """
        return self._count_frames(num_samples, self.num_frames)

    def to_dict(self) -> dict[str, Any]:
        """The settings, as saved in preprocessor_config.json."""
        output = super().to_dict()
        # what follows from other settings is not saved, so that one of them can be overridden on loading
        for name in ("feature_size", "_warned_of_truncation"):
            output.pop(name, None)
        return output
