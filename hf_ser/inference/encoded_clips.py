"""Clips whose voices are encoded once, to be scored with one set of references after another."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..models.speech_encoder.reference import ReferenceSummary
from .classifier import EmotionClassifier
from .enrolment import mean_voice, takes_vectors
from .windows import mean_log_probability


class EncodedClips:
    """Clips of a corpus with what a model needs to score them, whoever is said to speak.

    A speech encoder's clips are encoded for good. Of a speaker-conditioned CCT the vectors of the voices and the
    images are kept, and the CCT itself runs for every set of references.

    Args:
        classifier: of a speech encoder with `config.reference`, or of a CCT with a speaker encoder.
        waveforms: mono float32 arrays (samples,) at the extractor's sampling rate.

    Raises:
        ValueError: if the model is neither.
    """

    def __init__(self, classifier: EmotionClassifier, waveforms: Sequence[np.ndarray]) -> None:
        self.network: Any = classifier.model
        self.own_voice = getattr(classifier.feature_extractor, "own_voice", True)
        self.pieces = classifier.embed(waveforms)
        # the clip of each window that is scored
        self.clip = np.repeat(np.arange(len(self.pieces)), [len(piece) for piece in self.pieces])
        self._images: list[tuple[list[int], dict[str, torch.Tensor]]] = []
        if takes_vectors(self.network):
            self.vectors = torch.cat(self.pieces)
        else:
            windows = [classifier.windows(waveform) for waveform in waveforms]
            self.clip = np.repeat(np.arange(len(windows)), [len(pieces) for pieces in windows])
            for places, inputs in classifier.batches([window for pieces in windows for window in pieces]):
                images = {name: value.cpu() for name, value in inputs.items() if not name.startswith("speaker_")}
                self._images.append((places, images))

    @torch.no_grad()
    def scores(self, voices: Sequence[tuple[Sequence[int], Sequence[int]]]) -> np.ndarray:
        """Probabilities of the emotions.

        Args:
            voices: for each voice its clips, and those among them that are references, of all its clips but
                themselves. A CCT hears the voice of a clip without references in the clip itself, or, if its extractor
                says `own_voice=False`, not at all.

        Returns:
            shape (clips, num_labels); not a number for clips of no voice.
        """
        logits = np.full((len(self.clip), self.network.config.num_labels), np.nan)
        told: dict[int, torch.Tensor] = {}
        for clips, references in voices:
            if takes_vectors(self.network):
                own = np.flatnonzero(np.isin(self.clip, clips))
                # a window is no reference for its own clip
                serves = np.isin(self.clip[own], references)[None] & (self.clip[own][:, None] != self.clip[own][None])
                logits[own] = self._read(self.vectors[own], serves)
                continue
            for clip in clips:
                others = [other for other in references if other != clip]
                heard = torch.cat([self.pieces[other] for other in others or [clip]])
                told[clip] = mean_voice(heard) if others or self.own_voice else torch.zeros_like(heard[0])
        for places, images in self._images:
            rows = [row for row, place in enumerate(places) if self.clip[place] in told]
            if rows:
                heard = torch.stack([told[self.clip[places[row]]] for row in rows])
                chosen = {name: value[rows] for name, value in images.items()}
                logits[[places[row] for row in rows]] = self._seen(chosen, heard)
        return np.stack([mean_log_probability(logits[self.clip == clip]) for clip in range(self.clip[-1] + 1)])

    def _read(self, vectors: torch.Tensor, serves: np.ndarray) -> np.ndarray:
        """Logits (windows, num_labels) of a speech encoder for the windows of a voice."""
        vectors = vectors.to(self.network.device)
        summary = ReferenceSummary.within(vectors, torch.from_numpy(serves).to(vectors.device))
        head = self.network.head
        return head.classify(head.condition(vectors.to(self.network.dtype), summary)).double().cpu().numpy()

    def _seen(self, images: dict[str, torch.Tensor], voices: torch.Tensor) -> np.ndarray:
        """Logits (windows, num_labels) of a speaker-conditioned CCT."""
        device = self.network.device
        inputs = {name: value.to(device) for name, value in images.items()}
        outputs = self.network(**inputs, speaker_embeddings=voices.to(device, self.network.dtype))
        return outputs.logits.double().cpu().numpy()


__all__ = ["EncodedClips"]
