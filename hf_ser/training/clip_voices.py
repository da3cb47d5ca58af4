"""Speaker vectors of the clips of a dataset."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .cached_views import CachedViews


class ClipVoices(NamedTuple):
    """Speaker vectors of the clips of a dataset, in its order.

    Attributes:
        views: vectors (size, 1) of one view, the clips as they are, or of all views that the dataset draws from.
        weights: fingerprint of the speaker encoder.
        every_view: whether each view of a clip has a vector of its own.
    """

    views: CachedViews
    weights: str
    every_view: bool

    def read(self, view: int, index: int) -> list[np.ndarray]:
        """The vector (size,) of a view of a clip, and that of its noisy twin if twins have their own."""
        return [vector[:, 0] for vector in self.views.read(view if self.every_view else 0, index)]

    def heard(self, view: int, index: int, draw: Sequence[int]) -> list[np.ndarray]:
        """The vectors that a clip comes with: its own, whatever the draw."""
        return self.read(view, index)


__all__ = ["ClipVoices"]
