"""The configuration: which states are read and kept, what is refused, saving."""

import pytest
from tiny_speech_encoder import ENCODERS, tiny_config
from transformers import AutoConfig, WhisperConfig

from hf_ser.models.speech_encoder import SpeechEncoderConfig


@pytest.mark.parametrize(
    ("settings", "read", "depth"),
    [
        ({}, [3], 3),
        ({"head": "weighted_sum"}, [0, 1, 2, 3], 3),
        ({"head": "vgg"}, [1, 2, 3], 3),
        ({"layers": [2, 0]}, [2, 0], 2),
        ({"layers": [-1, -4]}, [3, 0], 3),
        ({"layers": [0]}, [0], 1),
        ({"num_encoder_layers": 2}, [2], 2),
        ({"num_encoder_layers": 2, "layers": [-2]}, [1], 2),
        ({"num_encoder_layers": 2, "head": "vgg"}, [1, 2], 2),
    ],
)
def test_states_read_and_layers_kept(settings, read, depth):
    config = tiny_config(**settings)
    assert config.read_states == read
    assert config.encoder_depth == depth
    assert config.is_truncated == (depth < 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": [4]}, r"got 4 in layers=\[4\], expected states from 0 to 3, or -4 to -1"),
        ({"layers": [-5]}, "got -5 in layers"),
        (
            {"num_encoder_layers": 2, "layers": [3]},
            "expected states from 0 to 2.*2 layers are kept",
        ),
        ({"layers": []}, "expected one state or more"),
        ({"layers": [3, -1]}, "each of them once"),
        ({"num_encoder_layers": 4}, "got num_encoder_layers=4, expected 1 to 3"),
        ({"num_encoder_layers": 0}, "expected 1 to 3"),
        ({"head": "mean"}, "got head='mean', expected one of 'mean_tanh', 'weighted_sum'"),
        ({"head_dropout": 1.0}, "head_dropout=1.0, expected a probability"),
        ({"head_hidden_size": -1}, "expected 0 or more"),
        ({"functionals_size": -88}, "expected 0 or more"),
        ({"max_seconds": 0}, "max_seconds=0, expected more than 0 s"),
        ({"encoder_config": {"hidden_size": 32}}, "without model_type, expected e.g."),
        ({"encoder_config": AutoConfig.for_model("resnet")}, "'resnet' without hidden_size|without num_hidden_layers"),
    ],
)
def test_what_does_not_fit_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SpeechEncoderConfig(**{"encoder_config": ENCODERS["hubert"]()} | settings)


def test_layerdrop_is_off():
    assert tiny_config("hubert", {"layerdrop": 0.3}).encoder_config.layerdrop == 0
    assert tiny_config("whisper", {"encoder_layerdrop": 0.3}).encoder_config.encoder_layerdrop == 0


def test_longest_clip():
    assert tiny_config("whisper").max_seconds == 30
    assert tiny_config("whisper", max_seconds=10).max_seconds == 10
    assert tiny_config("hubert").max_seconds is None


@pytest.mark.parametrize("kind", ENCODERS)
def test_saved_and_read_again(kind, tmp_path):
    config = tiny_config(kind, head="vgg", layers=[2, -1], head_config={"input_size": [5, 32]}, num_labels=5)
    config.save_pretrained(tmp_path)
    again = AutoConfig.from_pretrained(tmp_path)
    assert type(again) is SpeechEncoderConfig
    assert type(again.encoder_config) is type(config.encoder_config)
    told = dict.fromkeys(("_name_or_path", "transformers_version"))
    assert again.to_dict() | told == config.to_dict() | told
    assert again.num_labels == 5


def test_an_encoder_given_as_a_dictionary():
    config = SpeechEncoderConfig(encoder_config=WhisperConfig(encoder_layers=2).to_dict())
    assert isinstance(config.encoder_config, WhisperConfig)
    assert config.read_states == [2]
    assert SpeechEncoderConfig().encoder_config.model_type == "hubert"
