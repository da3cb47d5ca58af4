"""Saving and loading: every tensor equal in a fresh process, half precision, and other image sizes."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_cct import padded_batch, tiny_model
from torch import nn
from transformers import AutoConfig, AutoModel, AutoModelForAudioClassification

from hf_ser.models.cct import CctForAudioClassification, CctModel, convert_cct_state_dict
from hf_ser.models.cct.positions_cct import sinusoid_table

KINDS = [("cct_2_convs", "learnable"), ("cct_2_convs", "sinusoidal"), ("vit", "sinusoidal"), ("cvt", "none")]

FRESH = """
import sys
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForAudioClassification
import hf_ser
for folder in sys.argv[1:]:
    model = AutoModelForAudioClassification.from_pretrained(folder)
    inputs = load_file(f"{folder}/inputs.bin")
    tensors = {f"state.{name}": value.clone() for name, value in model.state_dict().items()}
    tensors |= {f"buffer.{name}": value.clone() for name, value in model.named_buffers()}
    with torch.no_grad():
        tensors["logits"] = model(inputs["input_features"], inputs["attention_mask"]).logits
    save_file(tensors, f"{folder}/outputs.bin")
"""


def test_a_fresh_process_loads_every_tensor_by_auto_classes(tmp_path):
    folders = []
    for kind, positions in KINDS:
        folder = tmp_path / f"{kind}_{positions}"
        model = tiny_model(kind, position_embedding_type=positions)
        model.save_pretrained(folder)
        features, mask = padded_batch([50, 23])
        save_file({"input_features": features, "attention_mask": mask}, folder / "inputs.bin")
        folders.append((folder, model, features, mask))
    names = [str(folder) for folder, *_ in folders]
    subprocess.run([sys.executable, "-c", FRESH, *names], check=True, capture_output=True)
    for folder, model, features, mask in folders:
        outputs = load_file(folder / "outputs.bin")
        expected = {f"state.{name}": value for name, value in model.state_dict().items()}
        expected |= {f"buffer.{name}": value for name, value in model.named_buffers()}
        assert set(outputs) == {*expected, "logits"}
        for name, value in expected.items():
            assert torch.equal(outputs[name], value), name
        with torch.no_grad():
            torch.testing.assert_close(outputs["logits"], model(features, mask).logits, rtol=0, atol=1e-6)


def test_what_the_checkpoint_lacks_is_an_error_and_initialised_only_when_asked_for(tmp_path):
    model = tiny_model("vit", position_embedding_type="sinusoidal")
    model.save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in tensors.items() if "position" not in name and "class_token" not in name}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"missing cct\.embeddings\.class_token, cct\.embeddings\.position"):
        CctForAudioClassification.from_pretrained(tmp_path)
    loaded = CctForAudioClassification.from_pretrained(tmp_path, ignore_mismatched_sizes=True)
    expected = sinusoid_table(loaded.config.num_tokens, 32)
    assert torch.equal(loaded.cct.embeddings.position_embeddings, expected)
    assert not loaded.cct.embeddings.class_token.any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_checkpoints(tmp_path, dtype):
    tiny_model(position_embedding_type="sinusoidal").to(dtype).save_pretrained(tmp_path)
    features, mask = padded_batch([50, 20])
    half = CctForAudioClassification.from_pretrained(tmp_path)
    full = CctForAudioClassification.from_pretrained(tmp_path, dtype=torch.float32)
    assert {p.dtype for p in half.parameters()} == {dtype}
    assert {p.dtype for p in full.parameters()} == {torch.float32}
    with torch.no_grad():
        torch.testing.assert_close(
            half(features, mask).logits.float(), full(features, mask).logits, rtol=0.05, atol=0.05
        )
    half.resize_position_embeddings([16, 80])
    rounded = sinusoid_table(half.config.num_tokens, 32).to(dtype)
    assert torch.equal(half.cct.embeddings.position_embeddings, rounded)


def resized(table, source, target):
    image = table.view(*source, -1).permute(2, 0, 1)[None]
    image = nn.functional.interpolate(image, size=target, mode="bilinear", align_corners=False, antialias=False)
    return image[0].permute(1, 2, 0).flatten(0, 1)


@pytest.mark.parametrize(
    "model_class", [CctForAudioClassification, CctModel, AutoModelForAudioClassification, AutoModel]
)
@pytest.mark.parametrize("kind", ["cct_2_convs", "vit"])
def test_loading_at_another_size_resizes_the_grid(tmp_path, model_class, kind):
    whole = tiny_model(kind)
    whole.save_pretrained(tmp_path)
    model = whole.cct
    loaded = model_class.from_pretrained(tmp_path, image_size=[24, 80])
    trunk = loaded.base_model
    assert loaded.config.image_size == trunk.config.image_size == [24, 80]
    leading = int(kind == "vit")
    table = trunk.embeddings.position_embeddings[0]
    old = model.embeddings.position_embeddings[0]
    assert isinstance(trunk.embeddings.position_embeddings, nn.Parameter)
    torch.testing.assert_close(
        table[leading:], resized(old[leading:], model.config.token_grid, trunk.config.token_grid)
    )
    assert torch.equal(table[:leading], old[:leading])
    assert torch.isfinite(trunk(torch.randn(1, 1, 24, 71)).pooler_output).all()


def test_a_sinusoid_is_built_anew_for_another_size(tmp_path):
    model = tiny_model("vit", position_embedding_type="sinusoidal")
    model.save_pretrained(tmp_path)
    loaded = CctForAudioClassification.from_pretrained(tmp_path, image_size=[16, 96])
    torch.testing.assert_close(loaded.cct.embeddings.position_embeddings, sinusoid_table(4 * 24 + 1, 32))


def test_a_model_without_positions_takes_any_size(tmp_path):
    tiny_model(position_embedding_type="none").save_pretrained(tmp_path)
    loaded = CctForAudioClassification.from_pretrained(tmp_path, image_size=[16, 200])
    assert loaded(torch.randn(1, 1, 16, 200)).logits.shape == (1, 4)


def test_a_resized_model_saves_its_size(tmp_path):
    model = tiny_model()
    model.resize_position_embeddings([16, 90])
    model.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["image_size"] == [16, 90]
    loaded = CctForAudioClassification.from_pretrained(tmp_path)
    features = torch.randn(1, 1, 16, 88)
    assert torch.equal(loaded(features).logits, model(features).logits)


def test_a_configuration_given_by_hand_or_by_path_is_honoured(tmp_path):
    tiny_model().save_pretrained(tmp_path / "model")
    config = AutoConfig.from_pretrained(tmp_path / "model")
    config.image_size = [16, 70]
    loaded = CctForAudioClassification.from_pretrained(tmp_path / "model", config=config)
    assert loaded.config.image_size == config.image_size == [16, 70]
    config.save_pretrained(tmp_path / "config")
    loaded, report = CctForAudioClassification.from_pretrained(
        tmp_path / "model", config=tmp_path / "config", output_loading_info=True
    )
    assert loaded.config.image_size == [16, 70]
    assert not report["missing_keys"]
    assert not report["mismatched_keys"]


def test_the_same_size_leaves_the_table_alone(tmp_path):
    model = tiny_model()
    model.save_pretrained(tmp_path)
    table = CctForAudioClassification.from_pretrained(tmp_path, image_size=[16, 50]).cct.embeddings
    assert torch.equal(table.position_embeddings, model.cct.embeddings.position_embeddings)
    with pytest.raises(ValueError, match=r"pass e\.g\. \[64, 400\]"):
        CctForAudioClassification.from_pretrained(tmp_path, image_size=[16, 50, 3])


def test_a_table_kept_from_an_original_sine_checkpoint_is_resized_not_rebuilt():
    import golden_cct as golden

    config = golden.config_of("cct_2_3x2_32_sine", position_embedding_type="sinusoidal")
    model = CctForAudioClassification(config)
    model.load_state_dict(convert_cct_state_dict(golden.state_dict("cct_2_3x2_32_sine"), config))
    stored = model.cct.embeddings.position_embeddings[0].clone()
    model.resize_position_embeddings(64)
    torch.testing.assert_close(model.cct.embeddings.position_embeddings[0], resized(stored, (8, 8), (16, 16)))
