import math

import pytest
import torch
from torch import nn

from hf_ser.training.losses import classification_loss, clip_weights, divergence, soft_targets

torch.manual_seed(0)
LOGITS, LABELS = torch.randn(6, 4) * 2, torch.tensor([0, 1, 2, 3, 0, 1])
WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 3.0])
PARTNER, SHARE = torch.tensor([3, 0, 2, 5, 1, 4]), torch.tensor([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])


def mean_loss(partner=None, share=None, weights=None, smoothing=0.0, gamma=0.0):
    targets = soft_targets(LABELS, 4, partner, share)
    losses = classification_loss(LOGITS, targets, weights, smoothing, gamma)
    return losses.sum() / clip_weights(targets, weights).sum()


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_unmixed_loss_is_torchs_cross_entropy(weights, smoothing):
    expected = nn.functional.cross_entropy(LOGITS, LABELS, weight=weights, label_smoothing=smoothing)
    assert torch.allclose(mean_loss(weights=weights, smoothing=smoothing), expected, atol=1e-6)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_mixed_loss_is_both_classes_losses_in_their_shares(weights, smoothing, gamma):
    factors = torch.ones(4) if weights is None else weights
    total = weight = 0.0
    for clip in range(6):
        probabilities = LOGITS[clip].softmax(-1)
        for share, label in (
            (SHARE[clip], LABELS[clip]),
            (1 - SHARE[clip], LABELS[PARTNER[clip]]),
        ):
            for target in range(4):
                wanted = smoothing / 4 + (1 - smoothing) * (target == int(label))
                p = probabilities[target]
                total += share * wanted * factors[target] * (1 - p) ** gamma * -p.log()
            weight += share * factors[label]
    assert torch.allclose(mean_loss(PARTNER, SHARE, weights, smoothing, gamma), total / weight, atol=1e-5)


def test_focal_loss_is_that_of_its_paper():
    p = LOGITS.softmax(-1)[torch.arange(6), LABELS]
    expected = (WEIGHTS[LABELS] * (1 - p) ** 2 * -p.log()).sum() / WEIGHTS[LABELS].sum()
    assert torch.allclose(mean_loss(weights=WEIGHTS, gamma=2.0), expected, atol=1e-6)


def test_focal_loss_leaves_out_what_is_known_and_has_finite_gradients_there():
    logits = torch.tensor([[200.0, 0.0], [0.0, 0.0], [0.0, 200.0]], requires_grad=True)
    losses = classification_loss(logits, soft_targets(torch.tensor([0, 0, 0]), 2), focal_gamma=0.5)
    losses.sum().backward()
    assert losses[0] == 0
    assert losses[1] < math.log(2)
    assert losses[2].item() == pytest.approx(200)
    assert torch.isfinite(logits.grad).all()


def test_divergence_is_that_of_its_formula_and_never_negative():
    other = torch.randn(6, 4)
    p, q = LOGITS.softmax(-1), other.softmax(-1)
    assert torch.allclose(divergence(LOGITS, other), (p * (p / q).log()).sum(-1), atol=1e-5)
    assert torch.allclose(divergence(LOGITS, LOGITS + 3.0), torch.zeros(6), atol=1e-6)
    assert (divergence(LOGITS, other) > 0).all()
