"""In which order, and how often, the clips of an epoch are drawn."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

_KEY = 4


class DrawnIndex(int):
    """An index into a dataset that says which copy it is, where a clip is drawn several times in an epoch.

    Datasets may take it for the integer it is; those that augment give each copy draws of its own.

    Attributes:
        copy: 0 for the first time that the clip is drawn in an epoch, then 1, 2, ...
    """

    copy: int

    def __new__(cls, index: int, copy: int = 0) -> "DrawnIndex":
        """An index and the number of its copy."""
        self = super().__new__(cls, index)
        self.copy = copy
        return self

    def __reduce__(self) -> tuple[type, tuple[int, int]]:
        # batches of indices travel to the data workers
        return type(self), (int(self), self.copy)


def draw_key(seed: int, epoch: int, row: int, index: int) -> tuple[int, ...]:
    """All that random augmentation of a clip may depend on.

    Args:
        seed: of the run.
        epoch: the current one.
        row: of the corpus.
        index: what the dataset was asked for; a `DrawnIndex` if the clip may be drawn again in this epoch.

    Returns:
        (seed, epoch, row), and for another copy than the first its number as well.
    """
    copy = getattr(index, "copy", 0)
    return (seed, epoch, row, copy) if copy else (seed, epoch, row)


class ClassSampler(torch.utils.data.Sampler[int]):
    """Draws the clips of an epoch so that the classes come equally often; keyed by seed and epoch.

    "oversample" is random oversampling (Batista et al. 2004): every class is drawn as often as the largest, whose
    clips come once each. "balanced" is class-balanced sampling (Kang et al. 2020, section 3): every class is equally
    likely, and an epoch is as long as there are clips, so that large classes are drawn from in part. Either way no
    clip of a class comes again before all others have come as often. All processes draw the same order, of which
    accelerate gives each its share.

    Args:
        labels: the class of each clip of the dataset.
        strategy: "oversample" or "balanced".
        seed: key of the draws.
        epoch: called at the start of each epoch, says which one it is.

    Raises:
        ValueError: if the strategy is unknown, or the labels are not one class for each clip, or there are none.
    """

    def __init__(self, labels: Sequence[int], strategy: str, seed: int, epoch: Callable[[], int]) -> None:
        if strategy not in ("oversample", "balanced"):
            raise ValueError(f"strategy is {strategy!r}, expected 'oversample' or 'balanced'")
        if len(labels) == 0:
            raise ValueError("there are no clips to draw from, expected one or more")
        classes = np.asarray(labels)
        if classes.ndim != 1 or not np.issubdtype(classes.dtype, np.integer):
            raise ValueError(
                f"the labels have shape {classes.shape} and type {classes.dtype}, expected one class for each clip; "
                "class_sampling goes with single-label classification only"
            )
        self.strategy, self.seed, self._epoch = strategy, seed, epoch
        self._members = [np.flatnonzero(classes == label) for label in np.unique(classes)]
        self._length = len(classes)
        if strategy == "oversample":
            self._length = len(self._members) * max(map(len, self._members))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng([self.seed, self._epoch(), _KEY])
        share, left = divmod(self._length, len(self._members))
        one_more = set(generator.permutation(len(self._members))[:left].tolist())
        indices, copies = [], []
        for number, members in enumerate(self._members):
            count = share + (number in one_more)
            rounds = -(-count // len(members))
            drawn = np.concatenate([generator.permutation(members) for _ in range(rounds)])[:count]
            indices.append(drawn)
            copies.append(np.arange(count) // len(members))
        order = generator.permutation(self._length)
        for index, copy in zip(np.concatenate(indices)[order], np.concatenate(copies)[order], strict=True):
            yield DrawnIndex(int(index), int(copy))


__all__ = ["ClassSampler", "DrawnIndex", "draw_key"]
