"""Shifting spectrograms along frequency, as another vocal tract would."""

from collections.abc import Sequence

import numpy as np
import torch


class FrequencyShift:
    """Moves all bands of a clip up or down together by a few bands.

    On a mel axis a shift is close to a warp of the vocal tract's length (Jaitly and Hinton 2013) and moves the pitch
    along. The band at the edge is repeated into the gap.

    Args:
        max_bands: Largest shift either way; the shift of a clip is uniform over -max_bands..max_bands.

    Raises:
        ValueError: If `max_bands` is no integer, or negative.
    """

    def __init__(self, max_bands: int = 3) -> None:
        if isinstance(max_bands, bool) or not isinstance(max_bands, int) or max_bands < 0:
            raise ValueError(f"max_bands: got {max_bands!r}, expected 0 or more bands, an integer")
        self.max_bands = max_bands

    def __call__(
        self, features: torch.Tensor, attention_mask: torch.Tensor | None, rngs: Sequence[np.random.Generator]
    ) -> torch.Tensor:
        """Shift a batch.

        Args:
            features: (batch, channels, frequency, time). Left as it is.
            attention_mask: Not used: padding holds what silence holds, band by band.
            rngs: One generator per row.

        Returns:
            A shifted copy of the same shape.
        """
        bands = torch.arange(features.shape[2], device=features.device)
        shifts = [int(rng.integers(-self.max_bands, self.max_bands + 1)) for rng in rngs]
        return torch.stack(
            [clip[:, (bands - shift).clamp(0, len(bands) - 1)] for clip, shift in zip(features, shifts, strict=True)]
        )
