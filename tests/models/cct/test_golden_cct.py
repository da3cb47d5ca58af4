"""Parity with the original Compact Transformers, through the converter, for every published variant."""

import golden_cct as golden
import golden_rule
import pytest
import torch

from hf_ser.models.cct import CctConfig, CctForAudioClassification, convert_cct_state_dict
from hf_ser.models.cct.positions_cct import sinusoid_table
from hf_ser.models.cct.variants_cct import PUBLISHED_VARIANTS


def converted_model(name, **overrides):
    config = golden.config_of(name, **overrides)
    model = CctForAudioClassification(config)
    model.load_state_dict(convert_cct_state_dict(golden.state_dict(name), config))
    return model.eval()


def assert_figures(name, what, actual):
    golden_rule.assert_figures(lambda kind: golden.expected(name, f"{what}.{kind}"), actual)


@pytest.mark.parametrize("name", golden.ENTRIES)
def test_logits_and_intermediates_equal_the_original(name):
    model = converted_model(name)
    entry = golden.ENTRIES[name]
    features = golden.input_features(name)
    with torch.no_grad():
        outputs = model.cct(features, output_hidden_states=True)
        logits = model.classifier(outputs.pooler_output)
        tokens, _ = model.cct.embeddings.tokenizer(features)
    torch.testing.assert_close(logits, golden.expected(name, "logits"), rtol=0, atol=1e-5)
    assert_figures(name, "tokens", tokens.flatten(2).transpose(1, 2))
    assert_figures(name, "embedded", outputs.hidden_states[0])
    assert_figures(name, "block0", outputs.hidden_states[1])
    assert_figures(name, "last_hidden_state", outputs.last_hidden_state)
    assert_figures(name, "pooled", outputs.pooler_output)
    if "positional_emb" in entry["intermediates"]:
        table = model.cct.embeddings.position_embeddings
        assert_figures(name, "positional_emb", table)
        sampled = table.detach().flatten()[golden.expected(name, "positional_emb.sample_index").long()]
        torch.testing.assert_close(sampled, golden.expected(name, "positional_emb.sample_value"), rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", [name for name in golden.ENTRIES if "@resize" not in name])
def test_sizes_equal_the_original(name):
    with torch.device("meta"):
        model = CctForAudioClassification(golden.config_of(name))
    sizes = [tensor.numel() for tensor in model.state_dict().values()]
    entry = golden.ENTRIES[name]
    assert (sum(sizes), len(sizes)) == (entry["params"], entry["tensors"])


def test_every_published_variant_has_figures_and_its_own_classes():
    assert set(PUBLISHED_VARIANTS) == {name for name in golden.ENTRIES if "@" not in name}
    for name in PUBLISHED_VARIANTS:
        assert CctConfig.from_variant(name).num_labels == golden.ENTRIES[name]["num_classes"]


def test_a_stored_table_is_kept_whatever_the_name_says():
    name = "cct_2_3x2_32_sine"
    model = converted_model(name, position_embedding_type="sinusoidal")
    logits = model(golden.input_features(name)).logits
    torch.testing.assert_close(logits.detach(), golden.expected(name, "logits"), rtol=0, atol=1e-5)
    assert not model.cct.embeddings.position_embeddings.requires_grad


@pytest.mark.parametrize("stored", [True, False], ids=["stored sinusoid", "no table"])
@pytest.mark.parametrize("name", ["cct_2_3x2_32_sine@true_sine", "vit_2_4_32_sine"])
def test_a_sinusoid_is_the_same_stored_or_built(name, stored):
    config = golden.config_of(name)
    original = golden.state_dict(name)
    if stored:
        original["classifier.positional_emb"] = sinusoid_table(config.num_tokens, config.hidden_size)
    model = CctForAudioClassification(config).eval()
    model.load_state_dict(convert_cct_state_dict(original, config))
    logits = model(golden.input_features(name)).logits
    torch.testing.assert_close(logits.detach(), golden.expected(name, "logits"), rtol=0, atol=1e-5)
