import pytest
import torch
from audio_models import MODELS, tiny_audio_model
from tiny import tiny_model
from torch import nn

from hf_ser.training.layer_rates import set_layer_rates
from hf_ser.training.model_parts import model_parts
from hf_ser.training.muon import MuonWithAdamW, muon_groups


def rates(model, optimizer):
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {names[id(parameter)]: group["lr"] for group in optimizer.param_groups for parameter in group["params"]}


@pytest.mark.parametrize("name", MODELS)
def test_each_layer_is_slower_than_the_one_above(name):
    model = tiny_audio_model(name)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    set_layer_rates(optimizer, model, 0.5, head_learning_rate=0.7)
    found, parts = rates(model, optimizer), model_parts(model)
    assert sorted(found) == sorted(name for name, _ in model.named_parameters())
    expected = dict.fromkeys(parts.head, 0.7) | dict.fromkeys(parts.top, 0.1)
    expected |= dict.fromkeys(parts.embeddings, 0.1 * 0.5**4)
    for depth, layer in zip((3, 2, 1), parts.layers, strict=True):
        expected |= dict.fromkeys(layer, 0.1 * 0.5**depth)
    assert found == pytest.approx(expected)


def test_muon_and_adamw_groups_keep_their_kinds_and_decay():
    model = tiny_model()
    optimizer = MuonWithAdamW(muon_groups(model, 0.02, 0.001, 0.05))
    names = {id(parameter): name for name, parameter in model.named_parameters()}

    def kinds():
        return {
            names[id(parameter)]: (group["muon"], group["weight_decay"])
            for group in optimizer.param_groups
            for parameter in group["params"]
        }

    before = kinds()
    set_layer_rates(optimizer, model, 0.5, head_learning_rate=0.01)
    assert kinds() == before
    found = rates(model, optimizer)
    assert found["cct.layers.1.attention.qkv.weight"] == pytest.approx(0.01)
    assert found["cct.layers.0.attention.qkv.weight"] == pytest.approx(0.005)
    assert found["cct.layers.0.layernorm_before.weight"] == pytest.approx(0.00025)
    assert found["classifier.weight"] == found["classifier.bias"] == 0.01
    assert found["cct.pooler.score.weight"] == 0.001


def test_head_alone_can_be_given_a_rate_in_any_model():
    model = nn.Sequential()
    model.add_module("features", nn.Linear(2, 2))
    model.add_module("classifier", nn.Linear(2, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="Sequential has no list of equal layers"):
        set_layer_rates(optimizer, model, 0.9)
    set_layer_rates(optimizer, model, head_learning_rate=0.3)
    assert rates(model, optimizer) == {
        "features.weight": 0.1,
        "features.bias": 0.1,
        "classifier.weight": 0.3,
        "classifier.bias": 0.3,
    }


def test_nothing_asked_for_changes_nothing():
    model = tiny_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    groups = list(optimizer.param_groups)
    set_layer_rates(optimizer, model)
    assert all(one is other for one, other in zip(groups, optimizer.param_groups, strict=True))
