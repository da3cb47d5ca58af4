"""A teacher for a run: views of the clips, what it says of them, and the dataset and objective that use it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import datasets
from transformers import PreTrainedModel, SequenceFeatureExtractor

from ..augmentation import WaveformAugmentation
from .arguments import SerTrainingArguments
from .collator import SerCollator
from .distillation import DistillationCollator, DistillationObjective
from .objectives import CrossEntropyObjective, Objective
from .soft_labels import cross_fitted_logits
from .spectrogram_augmentation import spectrogram_augmentation
from .teachers import WhisperTeacher
from .views import ViewDataset, ViewStore, fingerprint_of

# views do not depend on the seed of a run, so that runs can share them
VIEW_SEED = 0
_NOT_OF_THE_VIEWS = ("teacher", "teacher_weight", "soft_label_weight", "soft_label_temperature", "view_dir")


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
        """Check that a teacher has views to speak of.

        Raises:
            ValueError: if it has none.
        """
        if self.teacher is not None and self.views < 1:
            raise ValueError(
                f"views is {self.views} but a teacher is given, expected 1 or more: it is asked once for each view"
            )


class Lesson(NamedTuple):
    """What a trainer needs to learn from views: the training side, what to minimise, and how to batch."""

    dataset: ViewDataset
    objective: Objective
    collator: SerCollator


class Teaching:
    """The views of a corpus, shared by all folds; what is fitted on them is fitted for each fold on its training rows.

    Args:
        corpus: all clips.
        extractor: what the model reads; views are trimmed as it trims.
        training: settings of the run.
        settings: how the teacher teaches.
    """

    def __init__(
        self,
        corpus: datasets.Dataset,
        extractor: SequenceFeatureExtractor,
        training: SerTrainingArguments,
        settings: DistillationArguments,
    ) -> None:
        self.corpus, self.training, self.settings = corpus, training, settings
        trims = getattr(extractor, "trim_db", None) is not None
        made_with = {name: value for name, value in vars(settings).items() if name not in _NOT_OF_THE_VIEWS}
        made_with |= {"seed": VIEW_SEED, "rate": extractor.sampling_rate, "taught": settings.teacher is not None}
        made_with["bf16"] = training.bf16
        made_with["trim"] = [extractor.trim_db, extractor.trim_margin] if trims else None
        fingerprint = fingerprint_of(corpus, made_with)
        folder = Path(settings.view_dir) / fingerprint
        self.store = ViewStore(folder, fingerprint, settings.views, extractor.sampling_rate, settings.target_seconds)
        teacher = None
        if settings.teacher is not None:
            teacher = WhisperTeacher(settings.teacher, settings.teacher_layers, settings.target_seconds, training.bf16)
        augmentation = WaveformAugmentation(settings.view_augmentation, extractor.sampling_rate)
        with training.main_process_first(desc="rendering views"):
            trim = extractor.trim_silence if trims else None
            self.store.render(corpus, augmentation, teacher, trim, seed=VIEW_SEED)

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
            return Lesson(dataset, CrossEntropyObjective(smoothing), SerCollator(extractor, augmentation))
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
