"""The converter: wrappers, tables, heads, and checkpoints that do not fit."""

import argparse
import runpy
import sys
from pathlib import Path

import golden_cct as golden
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from hf_ser.models.cct import (
    CctForAudioClassification,
    CctModel,
    SpeakerCctConfig,
    SpeakerCctForAudioClassification,
    convert_cct_state_dict,
)
from hf_ser.models.cct.convert_cct_checkpoint import convert_cct_checkpoint
from hf_ser.models.cct.original_names_cct import original_names
from hf_ser.models.cct.positions_cct import resize_position_table, sinusoid_table

NAME = "cct_2_3x2_32"
TABLE = "classifier.positional_emb"
SCRIPT = Path(__file__).parents[3] / "examples" / "convert_cct_checkpoint.py"


@pytest.fixture
def original():
    return golden.state_dict(NAME)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda tensors: {"state_dict": tensors, "epoch": 3},
        lambda tensors: {"model": tensors},
        lambda tensors: {f"module.{name}": value for name, value in tensors.items()},
        lambda tensors: {"state_dict": {f"module.model.{name}": value for name, value in tensors.items()}},
    ],
)
def test_wrappers_are_taken_off(original, wrap):
    config = golden.config_of(NAME)
    plain = convert_cct_state_dict(original, config)
    unwrapped = convert_cct_state_dict(wrap(original), config)
    assert plain.keys() == unwrapped.keys() == CctForAudioClassification(config).state_dict().keys()
    assert all(torch.equal(plain[name], unwrapped[name]) for name in plain)


def test_missing_and_unexpected_tensors_are_named(original):
    original["classifier.extra"] = original.pop("classifier.norm.weight")
    with pytest.raises(ValueError, match=r"missing classifier\.norm\.weight; unexpected classifier\.extra;"):
        convert_cct_state_dict(original, golden.config_of(NAME))


def test_another_variant_is_recognised_by_what_is_missing(original):
    with pytest.raises(ValueError, match=r"missing .*blocks\.2.* and \d+ more; build the configuration with"):
        convert_cct_state_dict(original, golden.config_of("cct_4_3x2_32"))
    with pytest.raises(ValueError, match=r"got tokenizer\.conv_layers\.0\.0\.weight of shape \(64, 3, 3, 3\)"):
        convert_cct_state_dict(original, golden.config_of(NAME, num_channels=1))


def test_another_number_of_classes_is_never_a_silent_new_head(original):
    config = golden.config_of(NAME, num_labels=8)
    with pytest.raises(ValueError, match=r"10 classes, expected num_labels=8; pass num_labels=10 .* drop_head=True"):
        convert_cct_state_dict(original, config)
    converted = convert_cct_state_dict(original, config, drop_head=True)
    assert not any(name.startswith("classifier") for name in converted)
    missing, unexpected = CctForAudioClassification(config).load_state_dict(converted, strict=False)
    assert (missing, unexpected) == (["classifier.weight", "classifier.bias"], [])


def test_tables_that_do_not_fit_the_configuration(original):
    with pytest.raises(ValueError, match="position_embedding_type='none', expected none"):
        convert_cct_state_dict(original, golden.config_of(NAME, position_embedding_type="none"))
    table = original.pop(TABLE)
    with pytest.raises(ValueError, match=r"checkpoint without classifier\.positional_emb"):
        convert_cct_state_dict(original, golden.config_of(NAME))
    without = convert_cct_state_dict(original, golden.config_of(NAME, position_embedding_type="none"))
    assert "cct.embeddings.position_embeddings" not in without
    original[TABLE] = table[:, :60]
    with pytest.raises(ValueError, match=r"60 tokens.*pass source_grid="):
        convert_cct_state_dict(original, golden.config_of(NAME))
    original[TABLE] = table[..., :100]
    with pytest.raises(ValueError, match=r"shape \(1, 64, 100\), expected \(1, tokens, 128\)"):
        convert_cct_state_dict(original, golden.config_of(NAME))


def test_a_square_table_becomes_a_spectrograms_even_with_as_many_tokens(original):
    config = golden.config_of(NAME, image_size=[16, 64])
    assert config.num_tokens == original[TABLE].shape[1]
    table = convert_cct_state_dict(original, config)["cct.embeddings.position_embeddings"]
    assert torch.equal(table, resize_position_table(original[TABLE], (8, 8), (4, 16)))
    kept = convert_cct_state_dict(original, config, source_grid=(4, 16))["cct.embeddings.position_embeddings"]
    assert torch.equal(kept, original[TABLE])


def test_resizing_works_along_each_axis_alone():
    table = torch.arange(6.0).view(1, 6, 1)  # 2 x 3 grid: rows 0 1 2 and 3 4 5
    wider = resize_position_table(table, (2, 3), (2, 6)).view(2, 6)
    torch.testing.assert_close(wider[0], torch.tensor([0.0, 0.25, 0.75, 1.25, 1.75, 2.0]))
    torch.testing.assert_close(wider[1], wider[0] + 3)


def save_checkpoint(folder, name=NAME, **extra):
    path = folder / "original.pth"
    torch.save({"state_dict": golden.state_dict(name), **extra}, path)
    return path


def test_a_file_becomes_a_folder_that_loads(tmp_path):
    # timm's training script stores its arguments beside the weights
    path = save_checkpoint(tmp_path, args=argparse.Namespace(lr=1e-3), epoch=5)
    folder = convert_cct_checkpoint(path, tmp_path / "out", NAME)
    model = CctForAudioClassification.from_pretrained(folder)
    logits = model(golden.input_features(NAME)).logits.detach()
    torch.testing.assert_close(logits, golden.expected(NAME, "logits"), rtol=0, atol=1e-5)
    assert {file.name for file in folder.iterdir()} == {"config.json", "model.safetensors"}


def test_safetensors_files_are_read_too(tmp_path):
    save_file(golden.state_dict(NAME), tmp_path / "original.safetensors")
    convert_cct_checkpoint(tmp_path / "original.safetensors", tmp_path / "out", NAME)
    assert CctForAudioClassification.from_pretrained(tmp_path / "out").config.num_labels == 10


@pytest.mark.parametrize("stored", ["trained", "sinusoid", "none"])
def test_a_sine_checkpoint_says_what_its_table_is(tmp_path, stored, caplog):
    name = "cct_2_3x2_32_sine"
    tensors = golden.state_dict(name)
    if stored != "trained":
        del tensors[TABLE]
    if stored == "sinusoid":
        tensors[TABLE] = sinusoid_table(64, 128)
    torch.save(tensors, tmp_path / "original.pth")
    folder = convert_cct_checkpoint(tmp_path / "original.pth", tmp_path / "out", name)
    assert ("holds a trained positional table" in caplog.text) == (stored == "trained")
    model = CctForAudioClassification.from_pretrained(folder)
    assert model.config.position_embedding_type == ("learnable" if stored == "trained" else "sinusoidal")
    assert isinstance(model.cct.embeddings.position_embeddings, nn.Parameter) == (stored == "trained")
    expected = name if stored == "trained" else f"{name}@true_sine"
    logits = model(golden.input_features(name)).logits.detach()
    torch.testing.assert_close(logits, golden.expected(expected, "logits"), rtol=0, atol=1e-5)


def test_dropping_the_head_writes_the_encoder(tmp_path):
    path = save_checkpoint(tmp_path)
    folder = convert_cct_checkpoint(path, tmp_path / "out", NAME, drop_head=True, num_labels=8, image_size=[32, 96])
    model, report = CctModel.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"]
    assert model.config.image_size == [32, 96]
    with pytest.raises(ValueError, match=r"missing classifier\.bias, classifier\.weight"):
        CctForAudioClassification.from_pretrained(folder)
    whole = CctForAudioClassification.from_pretrained(folder, ignore_mismatched_sizes=True)  # with a new head
    assert whole.classifier.out_features == 8
    assert torch.equal(whole.cct.layers[1].mlp.fc1.weight, model.layers[1].mlp.fc1.weight)


def test_a_folder_with_files_is_left_alone(tmp_path):
    path = save_checkpoint(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("keep me")
    with pytest.raises(FileExistsError, match="expected an empty or new one"):
        convert_cct_checkpoint(path, tmp_path / "out", NAME)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["notes.txt"]


class Dangerous:
    """Runs code when unpickled."""

    def __reduce__(self):
        return (print, ("this must not run",))


def test_a_file_that_could_run_code_is_refused(tmp_path, capsys):
    torch.save({"state_dict": golden.state_dict(NAME), "extra": Dangerous()}, tmp_path / "original.pth")
    with pytest.raises(ValueError, match="which could run code"):
        convert_cct_checkpoint(tmp_path / "original.pth", tmp_path / "out", NAME)
    assert "must not run" not in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", ["empty", "text", "cut short", "one tensor"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, damage, suffix):
    path = save_checkpoint(tmp_path).with_suffix(suffix)
    whole = (tmp_path / "original.pth").read_bytes()
    path.write_bytes(
        {"empty": b"", "text": b"not a checkpoint", "cut short": whole[: len(whole) // 2]}.get(damage, b"")
    )
    if damage == "one tensor":
        torch.save(torch.zeros(3), path)
    with pytest.raises(ValueError, match=r"got .*original\.(pth|safetensors)"):
        convert_cct_checkpoint(path, tmp_path / "out", NAME)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(OSError, match=r"nowhere\.pth"):
        convert_cct_checkpoint(tmp_path / "nowhere.pth", tmp_path / "out", NAME)


SPEAKER_NAME = "speaker_vgg_cct_2_3x2_32"


def speaker_checkpoint(folder, name=SPEAKER_NAME):
    """An original pair, token or speaker-token model's file, of random weights."""
    config = SpeakerCctConfig.from_variant(name)
    ours = SpeakerCctForAudioClassification(config).state_dict()
    tensors = {theirs: ours[name].clone() for theirs, name in original_names(config).items()}
    save_file({**tensors, TABLE: ours["cct.embeddings.position_embeddings"].clone()}, folder / "original.safetensors")
    return folder / "original.safetensors"


def test_a_reduction_is_written_unfitted_and_said(tmp_path, caplog):
    path = speaker_checkpoint(tmp_path)
    convert_cct_checkpoint(path, tmp_path / "bare", SPEAKER_NAME)
    assert "unfitted" not in caplog.text
    with pytest.raises(ValueError, match=r"reduce to it with speaker_reduction_dim=128"):
        convert_cct_checkpoint(path, tmp_path / "out", SPEAKER_NAME, speaker_embedding_dim=1024)
    sizes = {"speaker_embedding_dim": 200, "speaker_reduction_dim": 128}
    folder = convert_cct_checkpoint(path, tmp_path / "out", SPEAKER_NAME, **sizes)
    assert "the one to 128 is written unfitted; call model.fit_speaker_reduction" in caplog.text
    model = SpeakerCctForAudioClassification.from_pretrained(folder)
    bare = SpeakerCctForAudioClassification.from_pretrained(tmp_path / "bare").state_dict()
    own = model.state_dict()
    assert own.keys() - bare.keys() == {"cct.speaker.reduction_mean", "cct.speaker.reduction_components"}
    assert all(torch.equal(own[name], value) for name, value in bare.items())
    features, voices = torch.zeros(1, 3, 32, 32), torch.randn(140, 200, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="has not been fitted"):
        model(features, voices[:1])
    assert torch.isfinite(model.fit_speaker_reduction(voices)(features, voices[:1]).logits).all()


def test_what_else_a_speaker_checkpoint_lacks_is_still_an_error(tmp_path):
    path = speaker_checkpoint(tmp_path)
    sizes = {"speaker_embedding_dim": 200, "speaker_reduction_dim": 128}
    tensors = load_file(path)
    tensors["classifier.extra"] = tensors.pop("classifier.norm_cct.weight")
    save_file(tensors, path)
    for drop_head in (False, True):
        with pytest.raises(ValueError, match=r"missing classifier\.norm_cct\.weight; unexpected classifier\.extra;"):
            convert_cct_checkpoint(path, tmp_path / "out", SPEAKER_NAME, drop_head=drop_head, **sizes)
    assert not (tmp_path / "out").exists()


def test_a_speaker_encoder_is_no_part_of_a_checkpoint(tmp_path):
    encoder = {"model_type": "ser_ecapa_tdnn", "embedding_size": 128}
    with pytest.raises(ValueError, match=r"hold no speaker encoder; leave it out.*model\.set_speaker_encoder"):
        convert_cct_checkpoint(
            speaker_checkpoint(tmp_path), tmp_path / "out", SPEAKER_NAME, speaker_encoder_config=encoder
        )


def test_the_script_converts_and_reports_mistakes(tmp_path, monkeypatch, capsys):
    arguments = [str(SCRIPT), str(save_checkpoint(tmp_path)), str(tmp_path / "out"), "--variant", NAME]
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(str(SCRIPT), run_name="__main__")
    assert "hf_ser.CctForAudioClassification.from_pretrained" in capsys.readouterr().out
    assert CctForAudioClassification.from_pretrained(tmp_path / "out").config.num_labels == 10
    with pytest.raises(SystemExit, match="error: got output folder"):
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert len(SCRIPT.read_text().splitlines()) < 60
