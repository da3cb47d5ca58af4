"""Mixup: the draws beside the data, the mixing on the device."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from .dataset import Example

PARTNER, SHARE = "mix_partner", "mix_share"
_KEY = 2


class MixupCollator:
    """Adds to a batch which clips are to be mixed, and in which shares (mixup, Zhang et al. 2018, section 2).

    The share of each clip is drawn from Beta(alpha, alpha) and folded to at least one half, so that a clip stays the
    larger part of its mixture; its partner is drawn by a random permutation of the batch. The draws are keyed by seed,
    epoch and the rows of the batch. Mixing itself is left to the objective, on the device.

    Args:
        collator: makes the batch, from examples that hold `draw`.
        alpha: of the Beta distribution; 0.4 is usual, 1 draws shares evenly.
        mode: "sample" draws a share for each clip, "batch" one for the whole batch.

    Raises:
        ValueError: if `alpha` is not above 0, or the mode is unknown.
    """

    def __init__(
        self, collator: Callable[[Sequence[Example]], dict[str, torch.Tensor]], alpha: float, mode: str = "sample"
    ) -> None:
        if not alpha > 0:
            raise ValueError(f"alpha is {alpha}, expected a number above 0; 0.4 is usual")
        if mode not in ("sample", "batch"):
            raise ValueError(f"mode is {mode!r}, expected 'sample' (a share for each clip) or 'batch' (one for all)")
        self.collator, self.alpha, self.mode = collator, alpha, mode

    def __call__(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """Collate examples.

        Returns:
            the batch with `mix_partner` (batch,), int64, and `mix_share` (batch,), float32 in [0.5, 1].
        """
        batch = self.collator(examples)
        size = len(examples)
        seed, epoch = examples[0]["draw"][:2]
        rows = [value for example in examples for value in example["draw"][2:]]
        generator = np.random.default_rng([seed, epoch, _KEY, *rows])
        shares = generator.beta(self.alpha, self.alpha, size if self.mode == "sample" else 1)
        shares = np.broadcast_to(np.maximum(shares, 1.0 - shares), size)
        batch[PARTNER] = torch.from_numpy(generator.permutation(size))
        batch[SHARE] = torch.tensor(shares, dtype=torch.float32)
        return batch


def mix_inputs(inputs: Mapping[str, Any], partner: torch.Tensor, share: torch.Tensor) -> dict[str, Any]:
    """Mix what a model reads: share * own + (1 - share) * partner's.

    Floating-point tensors (features, waveforms, embeddings) are mixed; masks, which are integers or booleans, are
    united, so that no part of either clip is passed for padding; anything else is kept.

    Args:
        inputs: the model's inputs, tensors (batch, ...).
        partner: (batch,) the clip of the batch that each clip is mixed with.
        share: (batch,) the share of each clip itself, in [0, 1].

    Returns:
        the mixed inputs, in the same types.
    """
    mixed: dict[str, Any] = {}
    for name, value in inputs.items():
        if not isinstance(value, torch.Tensor):
            mixed[name] = value
        elif value.is_floating_point():
            own = share.to(value.dtype).view(-1, *[1] * (value.ndim - 1))
            mixed[name] = torch.lerp(value[partner], value, own)
        else:
            mixed[name] = torch.maximum(value, value[partner])
    return mixed


__all__ = ["MixupCollator", "mix_inputs"]
