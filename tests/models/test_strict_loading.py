import logging

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForAudioClassification,
    HubertConfig,
    HubertForSequenceClassification,
    HubertModel,
    pipeline,
)

import hf_ser
from hf_ser import CctConfig, CctForAudioClassification, SpectrogramFeatureExtractor
from hf_ser.models.loading_report import CheckpointError
from hf_ser.models.strict_loading import from_pretrained_new_head

TINY = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "conv_dim": (8, 8),
    "conv_kernel": (10, 4),
    "conv_stride": (5, 4),
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 12,
}


@pytest.fixture
def hubert(tmp_path):
    torch.manual_seed(0)
    folder = tmp_path / "hubert"
    HubertForSequenceClassification(HubertConfig(**TINY, num_labels=3)).save_pretrained(folder)
    return folder


@pytest.fixture
def cct(tmp_path):
    torch.manual_seed(0)
    folder = tmp_path / "cct"
    config = CctConfig.from_variant("cct_2_3x2_32", num_channels=1, image_size=[32, 96], hidden_size=32, num_labels=3)
    CctForAudioClassification(config).save_pretrained(folder)
    SpectrogramFeatureExtractor.from_preset("log_mel", num_mel_bins=32, num_frames=96).save_pretrained(folder)
    return folder


def change(folder, rename=None, drop=(), add=None):
    """Write the weights again with some tensors under other names, left out or added."""
    tensors = load_file(folder / "model.safetensors")
    renamed = {(rename or {}).get(key, key): value for key, value in tensors.items() if key not in drop}
    save_file({**renamed, **(add or {})}, folder / "model.safetensors", metadata={"format": "pt"})


def test_a_whole_checkpoint_loads_as_it_was_saved(hubert, cct):
    for folder, stock in ((hubert, HubertForSequenceClassification), (cct, CctForAudioClassification)):
        model = hf_ser.from_pretrained_strict(folder)
        assert type(model) is stock
        assert not model.training
        for key, value in load_file(folder / "model.safetensors").items():
            assert torch.equal(model.state_dict()[key], value), key


def test_a_community_head_is_an_error_that_names_keys_and_the_converter(hubert):
    change(hubert, {f"{old}.{kind}": f"{new}.{kind}" for kind in ("weight", "bias") for old, new in COMMUNITY.items()})
    # transformers loads it, with a fresh head
    AutoModelForAudioClassification.from_pretrained(hubert)
    with pytest.raises(CheckpointError) as caught:
        hf_ser.from_pretrained_strict(hubert)
    for named in ("missing classifier.bias", "projector.weight", "unexpected classifier.dense.bias"):
        assert named in str(caught.value)
    assert f"hf_ser.convert_head_checkpoint({str(hubert)!r}, out)" in str(caught.value)
    assert isinstance(caught.value, ValueError)


COMMUNITY = {"projector": "classifier.dense", "classifier": "classifier.output"}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"drop": ("classifier.bias",)}, r"missing classifier\.bias;.*new_head"),
        ({"drop": ("hubert.encoder.layers.1.attention.k_proj.bias",)}, r"missing hubert\.encoder\.layers\.1"),
        ({"add": {"loss.weight": torch.ones(3)}}, r"unexpected loss\.weight; if these tensors play no part"),
        ({"add": {"classifier.weight": torch.ones(4, 12)}}, r"classifier\.weight of shape \(4, 12\) where \(3, 12\)"),
    ],
)
def test_missing_unexpected_and_mismatched_keys_are_errors(hubert, damage, message):
    change(hubert, **damage)
    with pytest.raises(CheckpointError, match=message):
        hf_ser.from_pretrained_strict(hubert)


def test_an_encoder_without_head_is_no_classifier(tmp_path):
    HubertModel(HubertConfig(**TINY)).save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"missing classifier\.bias.*from_encoder"):
        hf_ser.from_pretrained_strict(tmp_path)
    # a new head that is asked for is another matter
    assert from_pretrained_new_head(tmp_path, num_labels=5).classifier.out_features == 5


def test_another_number_of_classes_is_an_error_unless_the_head_is_to_be_new(hubert):
    with pytest.raises(CheckpointError, match="num_labels or id2label of the checkpoint"):
        hf_ser.from_pretrained_strict(hubert, num_labels=7)
    model = from_pretrained_new_head(hubert, num_labels=7)
    assert model.classifier.out_features == 7
    kept = load_file(hubert / "model.safetensors")["projector.weight"]
    assert torch.equal(model.projector.weight, kept)


def test_a_new_head_does_not_excuse_a_damaged_encoder(hubert):
    change(hubert, drop=("hubert.encoder.layers.1.attention.k_proj.bias",))
    with pytest.raises(CheckpointError, match=r"missing hubert\.encoder\.layers\.1\.attention\.k_proj\.bias"):
        from_pretrained_new_head(hubert, num_labels=7)


@pytest.mark.parametrize("option", ["ignore_mismatched_sizes", "output_loading_info"])
def test_options_that_would_excuse_random_weights_are_refused(hubert, option):
    with pytest.raises(TypeError, match=f"{option}.*from_encoder"):
        hf_ser.from_pretrained_strict(hubert, **{option: True})


def test_the_stock_pipeline_refuses_our_models_without_their_head(cct):
    assert len(pipeline("audio-classification", model=str(cct))(torch.zeros(8000).numpy())) == 3
    change(cct, drop=("classifier.weight",))
    for load in (AutoModelForAudioClassification.from_pretrained, CctForAudioClassification.from_pretrained):
        with pytest.raises(CheckpointError, match=r"missing classifier\.weight"):
            load(cct)
    with pytest.raises(ValueError, match=r"missing classifier\.weight"):
        pipeline("audio-classification", model=str(cct))


def test_our_models_leave_the_report_to_those_who_ask_for_it(cct):
    change(cct, drop=("classifier.weight",), add={"other.weight": torch.ones(2)})
    _, report = CctForAudioClassification.from_pretrained(cct, output_loading_info=True)
    assert report["missing_keys"] == {"classifier.weight"}
    assert report["unexpected_keys"] == {"other.weight"}
    model = CctForAudioClassification.from_pretrained(cct, ignore_mismatched_sizes=True)
    assert model.classifier.weight.isfinite().all()


def test_a_folder_that_is_not_whole_is_described(hubert, tmp_path):
    weights = hubert / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-100])
    with pytest.raises(CheckpointError, match="damaged or incomplete; fetch it again"):
        hf_ser.from_pretrained_strict(hubert)
    weights.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", encoding="utf-8")
    with pytest.raises(CheckpointError, match="git lfs pull"):
        hf_ser.from_pretrained_strict(hubert)
    weights.unlink()
    with pytest.raises(FileNotFoundError, match=r"without model\.safetensors.*it holds config\.json"):
        hf_ser.from_pretrained_strict(hubert)
    index = hubert / "model.safetensors.index.json"
    index.write_text('{"metadata": {}, "weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}')
    (hubert / "one.safetensors").write_bytes(whole)
    with pytest.raises(FileNotFoundError, match=r"without two\.safetensors"):
        hf_ser.from_pretrained_strict(hubert)
    (hubert / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"without config\.json"):
        hf_ser.from_pretrained_strict(hubert)
    with pytest.raises(OSError, match="none"):
        hf_ser.from_pretrained_strict(tmp_path / "none", local_files_only=True)


def test_weights_in_pytorch_files_load_as_tensors_only_and_that_is_said(hubert, caplog):
    tensors = load_file(hubert / "model.safetensors")
    (hubert / "model.safetensors").unlink()
    torch.save(tensors, hubert / "pytorch_model.bin")
    with caplog.at_level(logging.WARNING, "hf_ser"):
        model = hf_ser.from_pretrained_strict(hubert)
    assert torch.equal(model.classifier.weight, tensors["classifier.weight"])
    assert "read as tensors only" in caplog.text
