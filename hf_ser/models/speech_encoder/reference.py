"""What other clips of the same voice tell: their summary, and how it changes the vector that a classifier reads."""

from typing import NamedTuple

import torch
from torch import nn
from transformers import initialization as init

NO_REFERENCE = (
    "got clips of reference, but the model has none in its configuration (reference=None) and cannot use them; leave "
    "them out, or train a model that can: hf-ser train --model speech_encoder --reference standardise, in Python "
    "SpeechEncoderForAudioClassification.from_encoder(..., reference='standardise')"
)
# a rate of 1e-3 moves what is learned in logarithms by 1 % a step
_GAIN = 10.0
_SMALLEST = 1e-5


class ReferenceSummary(NamedTuple):
    """What is read off the reference clips of each clip.

    Attributes:
        mean: Shape (batch, features), float32; zeros where there is no reference clip.
        variance: Shape (batch, features), float32: unbiased, over the reference clips; zeros where there are fewer
            than two.
        number: Shape (batch, 1), float32: number of reference clips.
    """

    mean: torch.Tensor
    variance: torch.Tensor
    number: torch.Tensor

    @classmethod
    def empty(cls, vectors: torch.Tensor) -> "ReferenceSummary":
        """No reference clip for any of `vectors` (batch, features)."""
        zeros = torch.zeros_like(vectors, dtype=torch.float32)
        return cls(zeros, zeros, zeros[:, :1])

    @classmethod
    def of_clips(cls, clips: torch.Tensor, mask: torch.Tensor | None, vectors: torch.Tensor) -> "ReferenceSummary":
        """Summarise clips that were embedded beforehand.

        Args:
            clips: Vectors of the reference clips, shape (batch, references, features); (1, references, features)
                serves every clip of the batch.
            mask: Shape (batch, references), true on real clips; None if all are real.
            vectors: The clips' own vectors, shape (batch, features).

        Returns:
            The summary.

        Raises:
            ValueError: If a shape does not fit, or a vector that the mask does not hide is not finite.
        """
        batch, features = vectors.shape
        if clips.ndim != 3 or clips.shape[0] not in (1, batch) or clips.shape[2] != features:
            raise ValueError(
                f"got reference_vectors of shape {tuple(clips.shape)}, expected ({batch}, references, {features}) or "
                f"(1, references, {features}): what embed_reference gives, stacked for each clip of the batch"
            )
        if mask is None:
            mask = torch.ones(clips.shape[:2], device=clips.device)
        if mask.shape != clips.shape[:2]:
            raise ValueError(
                f"got a reference_mask of shape {tuple(mask.shape)}, expected {tuple(clips.shape[:2])}, 1 on real "
                "reference clips"
            )
        clips = clips.float().masked_fill(~mask.bool()[..., None], 0.0)
        if not bool(torch.isfinite(clips).all()):
            raise ValueError("got reference_vectors with NaN or infinity, expected finite ones; hide gaps by the mask")
        weights = mask.float()[..., None]
        count = weights.sum(dim=1)
        mean = (clips * weights).sum(dim=1) / count.clamp(min=1)
        squares = ((clips - mean[:, None]).square() * weights).sum(dim=1)
        parts = mean, squares / (count - 1).clamp(min=1), count
        return cls(*(part.expand(batch, -1) for part in parts))

    @classmethod
    def within(cls, vectors: torch.Tensor, matrix: torch.Tensor) -> "ReferenceSummary":
        """Summarise clips of the batch itself.

        Args:
            vectors: Vectors of the batch, shape (batch, features).
            matrix: Shape (batch, batch), boolean: row i marks the clips that serve clip i as reference.

        Returns:
            The summary.

        Raises:
            ValueError: If the shape does not fit, or a clip is marked as its own reference.
        """
        batch = len(vectors)
        if matrix.shape != (batch, batch) or matrix.is_floating_point():
            raise ValueError(
                f"got a reference_matrix of shape {tuple(matrix.shape)} and {matrix.dtype}, expected ({batch}, "
                f"{batch}) booleans: row i marks the clips of the batch that serve clip i as reference"
            )
        own = matrix.diagonal().nonzero().flatten().tolist()
        if own:
            raise ValueError(f"got clips {own} of the batch as their own reference; expected a false diagonal")
        weights = matrix.to(vectors.device, torch.float32)
        count = weights.sum(dim=1, keepdim=True)
        shares = weights / count.clamp(min=1)
        vectors = vectors.float()
        # around the mean of the batch, so that the difference of squares below loses no digits
        centre = vectors.mean(dim=0, keepdim=True)
        mean = shares @ (vectors - centre)
        squares = shares @ (vectors - centre).square()
        variance = (squares - mean.square()).clamp(min=0) * count / (count - 1).clamp(min=1)
        return cls((mean + centre) * (count > 0), variance * (count > 1), count)


def summarise(
    vectors: torch.Tensor,
    reference_vectors: torch.Tensor | None = None,
    reference_mask: torch.Tensor | None = None,
    reference_matrix: torch.Tensor | None = None,
) -> ReferenceSummary | None:
    """Summarise what a model was given of references, in float32.

    Args:
        vectors: The clips' own vectors, shape (batch, features).
        reference_vectors: See `ReferenceSummary.of_clips`.
        reference_mask: Likewise.
        reference_matrix: See `ReferenceSummary.within`.

    Returns:
        The summary; None if nothing was given.

    Raises:
        ValueError: If a shape does not fit, a clip is its own reference, or both kinds are given.
    """
    if reference_vectors is None and reference_matrix is None:
        if reference_mask is not None:
            raise ValueError("got a reference_mask without reference_vectors; pass what embed_reference gives")
        return None
    with torch.autocast(vectors.device.type, enabled=False):
        if reference_matrix is None and reference_vectors is not None:
            return ReferenceSummary.of_clips(reference_vectors, reference_mask, vectors)
        if reference_matrix is None or reference_vectors is not None or reference_mask is not None:
            raise ValueError("got reference_matrix and reference_vectors, expected one of them")
        return ReferenceSummary.within(vectors, reference_matrix)


class ReferenceConditioning(nn.Module):
    """Base: what a head does with the summary of a clip's references; without references it does nothing.

    The mean of n clips of a voice is believed by the share n / (n + k), as an empirical-Bayes estimate is (Efron and
    Morris 1973): it lies between the mean voice of the training clips, which the module keeps count of, and the
    clips' own. k is learned for each feature.

    Args:
        size: Width of the vectors.

    Attributes:
        voice_mean: Mean voice, shape (size,).
        voice_variance: Mean variance of the clips of one voice, shape (size,); zeros as long as none is known, because
            no clip had two references yet.
        batches_seen: Training batches that the mean was taken of.
    """

    voice_mean: torch.Tensor
    voice_variance: torch.Tensor
    batches_seen: torch.Tensor

    # at first one clip is believed by a quarter, ten clips by three quarters
    FIRST_K = 3.0
    MOMENTUM = 0.05

    def __init__(self, size: int) -> None:
        super().__init__()
        self.trust = nn.Parameter(torch.zeros(size))
        self.register_buffer("voice_mean", torch.zeros(size))
        self.register_buffer("voice_variance", torch.zeros(size))
        self.register_buffer("batches_seen", torch.zeros((), dtype=torch.int64))

    def init_own_parameters(self) -> None:
        """Nothing is known of voices yet; called by the model's `_init_weights`, also after the meta device."""
        for tensor in (self.trust, self.voice_mean, self.voice_variance, self.batches_seen):
            init.zeros_(tensor)

    def forward(self, vectors: torch.Tensor, summary: ReferenceSummary) -> torch.Tensor:
        """Condition.

        Args:
            vectors: Shape (batch, size).
            summary: Of the references of each of them.

        Returns:
            The same shape and type; a row without references is what it was.
        """
        with torch.autocast(vectors.device.type, enabled=False):
            exact = vectors.float()
            if self.training and any(parameter.requires_grad for parameter in self.parameters()):
                self._observe(exact.detach(), summary)
            offset = self.share(summary.number) * (summary.mean - self.voice_mean)
            return self.condition(exact, offset, summary).to(vectors.dtype)

    def share(self, count: torch.Tensor) -> torch.Tensor:
        """How far the mean of so many clips is believed: (batch, 1) to (batch, size), 0 without clips, below 1."""
        k = self.FIRST_K * torch.exp(_GAIN * self.trust.float())
        return count / (count + k)

    @torch.no_grad()
    def believe(self, mean: torch.Tensor, variance: torch.Tensor, k: torch.Tensor) -> None:
        """Set what is believed of voices, instead of learning it step by step.

        Args:
            mean: The mean voice, shape (size,).
            variance: Of the clips of one voice, shape (size,).
            k: After how many clips their mean is believed by half, shape (size,), above 0.
        """
        self.voice_mean.copy_(mean)
        self.voice_variance.copy_(variance)
        self.trust.copy_(torch.log(k / self.FIRST_K) / _GAIN)
        self.batches_seen.fill_(1)

    def condition(self, vectors: torch.Tensor, offset: torch.Tensor, summary: ReferenceSummary) -> torch.Tensor:
        """Change vectors by what is believed of the voice.

        Args:
            vectors: Shape (batch, size), float32.
            offset: By how much the voice differs from the mean voice, as far as it is believed: shape (batch, size),
                zero without references.
            summary: Of the references.

        Returns:
            Shape (batch, size).
        """
        raise NotImplementedError

    @torch.no_grad()
    def _observe(self, vectors: torch.Tensor, summary: ReferenceSummary) -> None:
        """Running mean over training clips, and running variance of the clips of one voice; each begins with the first
        batch that tells it.
        """
        self.voice_mean.lerp_(vectors.mean(dim=0), torch.where(self.batches_seen == 0, 1.0, self.MOMENTUM))
        several = (summary.number > 1).float()
        variance = (summary.variance * several).sum(dim=0) / several.sum().clamp(min=1)
        pace = torch.where(self.voice_variance.any(), self.MOMENTUM, 1.0)
        self.voice_variance.lerp_(variance, pace * (several.sum() > 0))
        self.batches_seen.add_(1)


class Standardise(ReferenceConditioning):
    """The voice's offset is subtracted, and its spread divided out: standardisation for each speaker, as far as the
    references are believed.

    The variance of the voice is estimated likewise, from the references and from `k_variance` further clips' worth of
    the mean voice's own variance; where that is not known, spreads are left alone. With few clips of reference full
    trust does harm, hence the shares.
    """

    FIRST_K_VARIANCE = 10.0

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.trust_variance = nn.Parameter(torch.zeros(()))

    def init_own_parameters(self) -> None:
        """See `ReferenceConditioning`."""
        super().init_own_parameters()
        init.zeros_(self.trust_variance)

    def condition(self, vectors: torch.Tensor, offset: torch.Tensor, summary: ReferenceSummary) -> torch.Tensor:
        """See `ReferenceConditioning`."""
        k = self.FIRST_K_VARIANCE * torch.exp(_GAIN * self.trust_variance.float())
        freedom = (summary.number - 1).clamp(min=0)
        known = self.voice_variance.any()
        ratio = torch.where(known, summary.variance / self.voice_variance.clamp(min=_SMALLEST), 1.0)
        spread = ((k + freedom * ratio) / (k + freedom)).sqrt()
        moved = vectors - offset
        # about the mean voice, and exactly nothing where the spread is 1
        return moved + (moved - self.voice_mean) * (1.0 / spread - 1.0)

    @torch.no_grad()
    def believe(self, mean: torch.Tensor, variance: torch.Tensor, k: torch.Tensor) -> None:
        """See `ReferenceConditioning`; the spread is believed against `FIRST_K_VARIANCE` further clips."""
        super().believe(mean, variance, k)
        # not by transformers' init, which leaves alone what was loaded
        self.trust_variance.zero_()


class Film(ReferenceConditioning):
    """The voice's offset gives a scale and a shift of every feature (FiLM, Perez et al. 2018), through a bottleneck.

    At first they are 1 and 0, so that a new module changes nothing.

    Args:
        size: Width of the vectors.
        bottleneck: Width of the layer in between, which keeps the weights few: speakers are.
    """

    def __init__(self, size: int, bottleneck: int = 32) -> None:
        super().__init__(size)
        self.down = nn.Parameter(torch.empty(bottleneck, size))
        self.up = nn.Parameter(torch.zeros(2 * size, bottleneck))

    def init_own_parameters(self) -> None:
        """See `ReferenceConditioning`."""
        super().init_own_parameters()
        init.normal_(self.down, std=self.down.shape[1] ** -0.5)
        init.zeros_(self.up)

    def condition(self, vectors: torch.Tensor, offset: torch.Tensor, summary: ReferenceSummary) -> torch.Tensor:
        """See `ReferenceConditioning`."""
        scale, shift = (offset @ self.down.float().T @ self.up.float().T).chunk(2, dim=1)
        return vectors * (1.0 + scale) + shift


CONDITIONINGS: dict[str, type[ReferenceConditioning]] = {"standardise": Standardise, "film": Film}

__all__ = [
    "CONDITIONINGS",
    "NO_REFERENCE",
    "Film",
    "ReferenceConditioning",
    "ReferenceSummary",
    "Standardise",
    "summarise",
]
