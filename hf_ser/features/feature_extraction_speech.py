"""The feature extractor of speech encoders: waveforms to `input_values` or Whisper's `input_features`, and a mask."""

import inspect
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
from transformers.feature_extraction_utils import BatchFeature
from transformers.utils import PaddingStrategy, TensorType, logging

from .call_checks import check_count, check_flag
from .silence import sounding_span
from .spectrogram_padding import frame_mask, padded_length
from .spectrogram_settings import check_unknown
from .speech_settings import WHISPER_SECONDS, check_speech_settings, settings_of_encoder
from .waveform_checks import as_waveforms, check_device, check_sampling_rate
from .whisper_log_mel import count_log_mel_frames, whisper_log_mels

logger = logging.get_logger(__name__)


class SpeechFeatureExtractor(SequenceFeatureExtractor):
    """What HuBERT, wav2vec 2.0, WavLM, data2vec-audio, UniSpeech-SAT and Whisper read, on a clip's own length.

    A clip gives the same values alone and in a batch, where `padding_value` follows it with 0 in the attention mask.
    Whisper's log-mels are those of transformers' WhisperFeatureExtractor, but laid out (batch, frames, mels) and not
    padded to 30 s; waveforms are those of its Wav2Vec2FeatureExtractor.

    Args:
        input_kind: "waveform" or "log_mel".
        sampling_rate: Sampling rate of the waveforms in Hz.
        do_normalize: Whether a waveform's real samples are scaled to mean 0 and deviation 1; None for yes. Not for
            log-mels.
        num_mel_bins: Number of mel bands, 80 or, for Whisper-large-v3, 128.
        n_fft: Size of the Fourier transform of log-mels in samples.
        hop_length: Step between frames of log-mels in samples.
        min_samples: Shorter waveforms are padded to so many samples, which their mask does not count: the span that
            one output of the encoder's convolutions sees, 400 in the wav2vec 2.0 family.
        max_seconds: Longest clip that the encoder takes, in seconds; None for 30 s of log-mels, Whisper's positions,
            and no limit for waveforms.
        trim_db: Drop leading and trailing silence: what lies more than this below the loudest 25 ms, in dB; None keeps
            it.
        trim_margin: Seconds kept on both sides of the sound.
        functionals: "egemaps_v02" adds the 88 figures of eGeMAPS of each clip (needs opensmile), None nothing.
        padding_value: Value of padded samples or frames; the mask keeps models from reading it.
        return_attention_mask: Whether calls return `attention_mask` unless told.

    Raises:
        TypeError: On a setting that does not exist.
        ValueError: On a wrong value, naming it and what was expected.
    """

    # longest piece that a waveform encoder without a limit should get at once, for attention grows with its square
    UNLIMITED_WINDOW_SECONDS = 30.0

    def __init__(
        self,
        input_kind: str = "waveform",
        sampling_rate: int = 16000,
        do_normalize: bool | None = None,
        num_mel_bins: int = 80,
        n_fft: int = 400,
        hop_length: int = 160,
        min_samples: int = 400,
        max_seconds: float | None = None,
        trim_db: float | None = None,
        trim_margin: float = 0.05,
        functionals: str | None = None,
        padding_value: float = 0.0,
        return_attention_mask: bool = True,
        **kwargs: Any,
    ) -> None:
        given = locals()
        names = [
            name
            for name in inspect.signature(SpeechFeatureExtractor.__init__).parameters
            if name not in ("self", "kwargs")
        ]
        settings = {name: given[name] for name in names}
        if do_normalize is None:
            settings["do_normalize"] = input_kind == "waveform"
        if max_seconds is None and input_kind == "log_mel":
            settings["max_seconds"] = WHISPER_SECONDS
        padding_side = kwargs.pop("padding_side", "right")
        check_unknown(kwargs, names, "SpeechFeatureExtractor")
        check_speech_settings({**settings, "padding_side": padding_side})
        for name in ("feature_size", "feature_extractor_type"):
            kwargs.pop(name, None)
        super().__init__(
            feature_size=num_mel_bins if input_kind == "log_mel" else 1,
            sampling_rate=sampling_rate,
            padding_value=padding_value,
            padding_side=padding_side,
            return_attention_mask=return_attention_mask,
            **kwargs,
        )
        for name, value in settings.items():
            setattr(self, name, value)
        self._warned_of_truncation = False

    @classmethod
    def from_encoder(cls, encoder: str, **overrides: Any) -> Self:
        """An extractor that prepares clips as the encoder's own preprocessor_config.json says.

        Args:
            encoder: Folder or Hub id of a pretrained encoder, or of a checkpoint with a `SpeechFeatureExtractor`.
            **overrides: Settings that replace the encoder's, and options of transformers' `from_pretrained` such as
                `cache_dir`, `local_files_only`, `revision`, `subfolder` and `token`.

        Returns:
            The extractor.

        Raises:
            OSError: If there is no preprocessor_config.json.
            ValueError: If it is of an extractor that cannot be stood in for.
        """
        options = ("cache_dir", "force_download", "local_files_only", "revision", "subfolder", "token")
        loading = {name: overrides.pop(name) for name in options if name in overrides}
        try:
            stored, _ = cls.get_feature_extractor_dict(encoder, **loading)
        except OSError as error:
            raise OSError(
                f"no preprocessor_config.json of {encoder!r} can be read: {error}\nIf the encoder has none, create"
                " SpeechFeatureExtractor(input_kind='waveform' or 'log_mel', do_normalize=...) yourself; offline, copy"
                " the encoder's folder here and give its path"
            ) from error
        if stored.get("feature_extractor_type") == cls.__name__:
            return cls(**{**stored, **overrides})
        return cls(**{**settings_of_encoder(stored, encoder), **overrides})

    @property
    def model_input_names(self) -> list[str]:  # type: ignore[override]
        """Names of what a call returns, the clip's values first."""
        values = "input_features" if self.input_kind == "log_mel" else "input_values"
        return [values, "attention_mask", *(["functionals"] if self.functionals else [])]

    @property
    def batch_padding(self) -> str:
        """The padding under which a clip in a batch is what it is alone, and which wastes least: "longest"."""
        return "longest"

    @property
    def window_seconds(self) -> float:
        """Length of the windows that a long recording is to be scored in, in seconds: `max_seconds`, or 30 s if the
        encoder has no limit of its own, since its attention grows with the square of the length.
        """
        return self.UNLIMITED_WINDOW_SECONDS if self.max_seconds is None else self.max_seconds

    def frames_of(self, num_samples: int) -> int:
        """Number of ones in a clip's mask: its samples, or its frames of log-mels.

        Args:
            num_samples: Length of the clip in samples; with `trim_db`, what `trim_silence` leaves of it.
        """
        return count_log_mel_frames(num_samples, self.hop_length) if self.input_kind == "log_mel" else num_samples

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
        """Prepare one clip or a batch.

        Args:
            raw_speech: A mono clip in [-1, 1] as a 1-D array, tensor or list of floats, or a list of such clips.
            sampling_rate: Sampling rate of the clips in Hz; must equal the extractor's.
            padding: "longest" or True, which is the default; "max_length" (to `max_length` or `max_seconds`), the
                default with `max_length`; or False for clips of equal length.
            max_length: Samples of a waveform, or frames of log-mels, to crop and pad to in place of `max_seconds`.
            truncation: What to do with longer clips: None crops them and warns once, True crops, False raises.
            pad_to_multiple_of: Rounds the padded samples or frames up.
            return_tensors: "pt" for torch tensors; otherwise numpy arrays.
            return_attention_mask: Whether to return the mask; by default as the extractor is set.
            device: Where to compute log-mels; torch tensors lie there.

        Returns:
            `input_values` (batch, samples) or `input_features` (batch, frames, mels), float32; `attention_mask`
            (batch, samples or frames), int64, 1 on real ones; and if the extractor is set so, `functionals` (batch,
            88), float32, not standardised.

        Raises:
            ImportError: If functionals are asked for without opensmile.
            TypeError: If a clip is not an array of floats.
            ValueError: If the sampling rate is missing or wrong, an argument has a value that means nothing, a clip is
                empty, not finite or not 1-D, or does not fit with truncation=False.
        """
        check_sampling_rate(sampling_rate, self.sampling_rate)
        device = check_device(device)
        check_flag("truncation", truncation)
        check_flag("return_attention_mask", return_attention_mask)
        unit = "frames" if self.input_kind == "log_mel" else "samples"
        multiple = check_count("pad_to_multiple_of", pad_to_multiple_of, unit)
        limit = check_count("max_length", max_length, unit)
        clips = [self.trim_silence(clip).astype(np.float32, copy=False) for clip in as_waveforms(raw_speech)]
        clips = self._cropped(clips, limit, truncation)
        counts = [self.frames_of(len(clip)) for clip in clips]
        length = self._padded_length(counts, padding, limit, multiple)
        data = {self.model_input_names[0]: self._values(clips, length, device)}
        if self.return_attention_mask if return_attention_mask is None else return_attention_mask:
            data["attention_mask"] = frame_mask(counts, length, device)
        if self.functionals is not None:
            data["functionals"] = self._functionals(clips).to(device)
        if return_tensors is not None and TensorType(return_tensors) == TensorType.PYTORCH:
            return BatchFeature(data)
        return BatchFeature({name: value.cpu().numpy() for name, value in data.items()})

    def _values(self, clips: Sequence[np.ndarray], length: int, device: torch.device) -> torch.Tensor:
        if self.input_kind == "log_mel":
            with torch.no_grad():
                return whisper_log_mels(
                    clips,
                    length,
                    sampling_rate=self.sampling_rate,
                    n_fft=self.n_fft,
                    hop_length=self.hop_length,
                    num_mel_bins=self.num_mel_bins,
                    padding_value=self.padding_value,
                    device=device,
                )
        values = np.full((len(clips), length), self.padding_value, dtype=np.float32)
        for row, clip in zip(values, clips, strict=True):
            if self.do_normalize:
                # of the one clip's own samples, with the small number that keeps silence silent
                row[: len(clip)] = (clip - clip.mean()) / np.sqrt(clip.var() + 1e-7)
            else:
                row[: len(clip)] = clip
        return torch.from_numpy(values).to(device)

    def _functionals(self, clips: Sequence[np.ndarray]) -> torch.Tensor:
        # opensmile takes seconds to load, and few extractors ask for it
        from .functionals import egemaps_functionals

        return torch.from_numpy(np.stack([egemaps_functionals(clip, self.sampling_rate) for clip in clips]))

    def _padded_length(
        self,
        counts: Sequence[int],
        padding: bool | str | PaddingStrategy | None,
        limit: int | None,
        multiple: int | None,
    ) -> int:
        if padding is None:
            padding = "longest" if limit is None else "max_length"
        if limit is None and self.max_seconds is not None:
            limit = self.frames_of(self._samples_of_limit())
        if limit is None and padding == "max_length":
            raise ValueError(
                "padding='max_length' needs a length: pass max_length, set max_seconds, or use padding='longest'"
            )
        # a clip that the encoder's convolutions cannot see a single time is padded, alone as in a batch
        least = 1 if self.input_kind == "log_mel" else self.min_samples
        limit = None if limit is None else max(limit, least)
        return padded_length([max(count, least) for count in counts], padding, limit, multiple)

    def _samples_of_limit(self) -> int:
        return max(1, round((self.max_seconds or 0.0) * self.sampling_rate))

    def _cropped(self, clips: list[np.ndarray], limit: int | None, truncation: bool | None) -> list[np.ndarray]:
        if limit is None and self.max_seconds is None:
            return clips
        step = self.hop_length if self.input_kind == "log_mel" else 1
        samples = self._samples_of_limit() if limit is None else limit * step
        longest = max(map(len, clips))
        # what is left over of a step has no frame of its own to lose
        if self.frames_of(longest) <= self.frames_of(samples):
            return clips
        if truncation is not True:
            lost = (longest - samples) / self.sampling_rate
            message = (
                f"a clip of {longest / self.sampling_rate:.2f} s is longer than the {samples / self.sampling_rate:.2f}"
                " s that the encoder takes"
            )
            if truncation is False:
                raise ValueError(
                    f"{message}: cut it into windows, as hf_ser.EmotionClassifier does, or pass truncation=True to"
                    f" lose {lost:.2f} s"
                )
            if not self._warned_of_truncation:
                self._warned_of_truncation = True
                logger.warning(
                    f"{message}, and its last {lost:.2f} s are dropped. Score long clips in windows with"
                    " hf_ser.EmotionClassifier, or pass truncation=True. This is said once."
                )
        return [clip[:samples] for clip in clips]

    def to_dict(self) -> dict[str, Any]:
        """The settings, as saved in preprocessor_config.json."""
        output = super().to_dict()
        # what follows from other settings is not saved, so that one of them can be overridden on loading
        for name in ("feature_size", "_warned_of_truncation"):
            output.pop(name, None)
        return output
