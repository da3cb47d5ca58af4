"""A teacher for a run: views of the clips, what it says of them, and the dataset and objective that use it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import datasets
from transformers import PreTrainedModel, SequenceFeatureExtractor

from ..augmentation import WaveformAugmentation
from .arguments import SerTrainingArguments
from .collator import SerCollator
from .distillation import DistillationCollator, DistillationObjective
from .objectives import Objective
from .soft_labels import cross_fitted_logits
from .spectrogram_augmentation import spectrogram_augmentation
from .teachers import WhisperTeacher
from .view_dataset import ViewDataset
from .view_store import ViewStore, fingerprint_of

# views do not depend on the seed of a run, so that runs can share them
VIEW_SEED = 0


@dataclass
class DistillationArguments:
    """Whether a speech encoder teaches, and how."""

    teacher: str | None = field(
        default=None,
        metadata={"help": "Folder of a Whisper encoder whose frame features the model learns to predict."},
    )
    teacher_layers: list[int] = field(default_factory=lambda: [3, 4], metadata={"help": "Its layers, counted from 1."})
    teacher_weight: float = field(default=1.0, metadata={"help": "Factor on the error of that prediction."})
    soft_label_weight: float = field(
        default=0.0,
        metadata={
            "help": "Share of the cross-entropy's place that soft labels take: a regression on its features, "
            "which judges each training speaker by the others."
        },
    )
    soft_label_temperature: float = field(default=2.0, metadata={"help": "Temperature of the soft labels."})
    target_seconds: float = field(default=0.16, metadata={"help": "Span of one target, that of one column of tokens."})
    views: int = field(
        default=0,
        metadata={"help": "Render this many views of each clip once, the first as it is, the others augmented."},
    )
    view_augmentation: str = field(
        default="standard", metadata={"help": "Augmentation of the views, as --augmentation."}
    )
    view_dir: str = field(default="outputs/views", metadata={"help": "Where the views lie, for all folds and runs."})

    def __post_init__(self) -> None:
        """Check that what is asked for goes together.

        Raises:
            ValueError: if a teacher has no views to speak of, or soft labels have no teacher.
        """
        if self.teacher is not None and self.views < 1:
            raise ValueError(f"views is {self.views} but a teacher is given, expected 1 or more: it speaks of views")
        if self.teacher is None and self.soft_label_weight > 0:
            raise ValueError(
                f"soft_label_weight is {self.soft_label_weight} but no teacher is given; name the folder of a Whisper "
                "encoder with teacher (--teacher), or set soft_label_weight to 0 to train without one"
            )


class Lesson(NamedTuple):
    """What a trainer needs to learn from views: the training side, what to minimise (None for the trainer's default),
    and how to batch.
    """

    dataset: ViewDataset
    objective: Objective | None
    collator: SerCollator


class Teaching:
    """The views of a corpus, shared by all folds; what is fitted on them is fitted for each fold on its training rows.

    Args:
        corpus: all clips.
        extractor: what the model reads; views are trimmed as it trims.
        training: settings of the run.
        settings: how the teacher teaches.

    Raises:
        ValueError: if `training` asks for an augmentation that views would not get.
    """

    def __init__(
        self,
        corpus: datasets.Dataset,
        extractor: SequenceFeatureExtractor,
        training: SerTrainingArguments,
        settings: DistillationArguments,
    ) -> None:
        if training.augmentation != "none":
            raise ValueError(
                f"augmentation is {training.augmentation!r} with views={settings.views}: views are augmented when "
                "they are rendered, not again; say it with view_augmentation, or set views to 0"
            )
        self.corpus, self.training, self.settings = corpus, training, settings
        trims = getattr(extractor, "trim_db", None) is not None
        augmentation = WaveformAugmentation(settings.view_augmentation, extractor.sampling_rate)
        made_with: dict[str, Any] = {
            "seed": VIEW_SEED,
            "sampling_rate": extractor.sampling_rate,
            "trim": [extractor.trim_db, extractor.trim_margin] if trims else None,
            "augmentation": augmentation.transforms,
            "views": settings.views,
        }
        teacher = None
        if settings.teacher is not None:
            layers, span = settings.teacher_layers, settings.target_seconds
            teacher = WhisperTeacher(settings.teacher, layers, span, training.bf16)
            made_with["teacher"] = [teacher.fingerprint, layers, span, training.bf16]
        fingerprint = fingerprint_of(corpus, made_with)
        folder = Path(settings.view_dir) / fingerprint
        # the processes on a machine share its folder; the first one renders
        with training.main_process_first(desc="rendering views"):
            self.store = ViewStore(
                folder, fingerprint, settings.views, extractor.sampling_rate, settings.target_seconds
            )
            self.store.render(corpus, augmentation, teacher, extractor.trim_silence if trims else None, seed=VIEW_SEED)

    def lesson(
        self, rows: list[int], label2id: dict[str, int], model: PreTrainedModel, extractor: SequenceFeatureExtractor
    ) -> Lesson:
        """What a fold learns from, fitted on its training rows alone.

        Args:
            rows: the training rows.
            label2id: emotion name -> class index.
            model: the model to train.
            extractor: its extractor.
        """
        settings, smoothing = self.settings, self.training.label_smoothing_factor
        dataset = ViewDataset(
            self.store,
            self.corpus,
            label2id,
            rows,
            max_seconds=self.training.max_train_seconds,
            seed=self.training.seed,
        )
        augmentation = spectrogram_augmentation(self.training, extractor)
        if settings.teacher is None:
            return Lesson(dataset, None, DistillationCollator(extractor, augmentation))
        self._check_columns(model, extractor)
        if settings.soft_label_weight > 0:
            dataset.soft_labels = cross_fitted_logits(
                self.store, rows, dataset.labels, dataset.speakers, model.config.num_labels
            )
        objective = DistillationObjective(
            model.config.hidden_size,
            *self.store.target_statistics(rows),
            weight=settings.teacher_weight,
            label_smoothing=smoothing,
            soft_weight=settings.soft_label_weight,
            temperature=settings.soft_label_temperature,
        )
        return Lesson(dataset, objective, DistillationCollator(extractor, augmentation))

    def _check_columns(self, model: PreTrainedModel, extractor: SequenceFeatureExtractor) -> None:
        """See that a column of the model's tokens covers what a target covers.

        Raises:
            ValueError: if it covers another span; naming both.
        """
        columns = model.config.token_grid[1]
        seconds = model.config.input_size[1] * extractor.hop_length / extractor.sampling_rate / columns
        if abs(seconds - self.settings.target_seconds) > 0.05 * self.settings.target_seconds:
            raise ValueError(
                f"target_seconds is {self.settings.target_seconds}, but a column of this model's tokens covers "
                f"{seconds:.3f} s, so it would be taught what is heard at other times; set target_seconds to that, or "
                "change the strides of the tokenizer"
            )
