"""Clips of a batch as references for each other: batches of a few voices, and random sets of their clips."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch

from ..protocols.reference_clips import is_known
from .dataset import Example

MATRIX = "reference_matrix"
_SAMPLER_KEY, _SET_KEY = 6, 7


class SpeakerSampler(torch.utils.data.Sampler[int]):
    """Draws every clip once, in batches of a few speakers with several clips each; keyed by seed and epoch.

    The clips of each speaker are shuffled and dealt into groups, the groups are shuffled and laid into batches, and
    the batches are shuffled. What is left of each speaker, and clips of unknown speakers, fill batches of their own; a
    batch that is not full comes last.

    Args:
        speakers: of each clip of the dataset.
        batch_size: clips of a batch, of one process: accelerate deals whole batches to processes.
        speakers_per_batch: groups of a batch.
        seed: key of the draws.
        epoch: called at the start of each epoch, says which one it is.

    Raises:
        ValueError: if there are no clips, groups would have fewer than two, or do not fill a batch.
    """

    def __init__(
        self,
        speakers: Sequence[str],
        batch_size: int,
        speakers_per_batch: int,
        seed: int,
        epoch: Callable[[], int],
    ) -> None:
        if len(speakers) == 0:
            raise ValueError("there are no clips to draw from, expected one or more")
        size, left = divmod(batch_size, speakers_per_batch)
        if size < 2 or left:
            raise ValueError(
                f"reference_speakers_per_batch is {speakers_per_batch} with batches of {batch_size} clips, expected a "
                "divisor that leaves two clips or more of each speaker, which serve each other as reference; 4 for "
                "batches of 32 is usual"
            )
        self.batch_size, self.group_size, self.seed, self._epoch = batch_size, size, seed, epoch
        self._length = len(speakers)
        known = np.array([is_known(speaker) for speaker in speakers])
        names = np.array([str(speaker) for speaker in speakers])
        self._members = [np.flatnonzero(known & (names == name)) for name in np.unique(names[known])]
        self._unknown = np.flatnonzero(~known)

    def _cut(self, members: np.ndarray) -> list[np.ndarray]:
        return np.split(members, range(self.group_size, len(members), self.group_size))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng([self.seed, self._epoch(), _SAMPLER_KEY])
        groups = [group for members in self._members for group in self._cut(generator.permutation(members))]
        groups += [np.array([clip]) for clip in self._unknown]
        shuffled = [groups[number] for number in generator.permutation(len(groups))]
        # a stable sort: full groups, which fill batches, before the others
        shuffled.sort(key=lambda group: len(group) < self.group_size)
        order = np.concatenate(shuffled)
        batches = np.split(order, range(self.batch_size, len(order), self.batch_size))
        last = [batches.pop()] if len(batches[-1]) < self.batch_size else []
        for batch in [*(batches[number] for number in generator.permutation(len(batches))), *last]:
            yield from batch.tolist()


def draw_references(others: Sequence[int], dropout: float, generator: np.random.Generator) -> list[int]:
    """Draw a set of references for a clip of a training speaker.

    Args:
        others: the other clips of the voice.
        dropout: chance of an empty set. Otherwise its size is log-uniform from 1 to all of them, so that small sets
            are common.
        generator: to draw with.

    Returns:
        the clips drawn.
    """
    if not others or generator.random() < dropout:
        return []
    size = int(np.exp(generator.uniform(0.0, np.log(len(others) + 1))))
    return generator.choice(others, size, replace=False).tolist()


class ReferenceCollator:
    """Adds to a batch which of its clips serve which as reference: other clips of the same voice, drawn at random.

    See `draw_references`. The draws are keyed by seed, epoch and row. Labels are not read.

    Args:
        collator: makes the batch, from examples that hold `draw` and `row_ids`.
        speakers: the speaker of each row of the corpus.
        dropout: share of the clips that get no references, in [0, 1].
    """

    def __init__(
        self,
        collator: Callable[[Sequence[Example]], dict[str, torch.Tensor]],
        speakers: Mapping[int, str],
        dropout: float = 0.25,
    ) -> None:
        self.collator, self.speakers, self.dropout = collator, dict(speakers), dropout

    def __call__(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """Collate examples.

        Returns:
            the batch with `reference_matrix` (batch, batch), boolean: row i marks the clips that serve clip i.
        """
        batch = self.collator(examples)
        speakers = [self.speakers.get(example["row_ids"]) for example in examples]
        rows = [example["row_ids"] for example in examples]
        matrix = torch.zeros(len(examples), len(examples), dtype=torch.bool)
        for number, (example, speaker) in enumerate(zip(examples, speakers, strict=True)):
            # a clip that is drawn twice is no reference for itself
            others = [i for i, name in enumerate(speakers) if name == speaker and rows[i] != rows[number]]
            if is_known(speaker):
                generator = np.random.default_rng([*example["draw"], _SET_KEY])
                matrix[number, draw_references(others, self.dropout, generator)] = True
        batch[MATRIX] = matrix
        return batch


__all__ = ["MATRIX", "ReferenceCollator", "SpeakerSampler", "draw_references"]
