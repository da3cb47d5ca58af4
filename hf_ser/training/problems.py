"""The kinds of problem that `config.problem_type` names: their labels, losses and figures."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import datasets
import numpy as np
from transformers import EvalPrediction, PreTrainedConfig, PreTrainedModel

from ..evaluation import compute_metrics, dimensional_metrics
from ..evaluation.multi_label import multi_label_metrics
from ..labels import check_labels_agree
from .dimensions import DimensionsObjective, label_figures, start_at_labels
from .multi_label import MultiLabelObjective
from .objective_choice import classification_objective
from .objectives import CrossEntropyObjective, Objective
from .targets import DimensionTarget, EmotionsTarget, EmotionTarget, Target, dimension_ids, emotion_lists

if TYPE_CHECKING:
    from .arguments import SerTrainingArguments
    from .dataset import SerDataset


class Problem(ABC):
    """What kind of answer a model gives, and all that follows from it in training.

    Args:
        id2label: of the model's config.

    Attributes:
        problem_type: the word in the model's config.
        kind: the same in `ModelArguments.target`.
        metric: what says which checkpoint is best, by default.
    """

    problem_type: ClassVar[str]
    kind: ClassVar[str]
    metric: ClassVar[str]

    def __init__(self, id2label: Mapping[int, str]) -> None:
        self.id2label = {int(index): name for index, name in id2label.items()}

    @abstractmethod
    def target(self, corpus: datasets.Dataset) -> Target:
        """How the labels of a dataset's rows are read for this model.

        Raises:
            LabelError: if the dataset holds labels that the model does not know.
            ValueError: if it lacks a column.
        """

    @abstractmethod
    def objective(self, args: "SerTrainingArguments", train: "SerDataset | None") -> Objective:
        """What is minimised unless the caller says otherwise."""

    @abstractmethod
    def eval_objective(self) -> Objective:
        """The loss of evaluations, plain, so that it can be compared over runs."""

    @abstractmethod
    def figures(self, labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """Score an evaluation.

        Args:
            labels: (clips,) or (clips, num_labels), as in the dataset.
            predictions: (clips, num_labels), logits.
        """

    def prepare(self, model: PreTrainedModel, args: "SerTrainingArguments", train: "SerDataset | None") -> None:
        """Fit settings and a new model to the problem, before training.

        Raises:
            ValueError: if a setting makes no sense for the problem, or the dataset's labels are of another kind.
        """
        if train is not None and train.target.kind != self.kind:
            raise ValueError(
                f"the training rows are labelled by {train.target.kind}, but the model has "
                f"problem_type={self.problem_type!r}; build it with target={train.target.kind!r}, or give SerDataset "
                f"{self.kind} as its label2id (SerTrainer does so where it gets a datasets.Dataset)"
            )
        if self.kind == "emotion":
            return
        if args.class_sampling != "none":
            raise ValueError(
                f"class_sampling is {args.class_sampling!r}, but with problem_type={self.problem_type!r} a clip has "
                "no single class to sample by; leave it out"
            )
        if args.metric_for_best_model == "ua":
            args.metric_for_best_model, args.greater_is_better = self.metric, True

    def compute_metrics(self, prediction: EvalPrediction) -> dict[str, float]:
        """Score what transformers' evaluation loop collected; labels come with row ids."""
        scores = prediction.predictions
        labels = prediction.label_ids[0] if isinstance(prediction.label_ids, tuple | list) else prediction.label_ids
        return self.figures(np.asarray(labels), np.asarray(scores[0] if isinstance(scores, tuple | list) else scores))


class SingleLabel(Problem):
    """One emotion for each clip; labels (clips,)."""

    problem_type, kind, metric = "single_label_classification", "emotion", "ua"

    def target(self, corpus: datasets.Dataset) -> EmotionTarget:
        """See `Problem`."""
        if "emotion" not in corpus.column_names:
            return EmotionTarget({name: index for index, name in self.id2label.items()})
        return EmotionTarget(check_labels_agree(self.id2label, set(corpus["emotion"]), allow_subset=True))

    def objective(self, args: "SerTrainingArguments", train: "SerDataset | None") -> Objective:
        """See `Problem`."""
        return classification_objective(args, [] if train is None else train.labels, self.id2label)

    def eval_objective(self) -> Objective:
        """See `Problem`."""
        return CrossEntropyObjective()

    def figures(self, labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """WA, UA and macro-F1; see `compute_metrics`."""
        return compute_metrics(EvalPrediction(predictions, labels))


class MultiLabel(Problem):
    """Several emotions for each clip, or none; labels (clips, num_labels) of 0 and 1."""

    problem_type, kind, metric = "multi_label_classification", "multi-label", "macro_f1"

    def target(self, corpus: datasets.Dataset) -> EmotionsTarget:
        """See `Problem`."""
        present = {emotion for cell in emotion_lists(corpus, range(len(corpus))) for emotion in cell}
        known = check_labels_agree(self.id2label, present or set(self.id2label.values()), allow_subset=True)
        return EmotionsTarget(known)

    def objective(self, args: "SerTrainingArguments", train: "SerDataset | None") -> Objective:
        """See `Problem`."""
        return MultiLabelObjective(args.label_smoothing_factor)

    def eval_objective(self) -> Objective:
        """See `Problem`."""
        return MultiLabelObjective()

    def figures(self, labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """Macro-F1, micro-F1, subset accuracy and mean average precision, at a probability of 0.5, and the average
        precision of each emotion.
        """
        probabilities = 1.0 / (1.0 + np.exp(-np.clip(predictions.astype(np.float64), -700, 700)))
        names = [self.id2label[index] for index in range(len(self.id2label))]
        scores = multi_label_metrics(labels, probabilities, names)
        shown = {name: scores[name] for name in ("macro_f1", "micro_f1", "subset_accuracy", "mean_ap")}
        each = scores["average_precision"].items()
        return shown | {f"ap_{name}": value for name, value in each if value is not None}


class Dimensions(Problem):
    """Values of arousal, valence, dominance and the like, in the corpus's unit; labels (clips, dimensions), NaN where
    a clip has none.
    """

    problem_type, kind, metric = "regression", "dimensions", "ccc"

    def target(self, corpus: datasets.Dataset) -> DimensionTarget:
        """See `Problem`."""
        return dimension_ids(self.id2label)

    def objective(self, args: "SerTrainingArguments", train: "SerDataset | None") -> Objective:
        """See `Problem`; errors are measured in the spread of the training labels."""
        return DimensionsObjective(args.mse_weight, None if train is None else self._figures_of(train)[1])

    def eval_objective(self) -> Objective:
        """Mean squared error in the corpus's unit: unlike the CCC, it can be averaged over batches."""
        return DimensionsObjective(mse_weight=1.0)

    def prepare(self, model: PreTrainedModel, args: "SerTrainingArguments", train: "SerDataset | None") -> None:
        """See `Problem`; a new output layer starts at the mean of the training labels."""
        super().prepare(model, args, train)
        if train is not None:
            start_at_labels(model, *self._figures_of(train))

    def figures(self, labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """CCC and mean absolute error of each dimension that has labels, and their means; an undefined CCC counts as
        0.
        """
        columns = [index for index in range(len(self.id2label)) if not np.isnan(labels[:, index]).all()]
        if not columns:
            return {}
        names = [self.id2label[index] for index in columns]
        scores = dimensional_metrics(labels[:, columns], predictions[:, columns], names)
        ccc = {name: 0.0 if score["ccc"] is None else score["ccc"] for name, score in scores.items()}
        mae = {name: score["mae"] for name, score in scores.items()}
        result = {"ccc": float(np.mean(list(ccc.values()))), "mae": float(np.mean(list(mae.values())))}
        return result | {f"ccc_{name}": ccc[name] for name in names} | {f"mae_{name}": mae[name] for name in names}

    def _figures_of(self, train: "SerDataset") -> tuple[np.ndarray, np.ndarray]:
        return label_figures(np.asarray(train.labels), [self.id2label[index] for index in range(len(self.id2label))])


PROBLEMS: tuple[type[Problem], ...] = (SingleLabel, MultiLabel, Dimensions)


def problem_of(config: PreTrainedConfig) -> Problem:
    """The problem that a model solves, by its config; one emotion for each clip where that says nothing.

    Raises:
        ValueError: if `config.problem_type` is unknown.
    """
    word: Any = getattr(config, "problem_type", None) or SingleLabel.problem_type
    for problem in PROBLEMS:
        if problem.problem_type == word:
            return problem(config.id2label)
    raise ValueError(
        f"config.problem_type is {word!r}, expected one of {', '.join(problem.problem_type for problem in PROBLEMS)}"
    )


def problem_type_of(target: str) -> str:
    """The word in a model's config for `ModelArguments.target`.

    Raises:
        ValueError: if the target is unknown.
    """
    for problem in PROBLEMS:
        if problem.kind == target:
            return problem.problem_type
    raise ValueError(f"target is {target!r}, expected one of {', '.join(problem.kind for problem in PROBLEMS)}")


__all__ = ["Dimensions", "MultiLabel", "Problem", "SingleLabel", "problem_of", "problem_type_of"]
