"""Regression of arousal, valence and dominance: the CCC loss, and where a new output layer starts.

Labels and logits are in the unit of the corpus. The concordance correlation does not change when labels and
predictions are scaled and shifted alike, so nothing needs to be scaled for it, and a model's answers can be read
without knowing what it was trained on.
"""

from typing import Any

import numpy as np
import torch
from torch import nn

from .model_parts import model_parts
from .objectives import Objective


def concordance_loss(predictions: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """1 - CCC of each dimension over a batch (Lin 1989; as a loss: Atmaja & Akagi 2021, "Evaluation of error- and
    correlation-based loss functions for multitask learning dimensional speech emotion recognition", section 2).

    CCC = 2 cov / (var + var + (difference of means)^2), with moments over n as Lin has them. Clips without a label do
    not count. A dimension with fewer than two labelled clips, or whose labels and predictions are all one value, has
    no concordance: its loss is 1, with no gradient.

    Args:
        predictions: (batch, dimensions).
        labels: (batch, dimensions), NaN where there is none.

    Returns:
        (dimensions,) in [0, 2], float32.
    """
    known = ~labels.isnan()
    count = known.sum(0).clamp_min(1)
    # what is not known is set to 0 before any arithmetic: NaN would pass through a product with 0
    x = torch.where(known, predictions.float(), 0.0)
    y = torch.where(known, labels.float(), 0.0)
    # about the mean of the labels, so that small spreads around large values keep their digits
    centre = y.sum(0) / count
    x, y = torch.where(known, x - centre, 0.0), torch.where(known, y - centre, 0.0)
    x_mean, y_mean = x.sum(0) / count, y.sum(0) / count
    x, y = torch.where(known, x - x_mean, 0.0), torch.where(known, y - y_mean, 0.0)
    covariance = (x * y).sum(0) / count
    spread = (x.square() + y.square()).sum(0) / count + (x_mean - y_mean).square()
    defined = (known.sum(0) > 1) & (spread > torch.finfo(torch.float32).tiny)
    ccc = 2.0 * covariance / torch.where(defined, spread, 1.0)
    return torch.where(defined, 1.0 - ccc, torch.ones_like(ccc))


def squared_error(predictions: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean squared error of each dimension over the labelled clips of a batch.

    Args:
        predictions: (batch, dimensions).
        labels: (batch, dimensions), NaN where there is none.

    Returns:
        (dimensions,), float32; 0 where no clip has a label.
    """
    known = ~labels.isnan()
    errors = torch.where(known, predictions.float() - torch.where(known, labels.float(), 0.0), 0.0)
    return errors.square().sum(0) / known.sum(0).clamp_min(1)


class DimensionsObjective(Objective):
    """(1 - mse_weight) * (1 - CCC) + mse_weight * squared error, averaged over the dimensions that the batch has
    labels of.

    The concordance is taken over each batch of each process, and gradients are averaged over batches and processes. It
    is noisy over few clips: batches of 16 or more on each process are advised.

    Args:
        mse_weight: share of the squared error, in [0, 1].
        spread: standard deviation of each dimension among the training labels, which errors are measured in; by
            default 1, the corpus's unit.

    Raises:
        ValueError: if a setting is out of range.
    """

    options = frozenset({"mse_weight"})
    targets = frozenset({"dimensions"})

    def __init__(self, mse_weight: float = 0.0, spread: np.ndarray | None = None) -> None:
        if not 0.0 <= mse_weight <= 1.0:
            raise ValueError(f"mse_weight is {mse_weight}, expected a share in [0, 1]; 0 is 1 - CCC alone")
        self.mse_weight = mse_weight
        self.spread = None if spread is None else torch.as_tensor(spread, dtype=torch.float32)
        if self.spread is not None and not bool((self.spread > 0).all()):
            raise ValueError(f"spread is {self.spread.tolist()}, expected standard deviations above 0")

    def __call__(self, model: nn.Module, inputs: dict[str, Any]) -> tuple[torch.Tensor, Any]:
        """See `Objective`; `labels` are (batch, dimensions), NaN where there is none.

        Raises:
            ValueError: if labels and logits differ in shape.
        """
        labels = inputs["labels"]
        outputs = model(**{name: value for name, value in inputs.items() if name != "labels"})
        logits = outputs["logits"].float()
        if labels.shape != logits.shape:
            raise ValueError(
                f"labels have shape {tuple(labels.shape)} and logits {tuple(logits.shape)}, expected both as "
                "(batch, dimensions)"
            )
        loss = torch.zeros_like(logits[0])
        if self.mse_weight < 1.0:
            loss = loss + (1.0 - self.mse_weight) * concordance_loss(logits, labels)
        if self.mse_weight > 0.0:
            spread = 1.0 if self.spread is None else self.spread.to(logits.device)
            loss = loss + self.mse_weight * squared_error(logits / spread, labels / spread)
        known = (~labels.isnan()).any(0)
        # a batch without any label still reaches every parameter, as the other processes expect
        return torch.where(known, loss, 0.0 * logits.sum(0)).sum() / known.sum().clamp_min(1), outputs


def label_figures(labels: np.ndarray, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each dimension over the rows that have it; to be taken of training rows only.

    Args:
        labels: (rows, dimensions), NaN where there is none.
        names: of the dimensions.

    Returns:
        mean and standard deviation, (dimensions,) each, float32.

    Raises:
        ValueError: if a dimension does not vary, or fewer than two rows have it.
    """
    for column, name in enumerate(names):
        values = labels[~np.isnan(labels[:, column]), column]
        if len(np.unique(values)) < 2:
            raise ValueError(
                f"dimension {name!r} has {len(values)} labels and {len(np.unique(values))} different values among the "
                "training rows, expected two or more: there is nothing to learn; leave it out, or check the column"
            )
    wide = labels.astype(np.float64)
    return np.nanmean(wide, axis=0).astype(np.float32), np.nanstd(wide, axis=0).astype(np.float32)


def start_at_labels(model: nn.Module, mean: np.ndarray, spread: np.ndarray) -> bool:
    """Let a new output layer answer around the mean of the labels and in their spread, from where learning is quick on
    any scale.

    A layer is new if its biases are all 0, as they are initialised; one that was trained is left alone.

    Args:
        model: the model; its output layer is the last linear layer of the head with a bias for each dimension.
        mean: (dimensions,).
        spread: (dimensions,) standard deviations.

    Returns:
        whether there was a new output layer.
    """
    head = set(model_parts(model).head)
    layers = [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module.out_features == len(mean) and f"{name}.weight" in head
    ]
    if not layers or layers[-1].bias is None or bool(layers[-1].bias.any()):
        return False
    with torch.no_grad():
        layers[-1].bias.copy_(torch.as_tensor(mean))
        layers[-1].weight.mul_(torch.as_tensor(spread).to(layers[-1].weight)[:, None])
    return True


__all__ = ["DimensionsObjective", "concordance_loss", "label_figures", "squared_error", "start_at_labels"]
