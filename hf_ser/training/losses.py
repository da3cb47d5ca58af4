"""Losses over classes, clip by clip, as functions of logits and soft targets."""

import torch
from torch import nn


def soft_targets(
    labels: torch.Tensor, num_labels: int, partner: torch.Tensor | None = None, share: torch.Tensor | None = None
) -> torch.Tensor:
    """What each clip should be judged as: its class, or its own and its partner's in the shares they are mixed in.

    Args:
        labels: (batch,) classes.
        num_labels: number of classes.
        partner: (batch,) the clip of the batch that each clip is mixed with; None without mixing.
        share: (batch,) the share of each clip itself, in [0, 1].

    Returns:
        (batch, num_labels), float32; rows sum to 1.
    """
    own = nn.functional.one_hot(labels, num_labels).float()
    if partner is None or share is None:
        return own
    share = share.float()[:, None]
    return share * own + (1.0 - share) * own[partner]


def classification_loss(
    logits: torch.Tensor,
    targets: torch.Tensor,
    class_weights: torch.Tensor | None = None,
    label_smoothing: float = 0.0,
    focal_gamma: float = 0.0,
) -> torch.Tensor:
    """Cross-entropy or focal loss of each clip; linear in the targets.

    The loss of a clip is the sum over classes of target * class weight * (1 - p)^gamma * -log p. Without mixing it is
    `torch.nn.functional.cross_entropy(..., reduction="none")` for gamma 0, and the focal loss of Lin et al. 2017
    (section 3.2) with the class weights for alpha otherwise. Targets mixed in shares give the losses of the two
    classes in these shares (Zhang et al. 2018, section 2).

    Args:
        logits: (batch, num_labels).
        targets: (batch, num_labels) from `soft_targets`.
        class_weights: (num_labels,) factors on the classes.
        label_smoothing: share of the targets that is spread evenly over all classes, in [0, 1).
        focal_gamma: how much clips that are known well already are left out; 0 for cross-entropy.

    Returns:
        (batch,), float32.
    """
    log_probabilities = logits.float().log_softmax(-1)
    if label_smoothing > 0.0:
        targets = (1.0 - label_smoothing) * targets + label_smoothing / targets.shape[-1]
    losses = -log_probabilities * targets
    if class_weights is not None:
        losses = losses * class_weights
    if focal_gamma > 0.0:
        # the gradient of a power below 1 is infinite at 0: a clip that is known for certain keeps a trace
        losses = losses * (-log_probabilities.expm1()).clamp_min(1e-7) ** focal_gamma
    return losses.sum(-1)


def clip_weights(targets: torch.Tensor, class_weights: torch.Tensor | None = None) -> torch.Tensor:
    """How much each clip counts in the mean over a batch: the weight of its class, mixed as the classes are.

    Args:
        targets: (batch, num_labels) from `soft_targets`, not smoothed.
        class_weights: (num_labels,) factors on the classes; all 1 by default.

    Returns:
        (batch,), float32.
    """
    return targets.sum(-1) if class_weights is None else targets @ class_weights


def divergence(logits: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence KL(p || q) of each clip, p the softmax of `logits` and q that of `other`.

    Both sides are log-probabilities inside, so that it is the divergence of its formula and never negative beyond
    rounding.

    Args:
        logits: (batch, num_labels).
        other: (batch, num_labels).

    Returns:
        (batch,) in nats, float32.
    """
    first, second = logits.float().log_softmax(-1), other.float().log_softmax(-1)
    return nn.functional.kl_div(second, first, reduction="none", log_target=True).sum(-1)


__all__ = ["classification_loss", "clip_weights", "divergence", "soft_targets"]
