"""Voices that are heard in other clips of the speaker, so that they tell of the voice and not of the clip."""

from collections.abc import Sequence

import numpy as np
import torch

from ..models.speaker_encoder.mean_voice import mean_voice
from ..protocols.reference_clips import is_known
from .clip_voices import ClipVoices

MOST_CLIPS = 10
_KEY = 9


class OtherVoices:
    """Gives each clip the mean vector of other clips of its speaker, drawn anew in every epoch; see `mean_voice`.

    A speaker encoder hears the emotion of a clip, too: a model that is given the vector of the clip itself learns to
    read that, and is misled by the vector of another clip. On training sides 1 to 10 other clips are drawn, as many as
    there are; on other sides the voice is unknown (zeros), as it is of a speaker with one clip or without a name.

    Args:
        own: vectors of the clips themselves.
        speakers: of each clip.
        rows: of each clip in the corpus; one that stands there twice is not another clip.
        training: whether it is a training side.
    """

    def __init__(self, own: ClipVoices, speakers: Sequence[str], rows: Sequence[int], training: bool) -> None:
        self.own, self.rows, self.training = own, np.asarray(rows), training
        names = np.array([str(speaker) for speaker in speakers])
        places = {name: np.flatnonzero(names == name) for name in np.unique(names).tolist()}
        self.clips = [places[str(speaker)] if is_known(speaker) else np.array([], dtype=int) for speaker in speakers]

    @property
    def weights(self) -> str:
        """Fingerprint of the speaker encoder."""
        return self.own.weights

    @property
    def every_view(self) -> bool:
        """See `ClipVoices`."""
        return self.own.every_view

    def read(self, view: int, index: int) -> list[np.ndarray]:
        """See `ClipVoices`: the vector of the clip itself, for what is fitted on clips."""
        return self.own.read(view, index)

    def heard(self, view: int, index: int, draw: Sequence[int]) -> list[np.ndarray]:
        """The vector (size,) that a clip comes with.

        Args:
            view: not read: the other clips are heard as they were recorded.
            index: place of the clip in its dataset.
            draw: key of its draws in this epoch.
        """
        same_voice = self.clips[index]
        others = same_voice[self.rows[same_voice] != self.rows[index]]
        if not self.training or not len(others):
            return [np.zeros_like(self.own.read(0, index)[0])]
        generator = np.random.default_rng([*draw, _KEY])
        count = int(generator.integers(1, min(MOST_CLIPS, len(others)) + 1))
        chosen = generator.choice(others, size=count, replace=False)
        vectors = np.stack([self.own.read(0, int(place))[0] for place in chosen])
        return [mean_voice(torch.from_numpy(vectors)).numpy()]


__all__ = ["OtherVoices"]
