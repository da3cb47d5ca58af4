"""What a training step minimises. `SerTrainer` calls an objective; a new loss is a new objective, not a new
trainer.
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import nn


class Objective(ABC):
    """Runs the model on a batch and says what to minimise.

    An objective is called with the model as the trainer wrapped it and with the batch, `labels` (batch,) among its
    keys; `row_ids` are taken out before. An objective that is also an `nn.Module` with parameters is trained, saved
    beside the model (`objective.safetensors`) and resumed with it, but is no part of the model.
    """

    @abstractmethod
    def __call__(self, model: nn.Module, inputs: dict[str, Any]) -> tuple[torch.Tensor, Any]:
        """Compute the loss.

        Args:
            model: the model, in training or evaluation mode.
            inputs: the batch.

        Returns:
            the scalar mean loss over the batch, and the model's outputs, `logits` (batch, num_labels) among them.
        """


class CrossEntropyObjective(Objective):
    """Cross-entropy over classes with label smoothing.

    Args:
        label_smoothing: the share of the target that is spread evenly over all classes, in [0, 1).

    Raises:
        ValueError: if `label_smoothing` is out of range.
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing is {label_smoothing}, expected a number in [0, 1); 0.1 is usual")
        self.label_smoothing = label_smoothing

    def __call__(self, model: nn.Module, inputs: dict[str, Any]) -> tuple[torch.Tensor, Any]:
        """See `Objective`."""
        labels = inputs["labels"]
        outputs = model(**{name: value for name, value in inputs.items() if name != "labels"})
        loss = nn.functional.cross_entropy(outputs["logits"].float(), labels, label_smoothing=self.label_smoothing)
        return loss, outputs
