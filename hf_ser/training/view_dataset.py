"""The training side of a run on rendered views: a view drawn for each clip and epoch."""

from collections.abc import Mapping, Sequence

import datasets
import numpy as np
import torch

from .dataset import Example, SerDataset
from .view_store import ViewStore


class ViewDataset(SerDataset):
    """Clips of a corpus, a view drawn for each epoch and row from a `ViewStore`; for training sides.

    Args:
        store: the rendered views.
        corpus: the corpus they were rendered from.
        label2id: emotion name -> class index.
        rows: the rows of the corpus to use.
        max_seconds: longer views are cut to a random stretch of this length, at the border of two targets.
        soft_labels: logits (views, rows, num_labels) of a teacher, in the order of `rows`.
        seed: key of the draws.
    """

    def __init__(
        self,
        store: ViewStore,
        corpus: datasets.Dataset,
        label2id: Mapping[str, int],
        rows: Sequence[int] | None = None,
        *,
        max_seconds: float | None = None,
        soft_labels: np.ndarray | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(corpus, label2id, rows, sampling_rate=store.sampling_rate, max_seconds=max_seconds, seed=seed)
        self.store, self.soft_labels = store, soft_labels

    def __getitem__(self, index: int) -> Example:
        row = self.rows[index]
        draw = self.draw(index)
        generator = np.random.default_rng([*draw, 0])
        view = int(generator.integers(0, self.store.num_views))
        waveform, targets = self.store.read(view, row)
        if self.max_seconds is not None:
            waveform, targets = self._stretch(waveform, targets, generator)
        example: Example = {"waveform": waveform, "labels": self.labels[index], "row_ids": row, "draw": draw}
        if targets is not None:
            example["targets"] = torch.from_numpy(targets)
        if self.soft_labels is not None:
            example["soft_labels"] = torch.from_numpy(self.soft_labels[view, index])
        return self.add_voice(self.add_twin(example), index)

    def _stretch(
        self, waveform: np.ndarray, targets: np.ndarray | None, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Cut a random stretch, waveform and targets alike."""
        span = self.store.samples_per_target
        wanted = max(1, round((self.max_seconds or 0.0) * self.sampling_rate / span))
        available = -(-len(waveform) // span)
        if available <= wanted:
            return waveform, targets
        first = int(generator.integers(0, available - wanted + 1))
        cut = waveform[first * span : (first + wanted) * span]
        return cut, None if targets is None else targets[first : first + wanted]
