"""The configuration: variants by name, geometry of the tokenizer, and what it refuses."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from transformers import AutoConfig

from hf_ser.models.cct import CctConfig

VARIANTS = ["cct_7_3x1_32", "cct_7_3x2_32", "cct_14_7x2_224", "cct_2_5x3_64", "cvt_7_4_32", "vit_2_16_64"]


def test_importing_the_configuration_leaves_modeling_alone():
    code = (
        "import sys; from hf_ser.models.cct import CctConfig; CctConfig.from_variant('cct_7_3x1_32');"
        "print([name for name in sys.modules if name.endswith(('modeling_cct', 'transformers.modeling_utils'))])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_default_is_a_published_variant():
    assert CctConfig(num_labels=10).to_dict() == CctConfig.from_variant("cct_7_3x1_32").to_dict()


def test_from_variant_reads_every_part_of_the_name():
    config = CctConfig.from_variant("cct_14_7x2_384_fl")
    sizes = (config.num_hidden_layers, config.num_attention_heads, config.mlp_ratio, config.hidden_size)
    assert sizes == (14, 6, 3, 384)
    tokenizer = (config.tokenizer_kernel_size, config.tokenizer_stride, config.tokenizer_padding)
    assert tokenizer == (7, 2, 3)
    assert (config.tokenizer_num_layers, config.image_size, config.num_labels) == (2, [384, 384], 102)
    sine = CctConfig.from_variant("vit_7_4_32_sine")
    assert (sine.position_embedding_type, sine.pooling, sine.num_tokens) == ("sinusoidal", "class_token", 65)


def test_overrides_win_over_the_name():
    emotions = ["angry", "happy", "sad"]
    config = CctConfig.from_variant(
        "cct_7_3x1_32",
        num_channels=1,
        image_size=[64, 400],
        id2label=dict(enumerate(emotions)),
        label2id={name: index for index, name in enumerate(emotions)},
        hidden_dropout_prob=0.2,
    )
    assert (config.num_labels, config.num_channels, config.token_grid) == (3, 1, (32, 200))
    assert config.hidden_dropout_prob == 0.2


def test_free_sizes_follow_the_grammar():
    assert CctConfig.from_variant("cct_7_3x2_64x400").token_grid == (16, 100)
    assert CctConfig.from_variant("cct_6_3x3_64_sine_c100").num_labels == 100
    assert CctConfig.from_variant("cvt_8_8_64").token_grid == (8, 8)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("cct_7_3x1_23x", "cct_7_3x1_32"),
        ("cct_5_3x1_32", "5 layers, expected one of 2, 4, 6, 7, 14"),
        ("vit_14_4_32", "expected one of 2, 4, 6, 7 for vit"),
        ("cct_7_4_32", "cct_7_3x2_32"),
        ("cvt_7_4x1_32", "cvt_7_4_32"),
        ("resnet", "published variants: cct_2_3x2_32"),
        (None, "unknown CCT variant None"),
    ],
)
def test_an_unknown_variant_is_refused_with_close_names(name, hint):
    with pytest.raises(ValueError, match="unknown CCT variant") as error:
        CctConfig.from_variant(name)
    assert hint in str(error.value)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("position_embedding_type", "sine", "expected one of 'learnable', 'sinusoidal', 'none'"),
        ("pooling", "mean", "expected one of 'sequence', 'class_token'"),
        ("image_size", [64, 0], r"pass e\.g\. \[64, 400\]"),
        ("image_size", [1, 2, 3], "expected a side or"),
        ("num_attention_heads", 3, "expected the heads to divide"),
        ("hidden_dropout_prob", 1.0, "expected a probability from 0 to below 1"),
        ("num_hidden_layers", 0, "expected a number above 0"),
    ],
)
def test_impossible_values_are_refused(field, value, message):
    with pytest.raises(ValueError, match=message):
        CctConfig(**{field: value})


def test_an_image_too_small_for_the_tokenizer_is_refused():
    with pytest.raises(ValueError, match="enlarge image_size"):
        CctConfig(image_size=[2, 40], tokenizer_padding=0, tokenizer_kernel_size=5, tokenizer_max_pool=False)


def test_json_roundtrip(tmp_path):
    config = CctConfig.from_variant("cvt_7_4_32_sine", image_size=(64, 400), num_labels=8)
    config.save_pretrained(tmp_path)
    assert CctConfig.from_pretrained(tmp_path).to_dict() == config.to_dict()
    assert AutoConfig.from_pretrained(tmp_path).image_size == [64, 400]


def test_one_number_means_a_square_whenever_it_is_set():
    config = CctConfig(image_size=64)
    assert config.image_size == [64, 64]
    config.image_size = 32
    assert config.token_grid == (16, 16)


@pytest.mark.parametrize("name", VARIANTS)
def test_lengths_follow_the_convolutions(name):
    config = CctConfig.from_variant(name)
    stages = config.tokenizer_stages
    convs = [nn.Conv2d(1, 1, stage.kernel_size, stage.stride, stage.padding) for stage in stages]
    pool = nn.MaxPool2d(3, 2, 1) if config.tokenizer_max_pool else nn.Identity()
    patch = stages[0].stride if stages[0].cuts_patches else 1
    for length in range(1, 40):
        padded = -(-length // patch) * patch
        image = torch.zeros(1, 1, padded, padded)
        for conv in convs:
            image = pool(conv(image))
        assert config.tokens_along(length) == image.shape[-1]
        assert config.tokens_along(torch.tensor([length])).tolist() == [image.shape[-1]]
