"""Time and frequency masking of spectrograms (SpecAugment)."""

from collections.abc import Sequence
from numbers import Real
from typing import Literal

import numpy as np
import torch


class SpectrogramMasking:
    """Hide random stripes of time and of frequency: SpecAugment, Park et al. 2019, section 2, without time warping.

    A frequency mask takes `f` neighbouring bands, `f` uniform in 0..`max_frequency_width`; a time mask takes `t`
    neighbouring frames, `t` uniform in 0..min(`max_time_width`, `max_time_share` x frames of the clip), so a short
    clip loses no larger a share than a long one, and may lose nothing. Positions are uniform; masks may overlap.
    Only real frames are touched: padding keeps its value and no draw depends on it, so a clip alone is masked like
    the same clip in a padded batch.

    Args:
        num_time_masks: Time masks per clip.
        max_time_share: Widest time mask as a share of the clip's own real frames, 0 to 1 (p in the paper).
        max_time_width: Widest time mask in frames (T in the paper); None leaves only the share.
        num_frequency_masks: Frequency masks per clip.
        max_frequency_width: Widest frequency mask in bands (F in the paper).
        fill: Value under a mask: "mean" for the mean of each channel over the clip's real frames, or a value in the
            form of the feature extractor's `floor_value` (silence): one number, one per band, or (channels, bands).

    Raises:
        ValueError: A count, width or share out of range, or a fill of another form.
    """

    def __init__(
        self,
        num_time_masks: int = 2,
        max_time_share: float = 0.2,
        max_time_width: int | None = None,
        num_frequency_masks: int = 2,
        max_frequency_width: int = 8,
        fill: float | Sequence[float] | Sequence[Sequence[float]] | Literal["mean"] = "mean",
    ) -> None:
        for name, value in (
            ("num_time_masks", num_time_masks),
            ("num_frequency_masks", num_frequency_masks),
            ("max_frequency_width", max_frequency_width),
            ("max_time_width", 0 if max_time_width is None else max_time_width),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"{name}: got {value!r}, expected an integer of at least 0; 0 switches the masks off")
        number = isinstance(max_time_share, Real) and not isinstance(max_time_share, bool)
        if not number or not 0.0 <= max_time_share <= 1.0:
            raise ValueError(f"max_time_share: got {max_time_share!r}, expected a share of the clip between 0 and 1")
        try:
            values = None if isinstance(fill, str) and fill == "mean" else np.asarray(fill, dtype=np.float32)
        except (TypeError, ValueError):
            values = np.full(1, np.nan, dtype=np.float32)
        if values is not None and (values.ndim > 2 or not np.isfinite(values).all()):
            raise ValueError(
                f'fill: got {fill!r}, expected "mean" or finite numbers (one, one per band, or channels x bands); '
                'an extractor with normalization="clip" has no fixed floor, so use "mean" there'
            )
        self.num_time_masks = num_time_masks
        self.max_time_share = max_time_share
        self.max_time_width = max_time_width
        self.num_frequency_masks = num_frequency_masks
        self.max_frequency_width = max_frequency_width
        self.fill = fill
        self._fill = None if values is None else torch.from_numpy(values)

    def __call__(
        self,
        features: torch.Tensor,
        attention_mask: torch.Tensor | None,
        rngs: Sequence[np.random.Generator],
    ) -> torch.Tensor:
        """Mask a batch.

        Args:
            features: (batch, channels, frequency, time), floating point. Left as it is.
            attention_mask: (batch, time), nonzero on real frames; None when all frames are real.
            rngs: One generator per row.

        Returns:
            A masked copy, (batch, channels, frequency, time).

        Raises:
            ValueError: Shapes that do not fit each other, or masks wider than the spectrogram is high.
        """
        self._check(features, attention_mask, rngs)
        masked = features.clone()
        time = features.shape[-1]
        real = None if attention_mask is None else attention_mask.detach().cpu().numpy() != 0
        for row, rng in enumerate(rngs):
            frames = np.arange(time) if real is None else np.flatnonzero(real[row])
            if frames.size:
                self._mask_clip(masked[row], frames, rng)
        return masked

    def _mask_clip(self, clip: torch.Tensor, frames: np.ndarray, rng: np.random.Generator) -> None:
        """Mask one clip (channels, frequency, time) in place on its real frames."""
        bands, length = clip.shape[1], frames.size
        # slices where the real frames are neighbours (always, with padding at one end), an index list elsewhere
        contiguous = int(frames[-1]) - int(frames[0]) + 1 == length
        first = int(frames[0])

        def frame_index(start: int, width: int) -> slice | torch.Tensor:
            if contiguous:
                return slice(first + start, first + start + width)
            return torch.from_numpy(frames[start : start + width]).to(clip.device)

        whole = frame_index(0, length)
        fill = clip[:, :, whole].mean(dim=(1, 2)).unsqueeze(1) if self._fill is None else self._fill.to(clip)
        fill = fill.expand(clip.shape[0], bands).unsqueeze(2)

        for _ in range(self.num_frequency_masks):
            width = int(rng.integers(0, self.max_frequency_width + 1))
            start = int(rng.integers(0, bands - width + 1))
            clip[:, start : start + width, whole] = fill[:, start : start + width]
        widest = int(self.max_time_share * length)
        if self.max_time_width is not None:
            widest = min(widest, self.max_time_width)
        for _ in range(self.num_time_masks):
            width = int(rng.integers(0, widest + 1))
            start = int(rng.integers(0, length - width + 1))
            clip[:, :, frame_index(start, width)] = fill

    def _check(
        self, features: torch.Tensor, attention_mask: torch.Tensor | None, rngs: Sequence[np.random.Generator]
    ) -> None:
        """Refuse a batch whose parts do not fit."""
        if features.ndim != 4 or not features.is_floating_point():
            raise ValueError(
                f"features: got {features.dtype} of shape {tuple(features.shape)}, "
                "expected floating point (batch, channels, frequency, time)"
            )
        batch, channels, bands, time = features.shape
        if attention_mask is not None and tuple(attention_mask.shape) != (batch, time):
            raise ValueError(
                f"attention_mask: got shape {tuple(attention_mask.shape)}, expected (batch, time) = {(batch, time)}"
            )
        if len(rngs) != batch:
            raise ValueError(f"rngs: got {len(rngs)} generators, expected one per row, {batch}")
        if self.num_frequency_masks and self.max_frequency_width > bands:
            raise ValueError(f"max_frequency_width: got {self.max_frequency_width}, expected at most {bands} bands")
        form = () if self._fill is None else tuple(self._fill.shape)
        if form not in ((), (bands,), (channels, bands)):
            raise ValueError(f"fill: got values of shape {form}, expected one, ({bands},) or {(channels, bands)}")


__all__ = ["SpectrogramMasking"]
