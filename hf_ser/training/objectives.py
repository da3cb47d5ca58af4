"""What a training step minimises. `SerTrainer` calls an objective; a new loss is a new objective, not a new
trainer.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from .losses import classification_loss, clip_weights, divergence, soft_targets
from .mixing import PARTNER, SHARE, mix_inputs
from .reference_sampling import MATRIX
from .targets import TARGETS

TWIN = "twin_"


class Objective(ABC):
    """Runs the model on a batch and says what to minimise.

    An objective is called with the model as the trainer wrapped it and with the batch, `labels` (batch,) among its
    keys; `row_ids` are taken out before. An objective that is also an `nn.Module` with parameters is trained, saved
    beside the model (`objective.safetensors`) and resumed with it, but is no part of the model.

    Attributes:
        options: the settings of `SerTrainingArguments` that it follows, of `OBJECTIVE_OPTIONS`; the trainer refuses
            the others, which would be ignored.
        targets: the kinds of labels that it can read, of `hf_ser.training.targets.TARGETS`; the trainer refuses the
            others.
    """

    options: ClassVar[frozenset[str]] = frozenset()
    targets: ClassVar[frozenset[str]] = frozenset(TARGETS)

    @abstractmethod
    def __call__(self, model: nn.Module, inputs: dict[str, Any]) -> tuple[torch.Tensor, Any]:
        """Compute the loss.

        Args:
            model: the model, in training or evaluation mode.
            inputs: the batch.

        Returns:
            the scalar mean loss over the batch, and the model's outputs, `logits` (batch, num_labels) among them.
        """

    def batch_weight(self, inputs: Mapping[str, Any]) -> torch.Tensor:
        """What a batch counts beside others of the same step (accumulated, or on other processes).

        Args:
            inputs: the batch.

        Returns:
            a scalar: what the mean of `__call__` was divided by; the number of clips by default.
        """
        labels = inputs["labels"]
        return torch.tensor(float(len(labels)), device=labels.device)


# settings that are an objective's to follow, and their values when they are off
OBJECTIVE_OPTIONS: dict[str, Any] = {
    "mixup_alpha": 0.0,
    "stability_weight": 0.0,
    "class_weights": "none",
    "focal_gamma": 0.0,
    "label_smoothing_factor": 0.0,
    "mse_weight": 0.0,
}


class CrossEntropyObjective(Objective):
    """Cross-entropy over classes with label smoothing.

    Args:
        label_smoothing: the share of the target that is spread evenly over all classes, in [0, 1).

    Raises:
        ValueError: if `label_smoothing` is out of range.
    """

    options = frozenset({"label_smoothing_factor"})
    targets = frozenset({"emotion"})

    def __init__(self, label_smoothing: float = 0.0) -> None:
        _check_smoothing(label_smoothing)
        self.label_smoothing = label_smoothing

    def __call__(self, model: nn.Module, inputs: dict[str, Any]) -> tuple[torch.Tensor, Any]:
        """See `Objective`."""
        labels = inputs["labels"]
        outputs = model(**{name: value for name, value in inputs.items() if name != "labels"})
        loss = nn.functional.cross_entropy(outputs["logits"].float(), labels, label_smoothing=self.label_smoothing)
        return loss, outputs


class ClassificationObjective(Objective):
    """Classes, with all that the settings of a run offer; the default of `SerTrainer`.

    The loss is the mean over clips, each counted by the weight of its class as
    `torch.nn.functional.cross_entropy(weight=...)` does, of cross-entropy or focal loss (`classification_loss`).

    If the batch says which clips to mix (`mix_partner`, `mix_share`: mixup, Zhang et al. 2018), the model reads
    mixtures, and its loss is share * loss(own class) + (1 - share) * loss(partner's class). Where clips of the batch
    are references for each other, the model mixes vectors at its classifier instead: a mixture of voices has none.

    With `stability_weight` (stability training, Zheng et al. 2016, section 3, with both sides judged as the AlexNet
    system does) the batch holds a noisy twin of each clip, `twin_input_features` and whatever else the model reads of
    it, and the loss is 0.5 * (loss(clean) + loss(noisy)) + stability_weight * KL(clean || noisy). Twins are mixed as
    their clips are.

    Args:
        label_smoothing: the share of the target that is spread evenly over all classes, in [0, 1).
        class_weights: (num_labels,) factors on the classes.
        focal_gamma: 0 for cross-entropy, otherwise the exponent of the focal loss; 2 is usual.
        stability_weight: factor on the divergence between a clip and its twin; 0 for no twins.

    Raises:
        ValueError: if a setting is out of range.
    """

    options = frozenset(OBJECTIVE_OPTIONS) - {"mse_weight"}
    targets = frozenset({"emotion"})

    def __init__(
        self,
        label_smoothing: float = 0.0,
        class_weights: np.ndarray | None = None,
        focal_gamma: float = 0.0,
        stability_weight: float = 0.0,
    ) -> None:
        _check_smoothing(label_smoothing)
        for name, value in (("focal_gamma", focal_gamma), ("stability_weight", stability_weight)):
            if not 0.0 <= value < float("inf"):
                raise ValueError(f"{name} is {value}, expected 0 or more; 0 switches it off")
        self.label_smoothing, self.focal_gamma = label_smoothing, focal_gamma
        self.stability_weight = stability_weight
        self.class_weights = None if class_weights is None else torch.as_tensor(class_weights, dtype=torch.float32)

    def __call__(self, model: nn.Module, inputs: dict[str, Any]) -> tuple[torch.Tensor, Any]:
        """See `Objective`; the batch may hold twins and mixing draws.

        Raises:
            ValueError: if twins are asked for and the batch has none.
        """
        labels, partner, share = inputs["labels"], inputs.get(PARTNER), inputs.get(SHARE)
        sides = _sides(inputs)
        if self.stability_weight == 0.0:
            sides = sides[:1]
        elif len(sides) < 2:
            raise ValueError(
                f"stability_weight is {self.stability_weight}, but the batch holds no twins; expected "
                f"'{TWIN}input_features' beside 'input_features', which the default collator and dataset give"
            )
        if partner is not None and share is not None:
            sides = [_mixed(side, partner, share) for side in sides]
        outputs = model(**_stacked(sides))
        logits = outputs["logits"].chunk(len(sides))
        targets = soft_targets(labels, logits[0].shape[-1], partner, share)
        factors = self._class_weights_on(labels.device)
        losses = [
            classification_loss(side, targets, factors, self.label_smoothing, self.focal_gamma) for side in logits
        ]
        # losses hold the weights of their classes already
        weights = clip_weights(targets, factors)
        total = torch.stack(losses).mean(0)
        if len(sides) > 1:
            total = total + self.stability_weight * weights * divergence(*logits)
        return _ratio(total.sum(), weights.sum()), {**outputs, "logits": logits[0]}

    def batch_weight(self, inputs: Mapping[str, Any]) -> torch.Tensor:
        """See `Objective`: the weights of the classes of all clips."""
        labels = inputs["labels"]
        factors = self._class_weights_on(labels.device)
        if factors is None:
            return super().batch_weight(inputs)
        targets = soft_targets(labels, len(factors), inputs.get(PARTNER), inputs.get(SHARE))
        return clip_weights(targets, factors).sum()

    def _class_weights_on(self, device: torch.device) -> torch.Tensor | None:
        if self.class_weights is not None:
            self.class_weights = self.class_weights.to(device)
        return self.class_weights


def _check_smoothing(label_smoothing: float) -> None:
    if not 0.0 <= label_smoothing < 1.0:
        raise ValueError(f"label_smoothing is {label_smoothing}, expected a number in [0, 1); 0.1 is usual")


def _sides(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the model reads of the clips and, where the batch holds them, of their twins; a twin shares with its clip
    what it has not of its own.
    """
    clean = {
        name: value
        for name, value in inputs.items()
        if name not in ("labels", PARTNER, SHARE) and not name.startswith(TWIN)
    }
    twins = {name.removeprefix(TWIN): value for name, value in inputs.items() if name.startswith(TWIN)}
    return [clean, clean | twins] if twins else [clean]


def _stacked(sides: list[dict[str, Any]]) -> dict[str, Any]:
    """One batch of both sides, so that the model runs once (as distributed training wants it)."""
    if len(sides) == 1:
        return sides[0]
    batch = {
        name: torch.cat([side[name] for side in sides]) if isinstance(value, torch.Tensor) else value
        for name, value in sides[0].items()
    }
    if MATRIX in batch:
        # clips and twins have the clean clips for references; twins are mixed with twins
        batch[MATRIX] = nn.functional.pad(batch[MATRIX], (0, len(sides[0][MATRIX])))
        if PARTNER in batch:
            batch[PARTNER] = torch.cat([sides[0][PARTNER], sides[1][PARTNER] + len(sides[0][PARTNER])])
    return batch


def _mixed(side: dict[str, Any], partner: torch.Tensor, share: torch.Tensor) -> dict[str, Any]:
    """Mixtures for a model to read; or what to mix, for a model whose references are clips of the batch."""
    return side | {PARTNER: partner, SHARE: share} if MATRIX in side else mix_inputs(side, partner, share)


def _ratio(total: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """A weighted mean; 0 where all clips of a batch have weight 0."""
    return total / torch.where(weight > 0, weight, torch.ones_like(weight))


__all__ = ["OBJECTIVE_OPTIONS", "ClassificationObjective", "CrossEntropyObjective", "Objective"]
