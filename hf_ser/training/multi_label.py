"""Several emotions of one clip."""

from typing import Any

import torch
from torch import nn

from .objectives import Objective


class MultiLabelObjective(Objective):
    """Binary cross-entropy of each emotion, on logits, averaged over clips and emotions.

    Args:
        label_smoothing: the share of each target that is replaced by one half, in [0, 1).

    Raises:
        ValueError: if `label_smoothing` is out of range.
    """

    options = frozenset({"label_smoothing_factor"})
    targets = frozenset({"multi-label"})

    def __init__(self, label_smoothing: float = 0.0) -> None:
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing is {label_smoothing}, expected a number in [0, 1); 0.1 is usual")
        self.label_smoothing = label_smoothing

    def __call__(self, model: nn.Module, inputs: dict[str, Any]) -> tuple[torch.Tensor, Any]:
        """See `Objective`; `labels` are (batch, num_labels) floats in [0, 1].

        Raises:
            ValueError: if labels and logits differ in shape.
        """
        labels = inputs["labels"]
        outputs = model(**{name: value for name, value in inputs.items() if name != "labels"})
        logits = outputs["logits"].float()
        if labels.shape != logits.shape:
            raise ValueError(
                f"labels have shape {tuple(labels.shape)} and logits {tuple(logits.shape)}, expected both as "
                "(batch, num_labels)"
            )
        targets = labels.float() * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing
        return nn.functional.binary_cross_entropy_with_logits(logits, targets), outputs


__all__ = ["MultiLabelObjective"]
