"""Pooling against plain numpy over each clip's own frames."""

import numpy as np
import pytest
import torch
from head_stubs import clips

from hf_ser.models.speech_encoder.heads import pooling

LENGTHS = [30, 1, 7, 12]


@pytest.fixture
def frames():
    stack, mask = clips(LENGTHS, num_states=1)
    return stack[:, 0], mask


def own_frames(frames):
    return [frames[row, :length].numpy().astype(np.float64) for row, length in enumerate(LENGTHS)]


@pytest.mark.parametrize("kind", ["mean", "sum", "max"])
def test_masked_pooling_reads_real_frames_only(frames, kind):
    pooled = getattr(pooling, f"masked_{kind}")(*frames).numpy()
    np.testing.assert_allclose(pooled, [getattr(clip, kind)(axis=0) for clip in own_frames(frames[0])], atol=1e-5)


def test_mean_and_deviation_lie_side_by_side(frames):
    pooled = pooling.masked_mean_std(*frames).numpy()
    expected = [np.concatenate([clip.mean(0), clip.std(0)]) for clip in own_frames(frames[0])]
    np.testing.assert_allclose(pooled, expected, atol=1.1e-5)


def test_deviation_survives_a_large_offset():
    clip = torch.randn(1, 50, 4) + 3000
    deviation = pooling.masked_mean_std(clip)[0, 4:]
    np.testing.assert_allclose(deviation, clip[0].double().std(0, correction=0), rtol=1e-3)


def test_a_constant_clip_has_a_finite_gradient():
    clip = torch.ones(1, 5, 4, requires_grad=True)
    pooling.masked_mean_std(clip).sum().backward()
    assert torch.isfinite(clip.grad).all()


def test_a_clip_without_real_frames_is_zero_not_nan():
    pooled = pooling.masked_mean(torch.full((1, 3, 2), torch.nan), torch.zeros(1, 3, dtype=torch.bool))
    assert torch.equal(pooled, torch.zeros(1, 2))


def test_attentive_statistics_are_those_of_the_paper(frames):
    """Okabe et al. 2018: scores v·tanh(W h + b) + k, softmax over time, weighted mean and deviation."""
    torch.manual_seed(1)
    module = pooling.AttentiveStatisticsPooling(8, 6)
    pooled = module(*frames).detach().numpy()
    w, b = (tensor.detach().double().numpy() for tensor in module.hidden.parameters())
    v, k = (tensor.detach().double().numpy() for tensor in module.score.parameters())
    for row, clip in enumerate(own_frames(frames[0])):
        scores = np.tanh(clip @ w.T + b) @ v[0] + k
        shares = np.exp(scores) / np.exp(scores).sum()
        mean = shares @ clip
        deviation = np.sqrt(np.maximum(shares @ clip**2 - mean**2, 1e-10))
        np.testing.assert_allclose(pooled[row], np.concatenate([mean, deviation]), atol=1e-4)


def test_attention_is_zero_on_padding_and_sums_to_one(frames):
    module = pooling.AttentiveStatisticsPooling(8, 6)
    weights = module.weights(pooling.zero_padding(*frames), frames[1])
    assert (weights[~frames[1]] == 0).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(4))
