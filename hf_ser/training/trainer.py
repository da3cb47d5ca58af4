"""transformers' Trainer with what this field adds."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (
    EarlyStoppingCallback,
    PreTrainedModel,
    SequenceFeatureExtractor,
    TrainerCallback,
    TrainerState,
)
from transformers.trainer_utils import TrainOutput

from .arguments import SerTrainingArguments
from .checkpoints import (
    STATE,
    checkpoint_to_continue,
    discard_run,
    has_ended,
    refuse_to_overwrite,
)
from .collator import SerCollator
from .dataset import SerDataset
from .fitting import fit_figures
from .freezing import StageCallback, freezing_of
from .layer_rates import set_layer_rates
from .linear_head import check_linear_head, fit_linear_head
from .mixing import MixupCollator
from .muon import MuonWithAdamW, muon_groups
from .objective_choice import noisy_twin, refuse_ignored_options
from .objectives import Objective
from .prefix_training import prefix_training
from .problems import problem_of
from .reference_training import ReferenceTrainer, with_references
from .ridge import RidgeFit
from .sampling import ClassSampler, LengthSampler
from .sides import Sides
from .speaker_training import speaker_voices
from .spectrogram_augmentation import spectrogram_augmentation
from .training_side import EpochForDataset, refuse_speaker_overlap
from .weight_averaging import WeightAveraging

_OBJECTIVE = "training_objective"


class SerPredictionOutput(NamedTuple):
    """What `SerTrainer.predict` returns.

    `predictions` are logits (clips, num_labels), `label_ids` (clips,) the true classes, `row_ids` (clips,) the rows of
    the corpus they belong to, and `metrics` WA, UA and macro-F1 among others. Where the model says several emotions of
    a clip, `label_ids` are (clips, num_labels) of 0 and 1; where it says values of dimensions, `predictions` and
    `label_ids` are (clips, dimensions) in the corpus's unit, NaN where a clip has no label.
    """

    predictions: np.ndarray
    label_ids: np.ndarray
    metrics: dict[str, float]
    row_ids: np.ndarray


class SerTrainer(ReferenceTrainer):
    """Trains a classifier of emotions on the rows of a corpus.

    What it adds to transformers' Trainer: waveforms are read, augmented and turned into features in the data workers,
    with every random draw keyed by seed, epoch and row; training and evaluation have collators of their own; the loss
    is an `Objective`; speakers on both sides are refused; a run's folder is never overwritten unasked; an interrupted
    run continues from its last complete checkpoint and ends with the same weights; predictions come with the rows they
    belong to.

    Args:
        model: a model for audio classification; its config's `label2id` names the emotions.
        args: the settings.
        train_dataset: a `SerDataset`, or a dataset of rows (columns `audio`, `emotion`, `speaker`), which is then read
            at the extractor's rate and augmented as `args` say.
        eval_dataset: validation rows, likewise; never augmented.
        processing_class: the feature extractor; it is saved with every checkpoint.
        objective: what to minimise; by default a `ClassificationObjective` with what `args` ask for.
        data_collator: collator of the training side; by default extraction, padding and the masks `args` ask for.
        eval_data_collator: collator of the evaluation side; by default extraction and padding.
        callbacks: as for transformers' Trainer.

    Raises:
        ValueError: if a dataset lacks a column.
        LabelError: if a dataset holds emotions that the model does not know.
        SpeakerOverlapError: if a speaker stands on both the training and the validation side.
    """

    args: SerTrainingArguments

    def __init__(
        self,
        model: PreTrainedModel,
        args: SerTrainingArguments,
        train_dataset: SerDataset | datasets.Dataset | None = None,
        eval_dataset: SerDataset | datasets.Dataset | None = None,
        processing_class: SequenceFeatureExtractor | None = None,
        *,
        objective: Objective | None = None,
        data_collator: Callable[[Sequence[Any]], dict[str, torch.Tensor]] | None = None,
        eval_data_collator: Callable[[Sequence[Any]], dict[str, torch.Tensor]] | None = None,
        callbacks: list[TrainerCallback] | None = None,
        **kwargs: Any,
    ) -> None:
        if processing_class is None and (data_collator is None or eval_data_collator is None):
            raise ValueError(
                "processing_class is None, expected the feature extractor; "
                "pass processing_class=SpectrogramFeatureExtractor(...)"
            )
        if not isinstance(model, PreTrainedModel):
            raise TypeError(
                f"model is {type(model).__name__}, expected a transformers model (model_init is not supported)"
            )
        self.problem = problem_of(model.config)
        self.freezing = freezing_of(model, args, isinstance(objective, nn.Module))
        self.prefixes = prefix_training(model, processing_class, args, self.freezing)
        voices = speaker_voices(model, processing_class, args)
        self._sides = Sides(self.problem, processing_class, self.prefixes, voices)
        train = self._sides.dataset(train_dataset, args, training=True)
        validation = self._sides.dataset(eval_dataset, args, training=False)
        sides = validation.values() if isinstance(validation, dict) else [validation]
        for side in sides:
            if train is not None and side is not None and not args.allow_speaker_overlap:
                refuse_speaker_overlap(train.speakers, side.speakers)
        callbacks = list(callbacks or [])
        if train is not None:
            callbacks.append(EpochForDataset(train))
        if args.early_stopping_patience is not None:
            callbacks.append(EarlyStoppingCallback(early_stopping_patience=args.early_stopping_patience))
        self.objective = objective or self.problem.objective(args, train)
        refuse_ignored_options(self.objective, args, self.problem.kind)
        self.problem.prepare(model, args, train)
        if train is not None:
            fit_figures(model, processing_class, train, args)
        callbacks.append(StageCallback(self.freezing))
        self.averaging = None if args.average_weights_from is None else WeightAveraging(args.average_weights_from)
        callbacks += [] if self.averaging is None else [self.averaging]
        cached = None if self.prefixes is None else self.prefixes.collator
        masking = spectrogram_augmentation(args, processing_class)
        self.train_collator = data_collator or cached or SerCollator(processing_class, masking)
        self.train_collator = with_references(self.train_collator, model, args, train)
        if args.mixup_alpha > 0:
            self.train_collator = MixupCollator(self.train_collator, args.mixup_alpha, args.mixup_mode)
        if train is not None:
            train.twin = noisy_twin(args, train.sampling_rate)
        self.eval_collator = eval_data_collator or cached or SerCollator(processing_class)
        if isinstance(self.objective, nn.Module):
            if args.ddp_find_unused_parameters:
                raise ValueError(
                    "ddp_find_unused_parameters is True, expected None or False: this objective's parameters are used "
                    "outside the model's forward, where that search cannot see them"
                )
            args.ddp_find_unused_parameters = False
        self.eval_objective = self.problem.eval_objective()
        self._started = False
        # how the head was fitted, where it was fitted in closed form
        self.fit: RidgeFit | None = None
        if args.fit_head == "ridge":
            check_linear_head(model, self.freezing.trained(), self.problem.kind)
        super().__init__(
            model=model,
            args=args,
            data_collator=self.train_collator,
            train_dataset=train,
            eval_dataset=validation,
            processing_class=processing_class,
            compute_metrics=kwargs.pop("compute_metrics", self.problem.compute_metrics),
            callbacks=callbacks,
            **kwargs,
        )
        # objectives return the mean over their batch; compute_loss gives each batch its share of a step
        self.loss_is_scaled_for_ga = True
        self.model_accepts_loss_kwargs = False

    def _get_dataloader(
        self, dataset: Any, description: str, *args: Any, **kwargs: Any
    ) -> torch.utils.data.DataLoader:
        """Give each side its own collator."""
        self.data_collator = self.train_collator if kwargs.get("is_training", False) else self.eval_collator
        return super()._get_dataloader(dataset, description, *args, **kwargs)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor | tuple[torch.Tensor, Any]:
        """Ask the objective; evaluation always asks a plain loss (cross-entropy, or the squared error of dimensions),
        so that it can be compared over runs.
        """
        if model.training:
            self.freezing.settle()
        inputs = {name: value for name, value in inputs.items() if name != "row_ids"}
        loss, outputs = (self.objective if model.training else self.eval_objective)(model, inputs)
        if model.training and num_items_in_batch is not None:
            # gradients are summed over the batches of a step and averaged over processes
            share = self.objective.batch_weight(inputs) * self.accelerator.num_processes / num_items_in_batch
            loss = loss * share
        return (loss, outputs) if return_outputs else loss

    def get_batch_samples(
        self, epoch_iterator: Iterator, num_batches: int, device: torch.device
    ) -> tuple[list, torch.Tensor | int | None]:
        """Collect the batches of a step, and what all of them count together, on all processes.

        By it the loss of a step is the mean over its clips (weighted by class, if asked for) however they are dealt
        into batches.

        Returns:
            the batches, and the sum of the objective's `batch_weight`; None for a step of one batch on one process.
        """
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        processes = self.accelerator.num_processes
        if len(batches) <= 1 and processes == 1:
            return batches, None
        total = torch.zeros((), device=device)
        for batch in batches:
            total = total + self.objective.batch_weight(batch).to(device)
        if processes > 1:
            total = self.accelerator.reduce(total, reduction="sum")
        return batches, torch.where(total > 0, total, torch.ones_like(total))

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler | None:
        """Balance the classes if `args.class_sampling` asks for it, or batch clips of like length."""
        dataset = train_dataset or self.train_dataset
        if self.args.train_sampling_strategy == "group_by_length":
            size = self.args.train_batch_size * self.accelerator.num_processes
            return LengthSampler(dataset.lengths(), size, self.args.seed, lambda: dataset.epoch)
        if self.args.class_sampling == "none":
            return super()._get_train_sampler(dataset)
        return ClassSampler(dataset.labels, self.args.class_sampling, self.args.seed, lambda: dataset.epoch)

    def _get_eval_sampler(self, eval_dataset: Any) -> torch.utils.data.Sampler | None:
        """Keep the order of the clips."""
        return torch.utils.data.SequentialSampler(eval_dataset) if self.args.world_size <= 1 else None

    def num_examples(self, dataloader: torch.utils.data.DataLoader) -> int:
        """The clips of an epoch, repetitions counted."""
        sampler = getattr(dataloader, "sampler", None)
        return len(sampler) if isinstance(sampler, ClassSampler) else super().num_examples(dataloader)

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Muon with AdamW if `args.muon_learning_rate` is set, otherwise what transformers makes of `args.optim`; with
        a rate for each layer if `args.layer_learning_rate_decay` or `args.head_learning_rate` ask for it.
        """
        args = self.args
        if getattr(self, "optimizer", None) is not None:
            return super().create_optimizer(model)
        self.freezing.open(model or self.model)
        if args.muon_learning_rate is not None:
            self.optimizer = MuonWithAdamW(
                muon_groups(model or self.model, args.muon_learning_rate, args.learning_rate, args.weight_decay),
                betas=(args.adam_beta1, args.adam_beta2),
                eps=args.adam_epsilon,
            )
        optimizer = super().create_optimizer(model)
        set_layer_rates(optimizer, model or self.model, args.layer_learning_rate_decay, args.head_learning_rate)
        return optimizer

    def train(self, resume_from_checkpoint: str | bool | None = None, **kwargs: Any) -> TrainOutput:
        """Train, or continue a run.

        Args:
            resume_from_checkpoint: a checkpoint folder, or True for the last complete one of `args.output_dir`. By
                default `args.resume` decides.
            **kwargs: as for transformers' Trainer.

        Raises:
            FileExistsError: if `args.output_dir` already holds a run that is neither continued nor given up.
            ValueError: if the checkpoint to continue from is missing or incomplete.
        """
        asked = resume_from_checkpoint or self.args.resume_from_checkpoint
        checkpoint = checkpoint_to_continue(self.args.output_dir, asked, self.args.resume)
        if checkpoint is None and not self._started:
            if self.args.overwrite_run and self.is_world_process_zero():
                discard_run(self.args.output_dir)
            self.accelerator.wait_for_everyone()
            refuse_to_overwrite(self.args.output_dir, unfinished_is_free=self.args.resume)
        self._started = True
        # the processes must all have looked before the first one writes
        self.accelerator.wait_for_everyone()
        if self.args.fit_head == "ridge":
            self._sides.renew(self.train_dataset, self.eval_dataset)
            trained = self.freezing.trained()
            self.fit = fit_linear_head(self.model, self.train_dataset, self.train_collator, self.args, trained)
            return TrainOutput(0, float("nan"), {})
        if checkpoint is not None and has_ended(checkpoint, self.args.num_train_epochs, self.args.max_steps):
            return self._return_to_end(checkpoint)
        if isinstance(self.objective, nn.Module):
            # as part of the model while it trains, its parameters reach the optimizer, the device and the other
            # processes
            self.model.add_module(_OBJECTIVE, self.objective.to(self.args.device))
        self._sides.renew(self.train_dataset, self.eval_dataset)
        try:
            return super().train(resume_from_checkpoint=checkpoint, **kwargs)
        finally:
            self.model._modules.pop(_OBJECTIVE, None)

    def _return_to_end(self, checkpoint: str) -> TrainOutput:
        """Load what a run that is over ended with, instead of taking steps that it would not have taken."""
        self.state = TrainerState.load_from_json(str(Path(checkpoint) / STATE))
        best = self.state.best_model_checkpoint if self.args.load_best_model_at_end else None
        self._load_from_checkpoint(best or checkpoint)
        if self.averaging is not None:
            self.averaging.apply(self.model)
        return TrainOutput(self.state.global_step, float("nan"), {})

    def predict(
        self,
        test_dataset: SerDataset | datasets.Dataset,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "test",
    ) -> SerPredictionOutput:
        """Predict the clips of a dataset.

        Returns:
            logits, labels, metrics and the corpus rows they belong to, in the order of the dataset.
        """
        output = super().predict(
            self._sides.dataset(test_dataset, self.args, training=False), ignore_keys, metric_key_prefix
        )
        labels, row_ids = output.label_ids
        return SerPredictionOutput(output.predictions, labels, output.metrics, row_ids)

    def evaluate(self, eval_dataset: Any = None, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Evaluate on a dataset, the validation rows by default; see transformers' Trainer."""
        return super().evaluate(self._sides.dataset(eval_dataset, self.args, training=False), *args, **kwargs)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        # a folder of this step left by a killed run must not look whole while it is written again
        folder = Path(self._get_output_dir(trial)) / f"checkpoint-{self.state.global_step}"
        if self.args.should_save:
            (folder / STATE).unlink(missing_ok=True)
        super()._save_checkpoint(model, trial)

    def _save_rng_state(self, output_dir: str) -> None:
        super()._save_rng_state(output_dir)
        # the state file, written next by the first process, says that the checkpoint is whole
        self.accelerator.wait_for_everyone()

    @contextmanager
    def _model_alone(self) -> Iterator[nn.Module | None]:
        """Take the objective's parameters out of the model for a while."""
        objective = self.model._modules.pop(_OBJECTIVE, None)
        try:
            yield objective
        finally:
            if objective is not None:
                self.model.add_module(_OBJECTIVE, objective)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        with self._model_alone() as objective:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        if objective is not None:
            objective.load_state_dict(load_file(str(Path(resume_from_checkpoint) / "objective.safetensors")))
        if self.averaging is not None:
            self.averaging.load(resume_from_checkpoint)
        self._sides.renew(self.train_dataset, self.eval_dataset)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """See transformers' Trainer; nothing is counted where the model goes on from a prefix."""
        return 0 if "prefix" in inputs else super().floating_point_ops(inputs)

    def _load_best_model(self) -> None:
        with self._model_alone():
            super()._load_best_model()

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        with self._model_alone() as objective:
            super()._save(output_dir, state_dict)
        if self.args.should_save:
            folder = Path(output_dir or self.args.output_dir)
            if objective is not None and folder.name.startswith("checkpoint-"):
                save_file(objective.state_dict(), str(folder / "objective.safetensors"), metadata={"format": "pt"})
            if self.averaging is not None and folder.name.startswith("checkpoint-"):
                self.averaging.save(folder)
            # transformers pickles its arguments here; ours are JSON
            (folder / "training_args.bin").unlink(missing_ok=True)
            text = json.dumps(self.args.to_dict(), indent=2, sort_keys=True, default=str)
            (folder / "training_args.json").write_text(text + "\n", encoding="utf-8")
