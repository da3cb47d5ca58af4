"""Parity with the heads of systems 002 and 003, intermediates included."""

import golden_rule
import pytest
import torch
from head_stubs import settings

from hf_ser.models.speech_encoder.heads import build_head, convert_vgg_state_dict
from hf_ser.models.speech_encoder.heads.pooling import masked_mean

ENTRIES = golden_rule.read_index("speech_heads.json")
TOLERANCE = 2e-5


def expected(name, what):
    return golden_rule.figures(ENTRIES[name]["file"])[f"{name}/{what}"]


def assert_figures(name, what, actual):
    golden_rule.assert_figures(lambda kind: expected(name, f"{what}.{kind}"), actual, TOLERANCE)


def inputs(name):
    return [torch.from_numpy(golden_rule.draw(key, shape)) for key, shape in ENTRIES[name]["inputs"].items()]


def original_state_dict(name):
    state = {key: golden_rule.weight(key, shape) for key, shape in ENTRIES[name]["keys"]}
    assert len(state) == ENTRIES[name]["tensors"]
    return state


def test_mean_tanh_is_the_head_of_system_002():
    name = "hubert_head"
    head = build_head(settings("mean_tanh", head_hidden_size=256, num_labels=6), 1, 768).eval()
    head.load_state_dict(original_state_dict(name))
    (states,) = inputs(name)
    assert_figures(name, "mean", masked_mean(states))
    assert_figures(name, "pooled", head.pool(states[:, None]))
    torch.testing.assert_close(head(states[:, None]).detach(), expected(name, "logits"), rtol=0, atol=1e-5)
    assert sum(parameter.numel() for parameter in head.parameters()) == ENTRIES[name]["params"]


def vgg_head(name, head_config):
    functionals = 88 if "egemaps" in name else 0
    config = settings("vgg", head_hidden_size=64, num_labels=8, head_config=head_config, functionals_size=functionals)
    head = build_head(config, 12, 768).eval()
    head.load_state_dict(convert_vgg_state_dict(original_state_dict(name)))
    assert sum(parameter.numel() for parameter in head.parameters()) == ENTRIES[name]["params"]
    return head


@torch.no_grad()
def test_vgg_of_any_length_is_the_head_of_system_003():
    name = "fe_vgg_wav2emo"
    head = vgg_head(name, {})
    (stack,) = inputs(name)
    grid, stages = head.grid(stack)
    for number, stage in enumerate(stages):
        assert_figures(name, f"stage{number}", stage)
    assert_figures(name, "flattened", grid.flatten(1))
    assert_figures(name, "pooled", head.pool(stack))
    torch.testing.assert_close(head(stack), expected(name, "logits"), rtol=0, atol=1e-5)


@torch.no_grad()
def test_fixed_vgg_fuses_functionals_as_system_003():
    name = "fe_vgg_egemaps_wav2emo"
    head = vgg_head(name, {"input_size": [263, 768]})
    stack, functionals = inputs(name)
    assert_figures(name, "stage3", head.grid(stack)[1][-1])
    vector = head.read(stack)
    assert_figures(name, "audio_branch", vector)
    joined = head.fusion.join(vector, functionals)
    assert_figures(name, "egemaps_branch", joined[:, 64:])
    assert_figures(name, "concatenated", joined)
    assert_figures(name, "pooled", head.pool(stack, None, functionals))
    torch.testing.assert_close(head(stack, None, functionals), expected(name, "logits"), rtol=0, atol=1e-5)


@pytest.mark.parametrize("key", ["w2v2.encoder.weight", "conv_layers.0.double_conv.2.weight", "lin_layers.7.bias"])
def test_weights_that_are_not_of_the_head_are_refused(key):
    with pytest.raises(ValueError, match=key):
        convert_vgg_state_dict({key: torch.zeros(1)})
