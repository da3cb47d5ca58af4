"""Evaluation with enrolled voices: a few clips of each speaker are reference and left out of the score."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from ..protocols.reference_clips import choose_references
from .prefix_cache import evaluating


class ReferenceSplit(torch.utils.data.Subset):
    """A side without the clips that are drawn as references, none of them too short or silent.

    Args:
        dataset: the side, a `SerDataset`.
        clips: reference clips of each speaker.
        seed: of the draw.

    Attributes:
        references: places in the side of each speaker's references.

    Raises:
        ValueError: see `choose_references`.
        AudioError: if a clip cannot be read.
    """

    def __init__(self, dataset: Any, clips: int, seed: int) -> None:
        audios = dataset.corpus.select(dataset.rows)["audio"]
        drawn = choose_references(audios, dataset.speakers, clips, seed, dataset.sampling_rate)
        self.references = {speaker: sorted(places) for speaker, places in drawn.items()}
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


__all__ = ["EnrolledVoices", "ReferenceSplit"]
