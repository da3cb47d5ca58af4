"""What the trainer sees to on the training side: that it knows its epoch, and that no speaker stands on both sides."""

import math
from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback

from ..protocols import SpeakerOverlapError
from .dataset import SerDataset


class EpochForDataset(TrainerCallback):
    """Tells the training data which epoch it is, also after a resume."""

    def __init__(self, dataset: SerDataset) -> None:
        self.dataset = dataset

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Count epochs by steps, so that a run continued in mid-epoch draws what it would have drawn."""
        batches = len(kwargs["train_dataloader"])
        steps = max(1, math.ceil(batches / args.gradient_accumulation_steps))
        self.dataset.at_epoch(state.global_step // steps)


def refuse_speaker_overlap(train: Sequence[str], validation: Sequence[str]) -> None:
    """Raise if a speaker stands on both sides.

    Raises:
        SpeakerOverlapError: naming the speakers.
    """
    both = sorted(set(train) & set(validation))
    if both:
        raise SpeakerOverlapError(
            f"{len(both)} speaker(s) stand on both the training and the validation side ({', '.join(both[:5])}"
            f"{', ...' if len(both) > 5 else ''}): figures would not be speaker-independent. "
            "Split with hf_ser.speaker_folds, or accept it with allow_speaker_overlap=True"
        )


__all__ = ["EpochForDataset", "refuse_speaker_overlap"]
