import json

import pytest

from hf_ser.training.run_config import RUN_SETTINGS, command_of, given_settings, parse_run, run_config

SETTINGS = {
    "corpus": "ravdess",
    "data_dir": "somewhere",
    "model_config": {"hidden_size": 32},
    "merge": {"calm": "neutral"},
    "drop": ["sad"],
    "learning_rate": 0.01,
    "num_train_epochs": 3,
    "bf16": False,
    "use_cpu": True,
}


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(SETTINGS))
    return str(path)


def test_flags_win_over_the_file_and_types_are_those_of_the_settings(config):
    data, model, training, _ = parse_run([config, "--learning_rate", "0.02", "--drop", "happy", "angry"])
    assert (data.corpus, data.data_dir, data.drop) == (["ravdess"], ["somewhere"], ["happy", "angry"])
    assert data.merge == {"calm": "neutral"}
    assert model.model_config == {"hidden_size": 32}
    assert (training.learning_rate, training.num_train_epochs, training.use_cpu) == (0.02, 3, True)


def test_a_mapping_gives_the_same_as_a_command_line(config):
    assert vars(run_config(SETTINGS).data) == vars(parse_run([config]).data)
    assert run_config(SETTINGS, learning_rate=0.5).training.learning_rate == 0.5


def test_only_what_was_said_is_given(config):
    assert given_settings(["--seed", "3", "--use_cpu"], RUN_SETTINGS) == {"seed": 3, "use_cpu": True}
    assert given_settings([config], RUN_SETTINGS) == SETTINGS


def test_the_command_of_settings_asks_for_them_again(config):
    import shlex

    words = shlex.split(command_of(SETTINGS, "hf-ser train"))
    assert words[:2] == ["hf-ser", "train"]
    again = run_config(given_settings(words[2:], RUN_SETTINGS))
    assert vars(again.data) == vars(run_config(SETTINGS).data)
    assert again.training.learning_rate == 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--learnin_rat", "1"], "learnin_rat"),
        (["--learning_rate", "fast"], "invalid float value: 'fast'"),
        (["nowhere.json"], "'nowhere.json' cannot be read"),
        (["--model_config", "{hidden"], "expected a JSON object"),
    ],
)
def test_mistakes_are_errors_that_name_the_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        parse_run(arguments)


@pytest.mark.parametrize(("text", "message"), [("[1]", "holds a list"), ("{", "is not JSON")])
def test_files_that_are_no_settings(tmp_path, text, message):
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        parse_run([str(path)])


def test_an_unknown_setting_in_a_mapping_is_an_error():
    with pytest.raises(ValueError, match="hiden_size"):
        run_config(SETTINGS, hiden_size=3)
