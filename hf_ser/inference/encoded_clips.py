"""Clips that are encoded once and scored with one set of references after another."""

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

    Args:
        classifier: of a speech encoder with `config.reference`, or of a CCT with a speaker encoder.
        waveforms: mono float32 arrays (samples,) at the extractor's sampling rate.

    Raises:
        ValueError: if the model is neither.
    """

    def __init__(self, classifier: EmotionClassifier, waveforms: Sequence[np.ndarray]) -> None:
        self.network: Any = classifier.model
        pieces = classifier.embed(waveforms)
        self.vectors = torch.cat(pieces)
        self.clip = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
        self._images: list[tuple[list[int], dict[str, torch.Tensor]]] = []
        if not takes_vectors(self.network):
            windows = [window for waveform in waveforms for window in classifier.windows(waveform)]
            for places, inputs in classifier.batches(windows):
                images = {name: value for name, value in inputs.items() if not name.startswith("speaker_")}
                self._images.append((places, images))

    def scores(self, serves: np.ndarray) -> np.ndarray:
        """Probabilities of the emotions.

        Args:
            serves: shape (clips, clips), boolean: row i marks the clips that are references of clip i. A CCT hears the
                voice of a clip without references in the clip itself.

        Returns:
            shape (clips, num_labels).
        """
        matrix = serves[np.ix_(self.clip, self.clip)]
        with torch.no_grad():
            logits = self._read(matrix) if takes_vectors(self.network) else self._seen(matrix)
        return np.stack([mean_log_probability(logits[self.clip == clip]) for clip in range(len(serves))])

    def _read(self, matrix: np.ndarray) -> np.ndarray:
        """Logits (windows, num_labels) of a speech encoder."""
        vectors = self.vectors.to(self.network.device)
        summary = ReferenceSummary.within(vectors, torch.from_numpy(matrix).to(vectors.device))
        head = self.network.head
        return head.classify(head.condition(vectors.to(self.network.dtype), summary)).double().cpu().numpy()

    def _seen(self, matrix: np.ndarray) -> np.ndarray:
        """Logits (windows, num_labels) of a speaker-conditioned CCT."""
        own = self.vectors
        voices = torch.stack([mean_voice(own[row]) if row.any() else own[place] for place, row in enumerate(matrix)])
        logits = np.empty((len(matrix), self.network.config.num_labels))
        for places, images in self._images:
            told = voices[places].to(self.network.device, self.network.dtype)
            logits[places] = self.network(**images, speaker_embeddings=told).logits.double().cpu().numpy()
        return logits


__all__ = ["EncodedClips"]
