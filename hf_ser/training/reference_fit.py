"""References for heads that are fitted in closed form: what to believe of voices, and clips as they then are read."""

from collections.abc import Sequence

import numpy as np
import torch

from ..models.speech_encoder.reference import ReferenceConditioning, ReferenceSummary
from ..protocols.reference_clips import is_known
from .reference_sampling import draw_references

# beyond these a single clip tells nearly all of a voice, or a hundred clips next to nothing
_LEAST_K, _LARGEST_K = 0.3, 100.0
_SMALLEST = 1e-8
# no zero at its end, which numpy would take for a shorter key
_FIT_KEY = (8, 1)


def fit_voices(reference: ReferenceConditioning, clips: torch.Tensor, speakers: Sequence[str]) -> None:
    """Estimate the mean voice and how far clips of a voice are believed, by moments.

    Each feature of a clip is taken as the sum of a mean, an offset of the voice and the rest of the clip (one-way
    random effects, Searle, Casella and McCulloch 1992). The variances of the two give the empirical-Bayes share: the
    mean of n clips is believed by n / (n + k), where k is the variance within voices over that between them.

    Args:
        reference: the module, whose buffers and shares are set.
        clips: the vector of each clip as it is, once: shape (clips, size), of training speakers only, on the CPU.
        speakers: of each clip; unknown ones are left out.

    Raises:
        ValueError: if fewer than two voices have two clips or more.
    """
    means, variances, shares = [], [], []
    for places in _voices(speakers):
        if len(places) > 1:
            own = clips[places].double()
            means.append(own.mean(dim=0))
            variances.append(own.var(dim=0))
            shares.append(1.0 / len(places))
    if len(means) < 2:
        raise ValueError(
            f"got {len(means)} training speakers with two clips or more, expected two or more: what a voice changes "
            "is estimated from them; train with reference=None"
        )
    voices, within = torch.stack(means), torch.stack(variances).mean(dim=0)
    between = (voices.var(dim=0) - within * float(np.mean(shares))).clamp(min=_SMALLEST)
    reference.believe(voices.mean(dim=0), within, (within / between).clamp(_LEAST_K, _LARGEST_K))


@torch.no_grad()
def with_drawn_references(
    reference: ReferenceConditioning,
    vectors: torch.Tensor,
    clips: torch.Tensor,
    speakers: Sequence[str],
    dropout: float,
    generator: np.random.Generator,
) -> torch.Tensor:
    """Condition a view of every clip on other clips of its voice, drawn at random.

    Args:
        reference: the module, in evaluation mode.
        vectors: of a view of each clip, shape (clips, size).
        clips: of each clip as it is, as references are when the model is used; of the same shape.
        speakers: of each clip; clips of unknown ones get no references.
        dropout: share of the clips that get none, see `draw_references`.
        generator: to draw with.

    Returns:
        shape (clips, size).
    """
    found = vectors.clone()
    for places in _voices(speakers):
        matrix = torch.zeros(len(places), len(places), dtype=torch.bool)
        for row in range(len(places)):
            others = [other for other in range(len(places)) if other != row]
            matrix[row, draw_references(others, dropout, generator)] = True
        found[places] = reference(vectors[places], ReferenceSummary.within(clips[places], matrix))
    return found


def pass_generator(seed: int, number: int) -> np.random.Generator:
    """What draws the references of a pass over the training clips."""
    return np.random.default_rng([seed, number, *_FIT_KEY])


def _voices(speakers: Sequence[str]) -> list[np.ndarray]:
    """Places of the clips of each known speaker."""
    names = np.array([str(speaker) for speaker in speakers])
    known = np.array([is_known(speaker) for speaker in speakers])
    return [np.flatnonzero(known & (names == name)) for name in np.unique(names[known])]


__all__ = ["fit_voices", "pass_generator", "with_drawn_references"]
