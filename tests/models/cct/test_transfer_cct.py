"""Starting a speaker-conditioned CCT from a plain one: every tensor's fate, and the values carried over."""

import pytest
import torch
from reference_cct import ReferenceCct
from safetensors.torch import save_file
from tiny_cct import tiny_config, tiny_model
from tiny_speaker_cct import FUSIONS, tiny_speaker_model
from torch import nn

from hf_ser.models.cct import CctConfig, SpeakerCctConfig, SpeakerCctForAudioClassification, transfer_from_cct
from hf_ser.models.cct.original_names_cct import original_names

TABLE = "cct.embeddings.position_embeddings"
BLOCK = [
    *("layernorm_before.weight", "layernorm_before.bias", "attention.qkv.weight"),
    *("attention.o_proj.weight", "attention.o_proj.bias", "layernorm_after.weight", "layernorm_after.bias"),
    *("mlp.fc1.weight", "mlp.fc1.bias", "mlp.fc2.weight", "mlp.fc2.bias"),
]
TRUNK = [
    *(f"cct.embeddings.tokenizer.stages.{stage}.conv.weight" for stage in range(2)),
    *(f"cct.layers.{layer}.{part}" for layer in range(2) for part in BLOCK),
    *("cct.layernorm.weight", "cct.layernorm.bias"),
]
POOL, HEAD = ["cct.pooler.score.weight", "cct.pooler.score.bias"], ["classifier.weight", "classifier.bias"]
FRESH = ["cct.speaker.unknown", "cct.speaker.projections.0.weight", "cct.speaker.projections.0.bias"]
PAIR = [
    "cct.pair.position_embeddings",
    *(f"cct.pair.block.{part}" for part in BLOCK),
    *("cct.pair.layernorm.weight", "cct.pair.layernorm.bias"),
]
EXPECTED = {
    "pair": (sorted([*TRUNK, *POOL, *HEAD, TABLE]), {}, sorted([*FRESH, *PAIR]), []),
    "token": (sorted([*TRUNK, *POOL, *HEAD]), {TABLE: "52 rows, at rows 1 to 52 of 53"}, sorted(FRESH), []),
    "speaker_token": (sorted([*TRUNK, *HEAD]), {TABLE: "52 rows, at rows 1 to 52 of 53"}, sorted(FRESH), POOL),
}


def fates(report):
    return sorted(report.loaded), report.mapped, sorted(report.fresh), report.unused


@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_tensor_is_accounted_for_and_carried_over(fusion):
    model, plain = tiny_speaker_model(fusion, encoder=True), tiny_model(seed=3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    report = transfer_from_cct(model, plain)
    assert fates(report) == EXPECTED[fusion]
    after, source = model.state_dict(), plain.state_dict()
    own = {name for name in after if not name.startswith("speaker_encoder.")}
    assert own == {*report.loaded, *report.mapped, *report.fresh}
    for name in report.loaded:
        assert torch.equal(after[name], source[name]), name
    for name in (*report.fresh, *(name for name in after if name.startswith("speaker_encoder."))):
        assert torch.equal(after[name], before[name]), name
    if fusion != "pair":
        assert torch.equal(after[TABLE][:, 1:], source[TABLE])
        assert torch.equal(after[TABLE][:, :1], before[TABLE][:, :1])
    assert str(report).count("\n") + 1 == len(own) + len(report.unused)


def test_another_grid_is_resized_as_ccts_own_loader_does(tmp_path):
    plain = tiny_model(image_size=[16, 80])
    plain.save_pretrained(tmp_path)
    model = tiny_speaker_model(context_sizes=[2])
    report = transfer_from_cct(model, tmp_path)
    assert report.mapped == {TABLE: "resized to 52 rows, at rows 2 to 53 of 54"}
    resized = type(plain).from_pretrained(tmp_path, image_size=[16, 50]).cct.embeddings.position_embeddings
    assert torch.equal(model.cct.embeddings.position_embeddings[:, 2:], resized)
    assert plain.config.image_size == [16, 80]


def test_a_base_model_and_other_classes_leave_the_head_fresh(tmp_path):
    model = tiny_speaker_model()
    plain = tiny_model()
    plain.cct.save_pretrained(tmp_path)
    for source in (plain.cct, tmp_path, tiny_model(num_labels=7)):
        report = transfer_from_cct(model, source)
        assert set(HEAD) <= set(report.fresh)
        assert set(POOL) <= set(report.loaded)
    named = tiny_speaker_model(id2label=dict(enumerate("abcd")))
    assert set(HEAD) <= set(transfer_from_cct(named, plain).fresh)


@pytest.mark.parametrize("as_file", [False, True])
def test_an_original_state_dict(tmp_path, as_file):
    torch.manual_seed(0)
    config = CctConfig.from_variant("cct_2_3x2_32", num_channels=1, num_labels=7)
    reference = ReferenceCct(config)
    nn.init.normal_(reference.classifier.positional_emb, std=0.2)
    original = reference.state_dict()
    source = {"state_dict": {f"module.{name}": value for name, value in original.items()}}
    if as_file:
        source = tmp_path / "original.safetensors"
        save_file(original, source)
    variant = SpeakerCctConfig.from_variant("cct_2_3x2_32", num_channels=1, num_labels=4)
    model = SpeakerCctForAudioClassification(variant)
    report = transfer_from_cct(model, source)
    assert report.mapped == {TABLE: "64 rows, at rows 1 to 64 of 65"}
    assert sorted(report.fresh) == sorted([*HEAD, "cct.speaker.unknown"])
    assert torch.equal(model.cct.pooler.score.weight, original["classifier.attention_pool.weight"])
    assert torch.equal(model.cct.embeddings.position_embeddings[:, 1:], original["classifier.positional_emb"])


@pytest.mark.parametrize("kind", ["", "end_to_end_", "end_to_end_speaker_token_"])
def test_a_speaker_conditioned_original_is_for_the_converter(kind):
    config = SpeakerCctConfig.from_variant(f"speaker_vgg_cct_{kind}2_3x2_32", num_channels=1)
    model = SpeakerCctForAudioClassification(config)
    ours = model.state_dict()
    original = {theirs: ours[name] for theirs, name in original_names(config).items()}
    original["classifier.positional_emb"] = ours[TABLE]
    message = r"speaker-conditioned CCT's.*hf_ser\.convert_cct_state_dict and a SpeakerCctConfig, e\.g\. "
    with pytest.raises(ValueError, match=rf"{message}SpeakerCctConfig.*'speaker_vgg_cct_{kind}14_7x2_224'"):
        transfer_from_cct(model, original)
    # a plain one that is not whole is told as before
    del original["classifier.blocks.0.linear1.bias"]
    original["classifier.attention_pool.weight"] = torch.zeros(1, 128)
    if kind == "end_to_end_speaker_token_":
        with pytest.raises(ValueError, match=r"linear1\.bias.*CctConfig\.from_variant of the variant"):
            transfer_from_cct(model, original)


def test_what_does_not_fit_changes_nothing(tmp_path):
    model = tiny_speaker_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError, match=r"stages\.0\.conv\.weight has shape .* same num_channels"):
        transfer_from_cct(model, tiny_model(num_channels=3))
    with pytest.raises(TypeError, match="got a SpeakerCctForAudioClassification, expected a CctForAudio"):
        transfer_from_cct(model, tiny_speaker_model())
    tiny_speaker_model().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="model type 'ser_speaker_cct', expected 'ser_cct'"):
        transfer_from_cct(model, tmp_path)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert tiny_config().num_tokens == 52
