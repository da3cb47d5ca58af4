"""Learning from a teacher's frames besides the labels: a small spectrogram model predicts what a large speech encoder
hears.
"""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import SequenceFeatureExtractor

from .collator import SerCollator, SpectrogramTransform
from .dataset import Example
from .objectives import Objective


class DistillationCollator(SerCollator):
    """Collates views: they are trimmed already, so the extractor does not trim again.

    Where a teacher spoke, the batch gets `targets` (batch, targets, dim), padded with NaN-free zeros, and
    `target_mask` (batch, targets), 1 on real ones.
    """

    def __init__(
        self, feature_extractor: SequenceFeatureExtractor, masking: SpectrogramTransform | None = None
    ) -> None:
        untrimmed = copy.copy(feature_extractor)
        untrimmed.trim_db = None
        super().__init__(untrimmed, masking)

    def __call__(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """Collate examples of a `ViewDataset`; see `SerCollator`."""
        batch = super().__call__(examples)
        if "targets" not in examples[0]:
            return batch
        targets = [example["targets"] for example in examples]
        batch["targets"] = nn.utils.rnn.pad_sequence(targets, batch_first=True)
        lengths = torch.tensor([len(target) for target in targets])
        if "soft_labels" in examples[0]:
            batch["soft_labels"] = torch.stack([example["soft_labels"] for example in examples])
        batch["target_mask"] = (torch.arange(batch["targets"].shape[1]) < lengths[:, None]).long()
        return batch


class DistillationObjective(Objective, nn.Module):
    """Cross-entropy, plus the squared error of predicting a frozen teacher's frame features from the model's tokens.

    The tokens of the last layer are averaged over the frequency axis of their grid, so that one column is left for
    each step in time; a linear layer, which is thrown away after training, predicts the teacher's standardised
    features of that step (feature distillation as in FitNets, Romero et al. 2015, section 2, with a speech encoder for
    the teacher).

    Args:
        hidden_size: width of the model's tokens.
        target_mean: (dim,) mean of the targets over the training clips.
        target_std: (dim,) standard deviation of the targets over the training clips.
        weight: factor on the squared error.
        label_smoothing: of the cross-entropy.
        soft_weight: share of the cross-entropy's place that the divergence from the teacher's soft labels takes, in
            [0, 1] (Hinton et al. 2015, section 2, with the factor temperature squared).
        temperature: what both sides' logits are divided by.

    Raises:
        ValueError: if a weight or the temperature is out of range.
    """

    # mixtures and twins have no targets of the teacher's
    options = frozenset({"label_smoothing_factor"})
    targets = frozenset({"emotion"})

    def __init__(
        self,
        hidden_size: int,
        target_mean: np.ndarray,
        target_std: np.ndarray,
        weight: float = 1.0,
        label_smoothing: float = 0.0,
        soft_weight: float = 0.0,
        temperature: float = 2.0,
    ) -> None:
        nn.Module.__init__(self)
        if weight < 0 or not 0 <= soft_weight <= 1 or temperature <= 0:
            raise ValueError(
                f"weight is {weight}, soft_weight {soft_weight}, temperature {temperature}; "
                "expected 0 or more, a share in [0, 1] and a number above 0"
            )
        self.weight, self.label_smoothing = weight, label_smoothing
        self.soft_weight, self.temperature = soft_weight, temperature
        self.norm = nn.LayerNorm(hidden_size)
        self.head = nn.Linear(hidden_size, len(target_mean))
        self.register_buffer("target_mean", torch.as_tensor(target_mean, dtype=torch.float32))
        self.register_buffer("target_std", torch.as_tensor(target_std, dtype=torch.float32))

    def forward(self, model: nn.Module, inputs: dict[str, Any]) -> tuple[torch.Tensor, Any]:
        """See `Objective`; the batch holds `targets` and `target_mask` as well."""
        inputs = dict(inputs)
        labels, targets, mask = inputs.pop("labels"), inputs.pop("targets"), inputs.pop("target_mask")
        soft = inputs.pop("soft_labels", None)
        outputs = model(**inputs, output_hidden_states=True)
        loss = nn.functional.cross_entropy(outputs["logits"].float(), labels, label_smoothing=self.label_smoothing)
        if soft is not None and self.soft_weight > 0:
            student = (outputs["logits"].float() / self.temperature).log_softmax(-1)
            teacher = (soft / self.temperature).softmax(-1)
            divergence = self.temperature**2 * nn.functional.kl_div(student, teacher, reduction="batchmean")
            loss = (1 - self.soft_weight) * loss + self.soft_weight * divergence
        predicted = self._columns(model, outputs["hidden_states"][-1])
        # the model's last column may hold a piece of a step that the teacher left out, or the other way round
        steps = min(predicted.shape[1], targets.shape[1])
        wanted = (targets[:, :steps] - self.target_mean) / self.target_std
        error = (predicted[:, :steps].float() - wanted).square().mean(-1)
        mask = mask[:, :steps].to(error.dtype)
        distance = (error * mask).sum() / mask.sum().clamp(min=1.0)
        return loss + self.weight * distance, outputs

    __call__ = nn.Module.__call__

    def _columns(self, model: nn.Module, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens (batch, frequency * time, hidden) -> predicted targets (batch, time, dim)."""
        config: Any = getattr(model, "module", model).config
        rows = config.token_grid[0]
        # the speaker's token is of no frequency and no time
        tokens = tokens[:, getattr(config, "num_leading_tokens", 0) :]
        grid = tokens.unflatten(1, (rows, tokens.shape[1] // rows))
        return self.head(self.norm(grid.mean(1)))
