"""Each head against its own definition, on a clip alone."""

import pytest
import torch
from head_stubs import clips, small_head
from torch import nn


@torch.no_grad()
def test_statistics_can_be_a_logistic_regression_on_standardised_statistics():
    head = small_head("statistics", head_hidden_size=0)
    stack, _ = clips([50, 50, 50])
    frames = stack.transpose(1, 2).reshape(3, 50, 16).double()
    statistics = torch.cat([frames.mean(1), frames.std(1, correction=0)], 1)
    centre, scale, weight = statistics.mean(0), statistics.std(0), torch.randn(5, 32).double()
    head.classifier.weight.copy_(weight / scale)
    head.classifier.bias.copy_(-(weight / scale) @ centre)
    expected = ((statistics - centre) / scale) @ weight.T
    torch.testing.assert_close(head(stack).double(), expected, rtol=1e-4, atol=1e-3)


@torch.no_grad()
def test_states_are_normalised_each_over_its_features():
    stack, _ = clips([20])
    plain, normalising = small_head("statistics"), small_head("statistics", normalize_layers=True)
    normalised = (stack - stack.mean(-1, keepdim=True)) / (stack.var(-1, correction=0, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(normalising(stack), plain(normalised))


@torch.no_grad()
def test_weighted_sum_is_pepinos():
    head = small_head("weighted_sum", num_states=3)
    stack, _ = clips([20], num_states=3)
    torch.testing.assert_close(head.mixture(stack), stack.mean(1))
    head.layer_weights.copy_(torch.tensor([0.0, 2.0, -1.0]))
    shares = torch.tensor([1, torch.e**2, torch.e**-1])
    frames = torch.einsum("s,bstf->btf", shares / shares.sum(), stack)
    for layer in head.frame_layers:
        frames = torch.relu(frames @ layer.weight.T + layer.bias)
    expected = head.classifier(frames.mean(1))
    torch.testing.assert_close(head(stack), expected)
    assert len(head.frame_layers) == 2


@pytest.mark.parametrize("head", ["lstm", "gru"])
@pytest.mark.parametrize("pooling", ["mean", "last"])
@torch.no_grad()
def test_recurrent_heads_are_torch_run_clip_by_clip(head, pooling):
    built = small_head(head, head_config={"pooling": pooling})
    lengths = [30, 3, 17]
    stack, mask = clips(lengths)
    vectors = built.pool(stack, mask)
    assert isinstance(built.recurrence, {"lstm": nn.LSTM, "gru": nn.GRU}[head])
    for row, length in enumerate(lengths):
        outputs, _ = built.recurrence(stack[row, :, :length].transpose(0, 1).flatten(1)[None])
        ends = torch.cat([outputs[0, -1, :16], outputs[0, 0, 16:]])
        torch.testing.assert_close(vectors[row], outputs[0].mean(0) if pooling == "mean" else ends)


def test_recurrence_refuses_padding_at_the_start():
    stack, mask = clips([30, 20])
    with pytest.raises(ValueError, match="padding at the end only"):
        small_head("gru")(stack, mask.flip(1))


def test_several_states_lie_side_by_side_in_the_order_given():
    head = small_head("mean_tanh")
    stack, _ = clips([20])
    expected = torch.tanh(head.projector(torch.cat([stack[:, 0].mean(1), stack[:, 1].mean(1)], 1)))
    torch.testing.assert_close(head.pool(stack), expected)


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu", "none"])
def test_mean_tanh_takes_other_activations(activation):
    head = small_head("mean_tanh", head_config={"activation": activation})
    stack, _ = clips([20])
    function = {"tanh": torch.tanh, "relu": torch.relu, "gelu": nn.functional.gelu, "none": lambda x: x}[activation]
    torch.testing.assert_close(head.pool(stack), function(head.projector(stack.transpose(1, 2).mean(1).flatten(1))))


def test_weighted_states_are_summed_before_the_statistics():
    settings = {"head_hidden_size": 0, "head_dropout": 0.0, "head_config": {"weighted_states": True}}
    head = small_head("statistics", **settings).eval()
    stack, _ = clips([50] * 3)
    with torch.no_grad():
        head.layer_weights.copy_(torch.arange(stack.shape[1], dtype=torch.float32))
    shares = head.layer_weights.softmax(0)
    frames = sum(share * stack[:, index] for index, share in enumerate(shares))
    expected = torch.cat([frames.mean(1), frames.std(1, correction=0)], 1)
    torch.testing.assert_close(head.clip_vector(stack, None), expected, rtol=1e-4, atol=1e-5)
    assert head.classifier.in_features == expected.shape[1]


@pytest.mark.parametrize("name", ["weighted_states", "batch_norm"])
def test_switches_of_the_statistics_head_are_true_or_false(name):
    with pytest.raises(ValueError, match=rf"head_config\['{name}'\]='yes', expected true or false"):
        small_head("statistics", head_config={name: "yes"})


def test_batch_norm_standardises_the_statistics_with_figures_of_the_training_clips():
    head = small_head("statistics", head_hidden_size=0, head_dropout=0.0, head_config={"batch_norm": True}).train()
    stack, _ = clips([50] * 6)
    frames = stack.transpose(1, 2).reshape(6, 50, 16)
    statistics = torch.cat([frames.mean(1), frames.std(1, correction=0)], 1)
    expected = (statistics - statistics.mean(0)) / (statistics.var(0, correction=0) + 1e-5).sqrt()
    torch.testing.assert_close(head.clip_vector(stack, None), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(head.batch_norm.running_mean, 0.1 * statistics.mean(0))
    before = head.batch_norm.running_mean.clone()
    torch.testing.assert_close(head(stack[:1]), head.eval()(stack[:1]))  # one clip alone is no batch
    torch.testing.assert_close(head.batch_norm.running_mean, before)
