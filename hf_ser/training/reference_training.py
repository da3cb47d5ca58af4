"""Training and evaluation of models that take references: batches of a few voices, and enrolled voices."""

import logging
from collections.abc import Callable
from typing import Any

import torch
from transformers import PreTrainedModel, Trainer

from ..protocols.reference_clips import is_known
from .arguments import SerTrainingArguments
from .dataset import SerDataset
from .prefix_training import autocast_type
from .reference_evaluation import EnrolledVoices, ReferenceSplit
from .reference_sampling import ReferenceCollator, SpeakerSampler

logger = logging.getLogger(__name__)

REFERENCE_OPTIONS: dict[str, Any] = {
    "reference_speakers_per_batch": 4,
    "reference_dropout": 0.25,
    "eval_reference_clips": 0,
}


class ReferenceTrainer(Trainer):
    """The part of `SerTrainer` that knows of references; it is transformers' own where the model takes none.

    Raises:
        ValueError: if a speaker of the validation side has too few clips that can serve as references.
    """

    args: SerTrainingArguments
    eval_collator: Callable[..., dict[str, torch.Tensor]]
    _voices: EnrolledVoices | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        side: Any = self.eval_dataset
        sides = side.values() if isinstance(side, dict) else [] if side is None else [side]
        clips, seed = self.args.eval_reference_clips, self.args.seed
        # drawn before the first step, which is when too few clips are said
        self._splits = [ReferenceSplit(side, clips, seed) for side in sides if clips]

    @property
    def conditioned(self) -> bool:
        """Whether the model takes references."""
        return takes_references(self.model)

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler | None:
        """Batches of a few speakers, whose clips serve each other."""
        if not self.conditioned:
            return super()._get_train_sampler(train_dataset)
        side = train_dataset or self.train_dataset
        args = self.args
        if args.train_batch_size < 3 * args.reference_speakers_per_batch and self.is_world_process_zero():
            logger.warning(
                "batches of %d clips (per_device_train_batch_size) of %d speakers (reference_speakers_per_batch) hold "
                "fewer than three of each: few clips get more than one reference, so the model hardly learns what "
                "several are worth and how far clips of one voice spread; make batches larger (%d, or 32 as usual) or "
                "their speakers fewer, for four clips of each speaker or more",
                args.train_batch_size,
                args.reference_speakers_per_batch,
                4 * args.reference_speakers_per_batch,
            )
        return SpeakerSampler(
            side.speakers,
            args.train_batch_size,
            args.reference_speakers_per_batch,
            args.seed,
            lambda: side.epoch,
        )

    def _get_dataloader(
        self, dataset: Any, description: str, *args: Any, **kwargs: Any
    ) -> torch.utils.data.DataLoader:
        """Leave reference clips out of the score."""
        clips = 0 if kwargs.get("is_training", False) else self.args.eval_reference_clips
        drawn = [split for split in self._splits if split.dataset is dataset and clips]
        side = drawn[0] if drawn else ReferenceSplit(dataset, clips, self.args.seed) if clips else dataset
        return super()._get_dataloader(side, description, *args, **kwargs)

    def evaluation_loop(self, dataloader: torch.utils.data.DataLoader, *args: Any, **kwargs: Any) -> Any:
        """Enrol the voices of the side with the weights of now, then score the other clips."""
        side = dataloader.dataset
        if isinstance(side, ReferenceSplit):
            size, kind = self.args.per_device_eval_batch_size, autocast_type(self.args)
            self._voices = EnrolledVoices(self.model, side, self.eval_collator, size, kind)
        try:
            return super().evaluation_loop(dataloader, *args, **kwargs)
        finally:
            self._voices = None

    def prediction_step(self, model: torch.nn.Module, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Give each clip the references of its speaker."""
        if self._voices is not None:
            inputs = {**inputs, **self._voices.of(inputs["row_ids"])}
        return super().prediction_step(model, inputs, *args, **kwargs)


def takes_references(model: PreTrainedModel) -> bool:
    """Whether a model was built with `config.reference`."""
    return getattr(model.config, "reference", None) is not None


def with_references(
    collator: Callable[..., dict[str, torch.Tensor]],
    model: PreTrainedModel,
    args: SerTrainingArguments,
    train: SerDataset | None,
) -> Callable[..., dict[str, torch.Tensor]]:
    """The collator of a training side, which draws references where the model takes them.

    Args:
        collator: makes batches.
        model: the model.
        args: the settings of the run.
        train: the training side.

    Raises:
        ValueError: if settings of references are given and the model takes none, something else orders the clips as
            well, or no speaker is known.
    """
    given = {name: getattr(args, name) for name, usual in REFERENCE_OPTIONS.items() if getattr(args, name) != usual}
    if not takes_references(model):
        if given:
            raise ValueError(
                f"{', '.join(f'{name}={value!r}' for name, value in given.items())} is for models that take "
                "references, but this one has reference=None; build it with reference='standardise' (--reference "
                "standardise), or leave that out"
            )
        return collator
    if args.class_sampling != "none" or args.train_sampling_strategy != "random":
        raise ValueError(
            f"class_sampling is {args.class_sampling!r} and train_sampling_strategy is "
            f"{args.train_sampling_strategy!r}, but the model takes references (reference="
            f"{model.config.reference!r}), for which batches are made of a few speakers; leave both out"
        )
    if train is None:
        return collator
    if not any(map(is_known, train.speakers)):
        raise ValueError(
            f"the model takes references (reference={model.config.reference!r}), but no training clip has a known "
            "speaker; name speakers in the column 'speaker', or train with reference=None"
        )
    speakers = dict(zip(train.rows, train.speakers, strict=True))
    return ReferenceCollator(collator, speakers, args.reference_dropout)


__all__ = ["REFERENCE_OPTIONS", "ReferenceTrainer", "takes_references", "with_references"]
