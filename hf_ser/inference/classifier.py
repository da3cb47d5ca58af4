"""A checkpoint and its extractor as one callable: any recording in, its emotion out."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import AutoFeatureExtractor, BatchFeature, PreTrainedModel, SequenceFeatureExtractor

from ..audio import load_audio
from ..models.strict_loading import from_pretrained_strict
from .enrolment import (
    SpeakerReference,
    check_reference_clip,
    clip_name,
    embed_voices,
    has_speaker_encoder,
    least_seconds,
    mean_voice,
    model_fingerprint,
    reference_clips,
)
from .windows import batches_of_like_length, mean_log_probability, padding_of, split_into_windows, window_seconds

logger = logging.getLogger(__name__)
# HuBERT-base takes about 25 MiB a second while its convolutions run
BATCH_SECONDS = 30.0


@dataclass(frozen=True)
class EmotionPrediction:
    """The emotion of one recording.

    `scores` holds the probability of every emotion the model knows, in [0, 1], summing to 1; `confidence` is that of
    `emotion`. `seconds` is the length of the recording and `windows` the number of pieces it was scored in.
    """

    emotion: str
    confidence: float
    scores: dict[str, float]
    seconds: float
    windows: int


class EmotionClassifier:
    """Classifies recordings of any length, from any source that `hf_ser.load_audio` reads.

    A recording longer than what the model takes is scored in windows whose mean log-probability counts, and a note in
    the log says so once. Windows are as long as the extractor's fixed length, 30 s for Whisper, whose positions end
    there, and 30 s for other speech encoders, which have no limit but memory. They overlap a little where the length
    of the recording is no multiple of theirs, and none of it is left out. A speaker-conditioned CCT hears the voice in
    the whole recording, whatever the windows; or, where its extractor says `own_voice=False`, in references alone.

    Args:
        model: a model for audio classification.
        feature_extractor: the extractor it was trained with.
        batch_size: windows scored at once.
        batch_seconds: seconds of sound scored at once, padding included, where windows differ in length; it bounds the
            memory. A window longer than that is scored by itself.

    Raises:
        ValueError: if the model answers dimensions or several emotions at once, which one emotion cannot stand for.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        feature_extractor: SequenceFeatureExtractor,
        batch_size: int = 16,
        batch_seconds: float = BATCH_SECONDS,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, expected 1 or more")
        if not batch_seconds > 0:
            raise ValueError(f"batch_seconds is {batch_seconds}, expected seconds above 0")
        _check_one_emotion(model)
        self.model = model.eval()
        self.feature_extractor = feature_extractor
        self.batch_size = batch_size
        self.batch_seconds = batch_seconds
        self._said_windows = self._said_own = False

    @classmethod
    def from_pretrained(
        cls, model: str, batch_size: int = 16, device: str | torch.device = "cpu"
    ) -> "EmotionClassifier":
        """Load a checkpoint folder or Hub id with every weight from there, see `hf_ser.from_pretrained_strict`.

        Args:
            model: folder or id; `hf_ser.default_model()` is the checkpoint that ships with the package.
            batch_size: windows scored at once.
            device: where the model runs.

        Raises:
            OSError: if there is no checkpoint, or not all of its files.
            ValueError: if its weights are damaged or do not fit the model (`CheckpointError`, which names them and
                the fix), or its model type is unknown.
        """
        network = from_pretrained_strict(model)
        return cls(network.to(device), AutoFeatureExtractor.from_pretrained(model), batch_size)

    def __call__(
        self, source: Any, *, speaker_reference: SpeakerReference | Sequence[Any] | None = None, **load_options: Any
    ) -> EmotionPrediction:
        """Classify one recording.

        Args:
            source: path, bytes, file object, array or dataset row: whatever `hf_ser.load_audio` reads.
            speaker_reference: other clips of the same voice, unlabelled, whatever `hf_ser.load_audio` reads; or what
                `enrol` made of them. For models that take references.
            **load_options: for `hf_ser.load_audio`, the rate of a bare array for instance; for references too.

        Raises:
            AudioError: if the recording or a reference cannot be read.
            ValueError: as `enrol`.
        """
        if speaker_reference is not None and not isinstance(speaker_reference, SpeakerReference):
            speaker_reference = self.enrol(speaker_reference, **load_options)
        waveform = load_audio(source, self.feature_extractor.sampling_rate, **load_options)
        return self.classify([waveform], speaker_reference)[0]

    def enrol(self, clips: Sequence[Any], **load_options: Any) -> SpeakerReference:
        """Listen to a few clips of a voice, to know it in recordings to come.

        The clips need no labels, but they should be as mixed in emotion as the recordings to come: clips of one
        emotion do not tell the voice from the emotion, and bring nothing. Ten are good. A speech encoder that was
        trained with references trusts a few of them little, so that a single clip does no harm; a speaker-conditioned
        CCT takes their mean for the voice, which serves one that was trained so (`--own_voice False`). A clip longer
        than what the model takes counts as several.

        Args:
            clips: clips of one voice, whatever `hf_ser.load_audio` reads.
            **load_options: for `hf_ser.load_audio`.

        Returns:
            what to pass as `speaker_reference`.

        Raises:
            AudioError: if a clip cannot be read.
            ReferenceClipError: if a clip is silent, or shorter than 0.5 s or than a speaker encoder needs; a
                ValueError.
            ValueError: if there are no clips, or the model takes no references, saying how to train one that does.
        """
        if self._hears_own_voices and not self._said_own:
            self._said_own = True
            logger.warning(
                "the model was trained on the voice as heard in each clip itself, whose vector tells of the emotion "
                "too: told the voice by other clips, it may be much worse than without them; train one on other "
                "clips' voices (--own_voice False). This is said once."
            )
        rate, waveforms, names = self.feature_extractor.sampling_rate, [], []
        for number, clip in enumerate(reference_clips(clips), start=1):
            names.append(clip_name(clip, number))
            waveform = load_audio(clip, rate, **load_options)
            check_reference_clip(waveform, rate, names[-1], least_seconds(self.feature_extractor))
            waveforms.append(waveform)
        return SpeakerReference(torch.cat(self.embed(waveforms)), tuple(names), model_fingerprint(self.model))

    def embed(self, waveforms: Sequence[np.ndarray]) -> list[torch.Tensor]:
        """Vectors of waveforms, as the model makes them of references.

        Args:
            waveforms: mono float32 arrays (samples,) at the extractor's sampling rate.

        Returns:
            of each waveform float32 on the CPU, (windows, width); of a speaker-conditioned CCT (pieces, width), the
            pieces being of `batch_seconds` and the waveform as a rule one, and zeros where no voice can be heard.

        Raises:
            ValueError: if the model takes no references.
        """
        if self._hears_voices:
            samples = round(self.batch_seconds * self.feature_extractor.sampling_rate)
            pieces = [split_into_windows(waveform, samples) for waveform in waveforms]
            make = self.feature_extractor.speaker_inputs
        else:
            pieces, make = [self.windows(waveform) for waveform in waveforms], None
        flat = [window for windows in pieces for window in windows]
        vectors = self._each(flat, lambda places, inputs: embed_voices(self.model, inputs), make)
        return list(vectors.split([len(windows) for windows in pieces]))

    def classify(
        self, waveforms: Sequence[np.ndarray], speaker_reference: SpeakerReference | Sequence[np.ndarray] | None = None
    ) -> list[EmotionPrediction]:
        """Classify waveforms that are loaded already.

        Args:
            waveforms: mono float32 arrays (samples,) at the extractor's sampling rate.
            speaker_reference: other clips of the one voice in all of them: likewise waveforms, or what `enrol` gave.

        Returns:
            one prediction for each waveform, in order.

        Raises:
            ValueError: as `enrol`, or if the reference was enrolled with another model.
        """
        if speaker_reference is not None and not isinstance(speaker_reference, SpeakerReference):
            rate = self.feature_extractor.sampling_rate
            speaker_reference = self.enrol(speaker_reference, source_sampling_rate=rate)
        pieces = [self.windows(waveform) for waveform in waveforms]
        flat = [window for windows in pieces for window in windows]
        voices = None
        if speaker_reference is None and self._hears_own_voices and len(flat) > len(waveforms):
            # a window tells less of the voice than the recording, and another voice than training heard
            rows = [mean_voice(vectors) for vectors in self.embed(waveforms)]
            voices = torch.stack([row for row, windows in zip(rows, pieces, strict=True) for _ in windows])
        logits = self._each(
            flat,
            lambda places, inputs: self._logits(inputs, speaker_reference, None if voices is None else voices[places]),
        ).numpy()
        predictions, first = [], 0
        for waveform, windows in zip(waveforms, pieces, strict=True):
            scores = mean_log_probability(logits[first : first + len(windows)].astype(np.float64))
            predictions.append(self._prediction(scores, len(waveform), len(windows)))
            first += len(windows)
        return predictions

    def windows(self, waveform: np.ndarray) -> list[np.ndarray]:
        """Cut a recording into the pieces that the model takes at once, which are scored one by one.

        Args:
            waveform: mono float32 array (samples,) at the extractor's sampling rate.

        Returns:
            the pieces; the waveform itself if it is short enough.
        """
        longest = window_seconds(self.feature_extractor)
        if longest is None:
            return [waveform]
        sounding = waveform
        if hasattr(self.feature_extractor, "trim_silence"):
            sounding = self.feature_extractor.trim_silence(waveform)
        windows = split_into_windows(sounding, int(longest * self.feature_extractor.sampling_rate))
        if len(windows) == 1:
            # the extractor cuts off silence itself, as it does in the stock pipeline
            return [waveform]
        if not self._said_windows:
            self._said_windows = True
            logger.warning(
                "a recording of %.1f s is longer than the %.1f s the model takes at once: it is scored in %d windows"
                " and their mean log-probability counts (said once)",
                len(sounding) / self.feature_extractor.sampling_rate,
                longest,
                len(windows),
            )
        return windows

    @property
    def _hears_voices(self) -> bool:
        """Whether the model can embed voices, of features that the extractor gives it."""
        extractor: Any = self.feature_extractor
        return has_speaker_encoder(self.model) and getattr(extractor, "speaker_extractor", None) is not None

    @property
    def _hears_own_voices(self) -> bool:
        """Whether it does so of each recording, where it is told of no voice."""
        return self._hears_voices and getattr(self.feature_extractor, "own_voice", True)

    def batches(
        self,
        windows: Sequence[np.ndarray],
        make: Callable[[list[np.ndarray]], Mapping[str, torch.Tensor]] | None = None,
    ) -> Iterator[tuple[list[int], BatchFeature]]:
        """Windows as the model takes them, in batches of like length.

        Args:
            windows: pieces of recordings, see `windows`.
            make: gives the features of some of them, in place of a call of the extractor.

        Yields:
            the places of a batch among the windows, and what the extractor makes of them, on the model's device.
        """
        extractor = self.feature_extractor
        padding, samples = padding_of(extractor), round(self.batch_seconds * extractor.sampling_rate)
        lengths = [len(window) for window in windows]
        for places in batches_of_like_length(lengths, self.batch_size, samples, padding == "max_length"):
            chunk = [windows[place] for place in places]
            if make is not None:
                features = BatchFeature(dict(make(chunk)))
            else:
                features = extractor(
                    chunk, sampling_rate=extractor.sampling_rate, padding=padding, return_tensors="pt"
                )
            yield list(places), features.to(self.model.device)

    def _each(
        self,
        windows: Sequence[np.ndarray],
        run: Callable[[list[int], BatchFeature], torch.Tensor],
        make: Callable[[list[np.ndarray]], Mapping[str, torch.Tensor]] | None = None,
    ) -> torch.Tensor:
        """What `run` makes of windows, of which it gets the places and the features: a row for each."""
        rows: list[torch.Tensor] = [torch.empty(0)] * len(windows)
        for places, inputs in self.batches(windows, make):
            for place, row in zip(places, run(places, inputs), strict=True):
                rows[place] = row
        return torch.stack(rows) if rows else torch.empty(0, self.model.config.num_labels)

    def _logits(
        self, inputs: BatchFeature, reference: SpeakerReference | None, voices: torch.Tensor | None
    ) -> torch.Tensor:
        clips = len(next(iter(inputs.values())))
        told = {} if reference is None else reference.inputs(self.model, clips)
        if voices is not None:
            told = {"speaker_embeddings": voices.to(self.model.device)}
        with torch.inference_mode():
            outputs = self.model(**inputs, **told)
        return outputs.logits.float().cpu()

    def _prediction(self, scores: np.ndarray, samples: int, windows: int) -> EmotionPrediction:
        names = self.model.config.id2label
        best = int(scores.argmax())
        return EmotionPrediction(
            emotion=names[best],
            confidence=float(scores[best]),
            scores={names[index]: float(score) for index, score in enumerate(scores)},
            seconds=samples / self.feature_extractor.sampling_rate,
            windows=windows,
        )


def _check_one_emotion(model: PreTrainedModel) -> None:
    kind = getattr(model.config, "problem_type", None)
    functions = {"regression": "none", "multi_label_classification": "sigmoid"}
    if kind in functions:
        raise ValueError(
            f"the model's problem_type is {kind!r}: its answers ({', '.join(model.config.id2label.values())}) are no "
            "probabilities of one emotion; call the model itself, or pipeline('audio-classification', model=..., "
            f"feature_extractor=...) with function_to_apply={functions[kind]!r}"
        )
