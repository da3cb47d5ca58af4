import pytest
import torch
from audio_models import MODELS, inputs_of, tiny_audio_model
from tiny import tiny_model
from torch import nn

from hf_ser.training.freezing import Freezing, quiet_modules
from hf_ser.training.model_parts import model_parts


def trained(model):
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def all_names(model):
    return {name for name, _ in model.named_parameters()}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("word", ["encoder", "all_but_head"])
def test_frozen_encoder_answers_in_training_as_in_evaluation(name, word):
    model = tiny_audio_model(name)
    freezing = Freezing(model, [word])
    freezing.enter(model, 0)
    parts = model_parts(model)
    assert trained(model) == set(parts.head)
    model.eval()
    with torch.no_grad():
        expected = model(**inputs_of(name)).logits
    model.train()
    freezing.settle()
    assert model.training
    for _ in range(3):
        assert torch.equal(model(**inputs_of(name)).logits, expected)
    model(**inputs_of(name)).logits.sum().backward()
    assert {part for part, weight in model.named_parameters() if weight.grad is not None} <= set(parts.head)


@pytest.mark.parametrize("name", MODELS)
def test_below_the_lowest_trained_layer_nothing_is_drawn(name):
    model = tiny_audio_model(name)
    freezing = Freezing(model, ["encoder"], {1: 1})
    freezing.enter(model, 1)
    parts = model_parts(model)
    assert trained(model) == {*parts.layers[-1], *parts.top, *parts.head}
    seen = []
    model.get_submodule(parts.layers_name)[-1].register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(args[0] if args else kwargs["hidden_states"]), with_kwargs=True
    )
    model.train()
    freezing.settle()
    outputs = [model(**inputs_of(name)).logits for _ in range(3)]
    assert len(seen) == 3  # no layer drop either
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(outputs[0], outputs[1])  # the trained layer's own dropout is on


def test_word_tokenizer_freezes_what_lies_below_the_layers_and_its_running_statistics():
    model = tiny_model()
    model.cct.embeddings.norm = nn.BatchNorm2d(1)
    freezing = Freezing(model, ["tokenizer"])
    freezing.enter(model, 5)
    assert all_names(model) - trained(model) == {name for name in all_names(model) if "embeddings" in name}
    model.train()
    freezing.settle()
    assert not model.cct.embeddings.training
    assert not model.cct.embeddings.norm.training
    assert model.cct.layers[0].training


def test_modules_frozen_by_hand_rest_too():
    model = tiny_audio_model("wav2vec2")
    model.freeze_feature_encoder()
    quiet = quiet_modules(model, model_parts(model))
    assert model.wav2vec2.feature_extractor in quiet
    assert model.wav2vec2.encoder not in quiet
    freezing = Freezing(model)
    freezing.enter(model, 0)
    assert "wav2vec2.feature_extractor.conv_layers.0.conv.weight" not in trained(model)


def test_whatever_was_untrained_before_stays_so():
    model = tiny_audio_model("whisper")
    assert not model.encoder.embed_positions.weight.requires_grad
    freezing = Freezing(model, ["encoder"], {1: "all"})
    freezing.open(model)
    assert trained(model) == all_names(model) - {"encoder.embed_positions.weight"}


def test_stages_depend_on_the_epoch_alone():
    model = tiny_audio_model("hubert")
    freezing = Freezing(model, ["encoder"], {2: 1, 4: ["layers.1", "layers.0"], 6: "all"})
    parts = model_parts(model)
    expected = {
        0: set(parts.head),
        1: set(parts.head),
        2: {*parts.head, *parts.layers[2]},
        4: {*parts.head, *parts.layers[0], *parts.layers[1], *parts.layers[2]},
        9: all_names(model),
    }
    for epoch in (9, 0, 4, 2, 1, 2):
        freezing.enter(model, epoch)
        assert trained(model) == expected[epoch]
    assert [freezing.stage_at(epoch) for epoch in (0, 2, 5, 6)] == [0, 1, 2, 3]


def test_gradual_unfreezing_goes_from_the_top_down_and_ends_with_the_embeddings():
    model = tiny_audio_model("wavlm")
    freezing = Freezing(model, ["encoder"], "gradual")
    parts = model_parts(model)
    for epoch in range(6):
        freezing.enter(model, epoch)
        layers = {name for layer in parts.layers[max(0, 3 - epoch) :] for name in layer} if epoch else set()
        embeddings = set(parts.embeddings) if epoch >= 4 else set()
        assert trained(model) == {*parts.head, *layers, *embeddings}


@pytest.mark.parametrize(
    ("freeze", "unfreeze_at", "message"),
    [
        (["featur_extractor"], None, r"'featur_extractor' matches no module.*wav2vec2\.feature_extractor"),
        (["encoder"], {1: 4}, r"4 layers, expected 1 to 3: the model has 3 in 'wav2vec2\.encoder\.layers'"),
        (["encoder"], {1: 1, 2: 1}, r"says 1 for epoch 2, but nothing of that is frozen"),
        (["feature_extractor"], {1: 2}, r"nothing of that is frozen by then; frozen are wav2vec2\.feature_extractor"),
        ([], {1: 2}, r"nothing is frozen; say what with freeze"),
        (["*"], None, r"leaves nothing to train"),
    ],
)
def test_what_cannot_be_meant_is_refused(freeze, unfreeze_at, message):
    with pytest.raises(ValueError, match=message):
        Freezing(tiny_audio_model("wav2vec2"), freeze, unfreeze_at)


def test_layers_are_not_counted_where_there_are_none():
    model = nn.Module()
    model.features = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 3))
    model.classifier = nn.Linear(2, 3)
    Freezing(model, ["encoder"], {1: "features.2"})
    with pytest.raises(ValueError, match=r"no list of equal layers; name modules instead"):
        Freezing(model, ["encoder"], {1: 1})
