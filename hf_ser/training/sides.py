"""From rows of a corpus to the dataset that a run reads: from waveforms, cached features, or cached prefixes; with
speaker vectors for a model that reads them.
"""

from typing import Any

import datasets

from ..augmentation import WaveformAugmentation
from .arguments import SerTrainingArguments
from .cached_dataset import cached_dataset
from .dataset import SerDataset
from .objective_choice import noisy_twin
from .prefix_dataset import PrefixDataset
from .prefix_training import PrefixTraining
from .problems import Problem
from .speaker_training import SpeakerVoices


class Sides:
    """Makes the datasets of a run.

    Args:
        problem: how labels are read.
        extractor: the feature extractor; None where rows need none.
        prefixes: what lies below the first trained layer, if that is cached.
        voices: gives datasets their speaker vectors, if the model reads them.
    """

    def __init__(
        self, problem: Problem, extractor: Any, prefixes: PrefixTraining | None, voices: SpeakerVoices | None = None
    ) -> None:
        self.problem, self.extractor, self.prefixes, self.voices = problem, extractor, prefixes, voices
        self.sampling_rate = getattr(extractor, "sampling_rate", 16000)

    def dataset(self, rows: Any, args: SerTrainingArguments, training: bool) -> Any:
        """The dataset of a side.

        Args:
            rows: a `datasets.Dataset` of rows, a dict of several, or a `SerDataset` or None, which are kept.
            args: the settings of the run.
            training: whether this is the training side.

        Raises:
            TypeError: if it is something else, or holds waveforms where prefixes are wanted.
            LabelError: if it holds emotions that the model does not know.
        """
        if isinstance(rows, dict):
            return {name: self.dataset(part, args, training) for name, part in rows.items()}
        if isinstance(rows, SerDataset) and self.prefixes is not None and not isinstance(rows, PrefixDataset):
            raise TypeError(
                f"a dataset is {type(rows).__name__} and prefix_cache_dir is set, expected a datasets.Dataset of "
                "rows: they are encoded once; pass rows, or leave prefix_cache_dir out"
            )
        if isinstance(rows, SerDataset) and self.voices is not None and rows.voices is None:
            return self.voices.give(rows, training=training)
        if rows is None or isinstance(rows, SerDataset):
            return rows
        if not isinstance(rows, datasets.Dataset):
            raise TypeError(f"a dataset is {type(rows).__name__}, expected a datasets.Dataset of rows or a SerDataset")
        label2id = self.problem.target(rows)
        twin = noisy_twin(args, self.sampling_rate) if training else None
        if self.prefixes is not None:
            return self.prefixes.dataset(rows, label2id, training=training, twin=twin)
        side: SerDataset
        if args.feature_cache_dir is not None:
            side = cached_dataset(rows, label2id, self.extractor, args, training=training, twin=twin)
        else:
            side = SerDataset(
                rows,
                label2id,
                sampling_rate=self.sampling_rate,
                augmentation=WaveformAugmentation(args.augmentation, self.sampling_rate) if training else None,
                max_seconds=args.max_train_seconds if training else None,
                seed=args.seed,
            )
        return side if self.voices is None else self.voices.give(side, every_view=training, training=training)

    def renew(self, *sides: Any) -> None:
        """Let datasets have what the model's frozen parts give now: another checkpoint may have been loaded."""
        for frozen in (self.prefixes, self.voices):
            if frozen is not None:
                frozen.renew(*sides)


__all__ = ["Sides"]
