"""Evaluation with enrolled voices: a few clips of each speaker are reference and left out of the score."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from .prefix_cache import evaluating
from .reference_sampling import is_known

_KEY = 8


def reference_order(speakers: Sequence[str], clips: int, seed: int) -> dict[str, list[int]]:
    """The order in which clips of each speaker are taken for references.

    Args:
        speakers: of each clip.
        clips: how many are wanted of each speaker.
        seed: of the draw; speakers draw in the order of their names.

    Returns:
        the places of all clips, shuffled, by speaker.

    Raises:
        ValueError: if a speaker is unknown, or none of a speaker's clips would be left to score.
    """
    names = np.array([str(speaker) for speaker in speakers])
    if not all(map(is_known, speakers)):
        raise ValueError(
            "a clip's speaker is not known, expected a name for each: references are clips of the same voice; name "
            "the speakers, or score without references (reference clips 0)"
        )
    generator = np.random.default_rng([seed, _KEY])
    drawn = {}
    for name in np.unique(names).tolist():
        members = np.flatnonzero(names == name)
        if len(members) <= clips:
            raise ValueError(
                f"{clips} reference clips are asked for, but speaker {name!r} has {len(members)} clips, which leaves "
                f"none to score; ask for at most {len(members) - 1}, or leave this speaker out"
            )
        drawn[name] = generator.permutation(members).tolist()
    return drawn


class ReferenceSplit(torch.utils.data.Subset):
    """A side without the clips that are drawn as references.

    Args:
        dataset: the side, a `SerDataset`.
        clips: reference clips of each speaker.
        seed: of the draw.

    Attributes:
        references: places in the side of each speaker's references.

    Raises:
        ValueError: see `reference_order`.
    """

    def __init__(self, dataset: Any, clips: int, seed: int) -> None:
        order = reference_order(dataset.speakers, clips, seed)
        self.references = {speaker: sorted(places[:clips]) for speaker, places in order.items()}
        taken = {index for indices in self.references.values() for index in indices}
        super().__init__(dataset, [index for index in range(len(dataset)) if index not in taken])


class EnrolledVoices:
    """The reference vectors of every speaker of a side, as a model gives them now.

    Args:
        model: a model with `embed_reference`.
        split: the side.
        collator: makes batches of its clips.
        batch_size: clips embedded at once.
        autocast: the type that the model computes in while it trains, where that is another than its weights'.
    """

    def __init__(
        self,
        model: Any,
        split: ReferenceSplit,
        collator: Callable[[Sequence[Any]], dict[str, Any]],
        batch_size: int,
        autocast: torch.dtype | None = None,
    ) -> None:
        side: Any = split.dataset
        places = [place for indices in split.references.values() for place in indices]
        vectors = []
        with evaluating(model), torch.autocast(model.device.type, autocast, enabled=autocast is not None):
            for first in range(0, len(places), batch_size):
                batch = collator([side[place] for place in places[first : first + batch_size]])
                inputs = {
                    name: value.to(model.device) if isinstance(value, torch.Tensor) else value
                    for name, value in batch.items()
                    if name not in ("labels", "row_ids")
                }
                vectors.append(model.embed_reference(**inputs).float())
        counts = [len(indices) for indices in split.references.values()]
        voices = dict(zip(split.references, torch.cat(vectors).split(counts), strict=True))
        self._of_row = {row: voices[str(name)] for row, name in zip(side.rows, side.speakers, strict=True)}

    def of(self, row_ids: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """What a model is passed beside clips of these rows: `reference_vectors` (batch, references, width)."""
        return {"reference_vectors": torch.stack([self._of_row[row] for row in row_ids.tolist()])}


__all__ = ["EnrolledVoices", "ReferenceSplit", "reference_order"]
