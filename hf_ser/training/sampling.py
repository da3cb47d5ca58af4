"""In which order, and how often, the clips of an epoch are drawn."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

_KEY = 4
_LENGTH_KEY = 5
# as many batches are sorted by length at a time as transformers' LengthGroupedSampler takes
_BATCHES_AT_ONCE = 50


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


class LengthSampler(torch.utils.data.Sampler[int]):
    """Draws every clip once, in batches of like length, so that little is padded; keyed by seed and epoch.

    Clips are shuffled; each stretch of 50 batches is sorted by length and cut into batches; the batches are shuffled,
    but for one that is not full, which comes last.

    Args:
        lengths: of each clip of the dataset, in any unit.
        batch_size: clips of a batch, of all processes together.
        seed: key of the draws.
        epoch: called at the start of each epoch, says which one it is.

    Raises:
        ValueError: if there are no clips, or the batch size is not positive.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int, epoch: Callable[[], int]) -> None:
        if len(lengths) == 0 or batch_size < 1:
            raise ValueError(f"got {len(lengths)} lengths and batch_size {batch_size}, expected 1 or more of each")
        self.lengths, self.batch_size, self.seed, self._epoch = np.asarray(lengths), batch_size, seed, epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng([self.seed, self._epoch(), _LENGTH_KEY])
        order = generator.permutation(len(self.lengths))
        size = _BATCHES_AT_ONCE * self.batch_size
        batches: list[np.ndarray] = []
        for first in range(0, len(order), size):
            stretch = order[first : first + size]
            stretch = stretch[np.argsort(-self.lengths[stretch], kind="stable")]
            batches += np.split(stretch, range(self.batch_size, len(stretch), self.batch_size))
        last = [batches.pop()] if len(batches[-1]) < self.batch_size else []
        for batch in [*(batches[number] for number in generator.permutation(len(batches))), *last]:
            yield from batch.tolist()


__all__ = ["ClassSampler", "DrawnIndex", "LengthSampler", "draw_key"]
