"""Parity with the three models of Speaker VGG CCT, through the converter, and the account of their tensors."""

from functools import cache

import golden_rule
import pytest
import torch
from golden_cct import draw

from hf_ser.models.cct import SpeakerCctConfig, SpeakerCctForAudioClassification, convert_cct_state_dict

ENTRIES = golden_rule.read_index("speaker_vgg.json")
NAMES = sorted({entry.split("@")[0] for entry in ENTRIES})
weight = cache(lambda key, shape: golden_rule.weight(key, shape))
DEAD = {"speaker_vgg_cct_14_7x2_224": ["classifier.norm.weight", "classifier.norm.bias"]}


def state_dict(entry):
    tensors = {}
    for template, shape in ENTRIES[entry]["keys"]:
        for block in range(ENTRIES[entry]["blocks"]) if "{b}" in template else [0]:
            key = template.format(b=block)
            tensors[key] = weight(key, tuple(shape))
    return tensors


def converted_model(entry):
    config = SpeakerCctConfig.from_variant(entry.split("@")[0], num_labels=ENTRIES[entry]["num_classes"])
    with torch.device("meta"):
        model = SpeakerCctForAudioClassification(config)
    model.load_state_dict(convert_cct_state_dict(state_dict(entry), config), assign=True)
    return model.eval()


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_logits_and_intermediates_equal_the_original(name):
    inputs = {key.removeprefix("input."): torch.from_numpy(draw(key, shape))
              for key, shape in ENTRIES[f"{name}@8cls"]["inputs"].items()}  # fmt: skip
    model, of_four = converted_model(f"{name}@8cls"), converted_model(f"{name}@4cls")
    seen = {}
    if model.cct.pair is not None:
        model.cct.pair.block.register_forward_hook(
            lambda module, args, output: seen.update(second_level_in=args[0], second_level_out=output)
        )
    outputs = model.cct(**inputs, output_hidden_states=True)
    tokens, _ = model.cct.embeddings.tokenizer(inputs["input_features"])
    seen |= {
        "tokens": tokens.flatten(2).transpose(1, 2),
        "embedded": outputs.hidden_states[0],
        "block0": outputs.hidden_states[1],
        "last_hidden_state": outputs.last_hidden_state,
        "pooled": outputs.pooler_output,
    }
    assert len(outputs.hidden_states) == 15
    # both differ in the last layer alone, whose weights the rule draws for each
    for classes, last in ((8, model.classifier), (4, of_four.classifier)):
        entry = f"{name}@{classes}cls"
        figures = golden_rule.figures(ENTRIES[entry]["file"])
        torch.testing.assert_close(last(outputs.pooler_output), figures[f"{entry}/logits"], rtol=0, atol=2e-5)
        assert set(ENTRIES[entry]["intermediates"]) == set(seen)
        for what, actual in seen.items():
            golden_rule.assert_figures(lambda kind, what=what: figures[f"{entry}/{what}.{kind}"], actual)  # noqa: B023


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_differs_from_the_published_model_is_its_dead_tensors(entry):
    name = entry.split("@")[0]
    config = SpeakerCctConfig.from_variant(name, num_labels=ENTRIES[entry]["num_classes"])
    with torch.device("meta"):
        model = SpeakerCctForAudioClassification(config)
    dead = DEAD.get(name, [])
    assert model.num_parameters() == ENTRIES[entry]["params"] - len(dead) * config.hidden_size
    assert len(list(model.parameters())) == ENTRIES[entry]["tensors"] - len(dead)
    # what stands in for a voice that is not known is no parameter until it is trained
    assert [key for key, _ in model.named_buffers()] == ["cct.speaker.unknown"]
    assert ENTRIES[entry]["inputs"]["input.speaker_embeddings"][1] == config.speaker_embedding_dim


def test_a_published_checkpoint_lacks_its_dead_tensors_or_not():
    entry = "speaker_vgg_cct_14_7x2_224@4cls"
    config = SpeakerCctConfig.from_variant("speaker_vgg_cct_14_7x2_224", num_labels=4)
    original = state_dict(entry)
    whole = convert_cct_state_dict(original, config)
    bare = convert_cct_state_dict(
        {key: value for key, value in original.items() if key not in DEAD[entry[:-5]]}, config
    )
    assert list(whole) == list(bare)
    assert all(torch.equal(whole[key], bare[key]) for key in whole)
