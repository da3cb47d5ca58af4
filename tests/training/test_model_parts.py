import pytest
import torch
from audio_models import MODELS, inputs_of, tiny_audio_model
from tiny import tiny_model
from torch import nn

from hf_ser.training.model_parts import layer_list, matching, model_parts

LISTS = {
    "wav2vec2": "wav2vec2.encoder.layers",
    "hubert": "hubert.encoder.layers",
    "wavlm": "wavlm.encoder.layers",
    "whisper": "encoder.layers",
    "ast": "audio_spectrogram_transformer.layers",
}


@pytest.mark.parametrize("name", MODELS)
def test_parts_of_transformers_audio_models(name):
    model = tiny_audio_model(name)
    parts = model_parts(model)
    assert parts.layers_name == LISTS[name]
    assert len(parts.layers) == 3
    everything = [*parts.encoder, *parts.head]
    assert sorted(everything) == sorted(parameter for parameter, _ in model.named_parameters())
    assert all(part.startswith(("classifier", "projector", "layer_weights")) for part in parts.head)
    assert any(part.startswith("classifier") for part in parts.head)


@pytest.mark.parametrize("name", MODELS)
def test_what_lies_below_the_layers_changes_what_they_read_and_what_lies_above_does_not(name):
    model = tiny_audio_model(name).eval()
    parts = model_parts(model)
    read = []
    lowest = model.get_submodule(parts.layers_name)[0]
    lowest.register_forward_pre_hook(
        lambda module, args, kwargs: read.append(args[0] if args else kwargs["hidden_states"]), with_kwargs=True
    )
    before = read_with(model, name, read)
    weights = dict(model.named_parameters())
    with torch.no_grad():
        for part in (*parts.top, *parts.head, *parts.layers[-1]):
            weights[part].add_(0.1)
    assert torch.equal(read_with(model, name, read), before)
    with torch.no_grad():
        for part in parts.embeddings:
            weights[part].add_(0.1)
    assert not torch.equal(read_with(model, name, read), before)


def read_with(model, name, read):
    read.clear()
    with torch.no_grad():
        model(**inputs_of(name))
    return read[0].clone()


def test_parts_and_depths_of_a_cct():
    parts = model_parts(tiny_model())
    assert parts.layers_name == "cct.layers"
    assert parts.depth("classifier.weight") == parts.depth("cct.pooler.score.weight") == 0
    assert parts.depth("cct.layers.1.mlp.fc1.weight") == 1
    assert parts.depth("cct.layers.0.mlp.fc1.weight") == 2
    assert parts.depth("cct.embeddings.position_embeddings") == 3


def test_network_without_layers_has_none_but_a_head():
    model = nn.Module()
    model.features = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 3))
    model.classifier = nn.Linear(2, 3)
    assert layer_list(model) is None
    parts = model_parts(model)
    assert parts.layers == ()
    assert parts.head == ("classifier.weight", "classifier.bias")
    assert parts.encoder == tuple(f"features.{part}" for part in ("0.weight", "0.bias", "2.weight", "2.bias"))


def test_patterns_match_whole_names_and_ends_at_dots():
    names = ["cct.layers.1.norm.bias", "cct.layers.10.norm.bias", "cct.conv_layers.1.bias", "head.bias"]
    assert matching(names, "layers.1") == {names[0]}
    assert matching(names, "cct") == set(names[:3])
    assert matching(names, "layers.[01]*") == set(names[:2])
    assert matching(names, "*.bias") == set(names)
    assert matching(names, "ayers.1") == set()
