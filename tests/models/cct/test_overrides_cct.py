"""Overrides of a variant: unknown names, label names that disagree, sizes, ranges and activations."""

import numpy as np
import pytest
import torch

from hf_ser.models.cct import CctConfig, CctForAudioClassification
from hf_ser.models.cct.configuration_cct import as_image_size

VARIANT = "cct_2_3x1_32"
NAMES = ("angry", "happy", "sad")


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("num_lables", "did you mean 'num_labels'?"),
        ("img_size", "did you mean 'image_size'?"),
        ("attention_dropout", "attention_probs_dropout_prob"),
        ("zzz", "settings: architectures"),
    ],
)
def test_an_unknown_override_is_refused_with_the_closest_name(override, hint):
    with pytest.raises(ValueError, match=f"got '{override}', which is no setting of CctConfig") as error:
        CctConfig.from_variant(VARIANT, **{override: 3})
    assert hint in str(error.value)


def test_settings_of_every_configuration_are_taken():
    config = CctConfig.from_variant(
        VARIANT,
        problem_type="multi_label_classification",
        dtype="float16",
        attn_implementation="eager",
        return_dict=False,
        output_hidden_states=True,
        output_attentions=True,
    )
    assert config.problem_type == "multi_label_classification"
    assert config.dtype == torch.float16
    assert config._attn_implementation == "eager"
    assert (config.return_dict, config.output_hidden_states, config.output_attentions) == (False, True, True)


@pytest.mark.parametrize(
    "names",
    [
        {"label2id": {name: index for index, name in enumerate(NAMES)}},
        {"label2id": {name: str(index) for index, name in enumerate(NAMES)}},
        {"id2label": {str(index): name for index, name in enumerate(NAMES)}, "num_labels": 3},
    ],
)
def test_label_names_may_come_either_way(names):
    config = CctConfig.from_variant(VARIANT, **names)
    assert config.id2label == dict(enumerate(NAMES))
    assert config.num_labels == 3


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"id2label": dict(enumerate(NAMES)), "num_labels": 8}, r"num_labels=8 and names of 3 labels \(angry, happy"),
        ({"label2id": {"a": 0, "b": 1}, "num_labels": 3}, "num_labels=3 and names of 2 labels"),
        ({"id2label": {0: "a", 1: "b"}, "label2id": {"b": 0, "a": 1}}, "which disagree; pass one of them"),
        ({"id2label": {1: "a", 2: "b"}}, "number the labels from 0"),
        ({"id2label": {"x": "a"}}, "number the labels from 0"),
        ({"label2id": {"a": 0, "b": 0}}, r"label2id=\{'a': 0, 'b': 0\}, whose indices"),
        ({"id2label": {}}, "number the labels from 0"),
    ],
)
def test_labels_that_disagree_are_refused(names, message):
    with pytest.raises(ValueError, match=message):
        CctConfig.from_variant(VARIANT, **names)


@pytest.mark.parametrize("count", [0, -1, 2.5, "3", True, None])
def test_a_number_of_labels_that_is_none_is_refused(count):
    with pytest.raises(ValueError, match=rf"got num_labels={count!r}, expected a whole number of at least 1"):
        CctConfig(num_labels=count)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tokenizer_pool_padding": 2}, "tokenizer_pool_padding=2, expected 0 to 1, half of"),
        ({"tokenizer_pool_padding": -1}, "tokenizer_pool_padding=-1, expected 0 to 1"),
        ({"layer_norm_eps": 0.0}, "layer_norm_eps=0.0, expected a number above 0"),
        ({"initializer_range": -0.02}, "initializer_range=-0.02, expected a number above 0"),
        ({"position_initializer_range": 0.0}, "position_initializer_range=0.0"),
    ],
)
def test_values_that_fail_only_later_are_refused_at_once(settings, message):
    with pytest.raises(ValueError, match=message):
        CctConfig(**settings)


@pytest.mark.parametrize("field", ["hidden_act", "tokenizer_activation"])
def test_an_unknown_activation_is_named_when_the_model_is_built(field):
    config = CctConfig.from_variant(VARIANT, **{field: "geluu"})
    with pytest.raises(ValueError, match=rf"got {field}='geluu', expected one of .*did you mean gelu"):
        CctForAudioClassification(config)


def test_whole_numbers_of_any_kind_are_image_sizes():
    assert as_image_size(np.int64(32)) == [32, 32]
    assert as_image_size((np.int32(64), 400)) == [64, 400]
    assert as_image_size(np.array([64, 400])) == [64, 400]
    assert all(type(side) is int for side in as_image_size((np.int32(64), 400)))
    assert CctConfig.from_variant(VARIANT, image_size=np.int64(64)).image_size == [64, 64]


@pytest.mark.parametrize("size", [22.5, "32", None, True, [32.5, 3], [True, 3], {}, np.float32(3)])
def test_other_image_sizes_are_refused(size):
    with pytest.raises(ValueError, match=r"expected a side or \[frequency bins, time frames\]"):
        as_image_size(size)
