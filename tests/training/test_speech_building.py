import json

import pytest
import torch
from speech import tiny_encoder_config
from tiny import EMOTIONS, tiny_corpus
from transformers import WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from hf_ser.training import ModelArguments, build_extractor, build_model, train_main

SPEECH = {"model": "speech_encoder", "head": "statistics", "layers": [1, -1], "num_encoder_layers": 2}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    torch.manual_seed(0)
    WhisperEncoder(tiny_encoder_config()).save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)
    return str(folder)


def test_encoder_head_and_layers_are_as_asked_for(encoder):
    arguments = ModelArguments(**SPEECH, encoder=encoder, model_config='{"head_hidden_size": 8}')
    extractor = build_extractor(arguments)
    assert extractor.input_kind == "log_mel"
    model = build_model(arguments, list(EMOTIONS), extractor, seed=3)
    assert (model.config.head, model.config.read_states, len(model.encoder.layers)) == ("statistics", [1, 2], 2)
    assert model.config.head_hidden_size == 8
    assert model.config.id2label == dict(enumerate(EMOTIONS))
    again, other = (build_model(arguments, list(EMOTIONS), extractor, seed) for seed in (3, 4))
    assert again.head.classifier.weight.equal(model.head.classifier.weight)
    assert not other.head.classifier.weight.equal(model.head.classifier.weight)
    assert other.encoder.conv1.weight.equal(model.encoder.conv1.weight)


def test_functionals_of_the_extractor_are_read_by_the_head(encoder):
    arguments = ModelArguments(**SPEECH, encoder=encoder, feature_config={"functionals": "egemaps_v02"})
    model = build_model(arguments, list(EMOTIONS), build_extractor(arguments), seed=0)
    assert model.functionals_mean.shape == (88,)
    arguments = ModelArguments(**SPEECH, encoder=encoder, model_config={"functionals_size": 88})
    with pytest.raises(ValueError, match="set functionals in feature_config alone"):
        build_model(arguments, list(EMOTIONS), build_extractor(arguments), seed=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "hubert"}, "expected one of cct, speech_encoder"),
        ({"encoder": "x"}, "set model to 'speech_encoder'"),
        ({"layers": [1]}, "layers is for speech encoders"),
        ({"model": "speech_encoder"}, "--encoder openai/whisper-base"),
        ({"model": "speech_encoder", "encoder": "x", "features": "mfcc"}, "features is 'mfcc'"),
        ({"model": "speech_encoder", "encoder": "x", "model_name_or_path": "y"}, "leave one side out"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ModelArguments(**settings)


def test_settings_of_speech_encoders_decide_a_run_only_where_one_is_made():
    assert "encoder" not in ModelArguments().decisive()
    assert ModelArguments(model="speech_encoder", encoder="x").decisive()["encoder"] == "x"


def test_command_trains_a_head_on_a_frozen_encoder_and_writes_down_what_was_kept(encoder, tmp_path, capsys):
    tiny_corpus(tmp_path / "corpus", actors=range(1, 5))
    flags = f"--corpus ravdess --data_dir {tmp_path}/corpus --protocol leave-one-speaker-out --folds 0".split()
    flags += f"--model speech_encoder --encoder {encoder} --head statistics --layers 1 2".split()
    flags += f"--num_encoder_layers 2 --freeze encoder --prefix_cache_dir {tmp_path}/cache".split()
    flags += f"--num_train_epochs 1 --use_cpu --disable_tqdm true --output_dir {tmp_path}/run".split()
    flags += ["--corpus_options", '{"check_grid": "off"}']
    assert train_main(flags) == 0
    result = json.loads((tmp_path / "run" / "fold-0" / "results.json").read_text())
    assert result["prefix_cache"] | {"weights": ""} == {
        "layers": 2, "states": [1, 2], "dtype": "float16", "views": 1, "weights": ""
    }  # fmt: skip
    assert 0 < result["trained_parameters"] < result["parameters"]
    settings = json.loads((tmp_path / "run" / "fold-0" / "settings.json").read_text())
    assert (settings["prefix_cache_dtype"], settings["encoder"]) == ("float16", encoder)
    assert "mean" not in capsys.readouterr().err
