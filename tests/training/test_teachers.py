import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from hf_ser.training.teachers import WhisperTeacher


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=16, encoder_layers=3, encoder_attention_heads=2, encoder_ffn_dim=32, num_mel_bins=80
    )
    return WhisperEncoder(config).eval()


@pytest.fixture(scope="module")
def folder(encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whisper")
    encoder.config.save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)
    save_file(
        {f"encoder.{name}": value.half() for name, value in encoder.state_dict().items()}, folder / "model.safetensors"
    )
    return folder


def noise(seconds):
    return np.random.default_rng(0).normal(scale=0.1, size=round(seconds * 16000)).astype(np.float32)


def test_full_length_clip_gets_what_the_stock_encoder_gives(folder, encoder):
    features = WhisperFeatureExtractor()(noise(30.0), sampling_rate=16000, return_tensors="pt").input_features
    with torch.no_grad():
        hidden = encoder(features, output_hidden_states=True).hidden_states
    expected = torch.cat([hidden[1], hidden[2]], dim=-1)[0][:1496].unflatten(0, (-1, 8)).mean(1)
    targets = WhisperTeacher(folder, layers=[1, 2])(noise(30.0)[: 187 * 2560])
    assert targets.shape == (187, 32)
    # weights are stored in half precision, and the last targets see that the clip was cut by 0.08 s
    assert np.abs(targets[:150] - expected.numpy()[:150]).max() < 0.02


@pytest.mark.parametrize(("samples", "targets"), [(1, 1), (2560, 1), (2561, 2), (16000, 7)])
def test_one_target_for_every_span_begun(folder, samples, targets):
    teacher = WhisperTeacher(folder, layers=[2])
    assert teacher(noise(1.0)[:samples]).shape == (targets, teacher.dim) == (targets, 16)


def test_half_precision_arithmetic_is_close(folder):
    exact, fast = (
        WhisperTeacher(folder, layers=[1])(noise(1.0)),
        WhisperTeacher(folder, layers=[1], bf16=True)(noise(1.0)),
    )
    assert fast.dtype == np.float32
    assert np.abs(exact - fast).mean() < 0.05


def test_only_layers_that_are_used_are_kept(folder):
    assert len(WhisperTeacher(folder, layers=[1]).encoder.layers) == 1


@pytest.mark.parametrize("layers", [[0], [4], []])
def test_layer_that_is_not_there_is_refused(folder, layers):
    with pytest.raises(ValueError, match="expected numbers from 1 to 3"):
        WhisperTeacher(folder, layers=layers)


def test_span_between_frames_is_refused(folder):
    with pytest.raises(ValueError, match=r"target_seconds is 0.15, expected a multiple of the encoder's 0.02 s"):
        WhisperTeacher(folder, layers=[1], target_seconds=0.15)


def test_clip_beyond_the_positions_is_refused(folder):
    with pytest.raises(ValueError, match=r"31.0 s, expected at most 30 s"):
        WhisperTeacher(folder, layers=[1])(noise(31.0))


def test_missing_weights_are_named(folder, tmp_path, encoder):
    encoder.config.save_pretrained(tmp_path)
    WhisperFeatureExtractor().save_pretrained(tmp_path)
    save_file({"encoder.conv1.weight": encoder.conv1.weight.detach()}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"lacks \d+ tensors of the encoder, 'conv1.bias' first"):
        WhisperTeacher(tmp_path, layers=[1])
