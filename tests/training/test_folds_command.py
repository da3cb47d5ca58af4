"""Folds shown, saved and used again, and classes that a training side lacks by consent."""

import csv
import json

import numpy as np
import pytest

import hf_ser.evaluation
import hf_ser.training
from hf_ser import ProtocolError, cross_validate, load_corpus, load_folds, speaker_folds
from hf_ser.cli import main
from hf_ser.evaluation import Predictions
from hf_ser.training import DataArguments, choose_folds, load_data

RUN = {
    "model_config": {"hidden_size": 32, "tokenizer_in_planes": 8},
    "feature_config": {"num_mel_bins": 32, "num_frames": 96, "normalization": "clip"},
    "num_train_epochs": 1,
    "use_cpu": True,
    "disable_tqdm": True,
    "logging_strategy": "no",
}


@pytest.fixture(scope="module")
def data(ravdess_tree):
    return ["--corpus", "ravdess", "--data_dir", str(ravdess_tree), "--protocol", "grouped", "--num_folds", "3"]


@pytest.fixture(scope="module")
def saved(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("folds") / "folds.json"
    assert main(["folds", *data, "--save", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def one_is_bored(make_ravdess_tree, tmp_path_factory):
    """A manifest of four speakers, one of whom alone is ever bored."""
    tree = make_ravdess_tree(tmp_path_factory.mktemp("tree"), range(1, 5), ("neutral", "sad", "angry"))
    path = tmp_path_factory.mktemp("own") / "clips.csv"
    words = {"01": "neutral", "04": "sad", "05": "angry"}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "emotion", "speaker"])
        for clip in sorted(tree.rglob("*.flac")):
            word, speaker = words[clip.stem.split("-")[2]], clip.stem[-2:]
            writer.writerow([clip, "bored" if (word, speaker) == ("sad", "03") else word, speaker])
    return path


def test_every_fold_is_printed_with_speakers_classes_and_fingerprint(data, ravdess_tree, capsys):
    assert main(["folds", *data]) == 0
    said = capsys.readouterr().out
    corpus = load_corpus("ravdess", ravdess_tree)
    assert said.startswith("ravdess: 96 clips, 6 speakers, fingerprint ")
    for fold in speaker_folds(corpus, "grouped", k=3):
        assert fold.fingerprint in said
        assert f"test speakers: {', '.join(fold.test_speakers)}" in said
        assert f"validation speakers: {', '.join(fold.validation_speakers)}" in said
    assert {"neutral", "surprised"} <= set(said.split())
    assert main(["folds", *data, "--folds", "1"]) == 0
    assert capsys.readouterr().out.count("test speakers:") == 1


def test_a_file_of_a_run_will_do(data, ravdess_tree, tmp_path, capsys):
    settings = RUN | {"data_dir": str(ravdess_tree), "protocol": "leave-one-speaker-out", "seeds": [0]}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    assert main(["folds", str(tmp_path / "config.json")]) == 0
    assert capsys.readouterr().out.count("test speakers:") == 6
    (tmp_path / "config.json").write_text(json.dumps(settings | {"protocoll": "grouped"}))
    assert main(["folds", str(tmp_path / "config.json")]) == 2
    assert "unknown settings: protocoll" in capsys.readouterr().err


def test_saved_folds_are_those_of_the_protocol_and_never_written_over(data, saved, ravdess_tree, capsys):
    corpus = load_corpus("ravdess", ravdess_tree)
    assert load_folds(saved, corpus) == speaker_folds(corpus, "grouped", k=3)
    before = saved.read_bytes()
    assert main(["folds", *data, "--folds", "0", "--save", str(saved)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert saved.read_bytes() == before


def test_saved_folds_are_used_in_place_of_new_ones(saved, ravdess_tree):
    arguments = DataArguments("ravdess", str(ravdess_tree), folds_file=str(saved), folds="2")
    corpus = load_data(arguments)
    ((number, fold),) = choose_folds(corpus, arguments)
    expected = speaker_folds(corpus, "grouped", k=3)[2]
    assert (number, fold.fingerprint, fold.protocol) == (2, expected.fingerprint, "grouped")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_folds": 4}, "num_folds would make others"),
        ({"fold_seed": 1, "test_speakers": "01"}, "fold_seed, test_speakers would make others"),
        ({"allow_missing_classes": True}, "allow_missing_classes would make others"),
        ({"protocol": "leave-one-speaker-out"}, "are of protocol 'grouped'"),
        ({"drop": ["calm"]}, "not in the dataset"),
        ({"merge": {"calm": "neutral"}}, "another emotion"),
    ],
)
def test_settings_that_saved_folds_would_overrule_are_refused(saved, ravdess_tree, settings, message):
    arguments = DataArguments("ravdess", str(ravdess_tree), folds_file=str(saved), **settings)
    with pytest.raises(ProtocolError, match=message):
        choose_folds(load_data(arguments), arguments)


def test_saved_folds_that_share_speakers_need_consent_again(ravdess_tree, tmp_path):
    common = {"corpus": "ravdess", "data_dir": str(ravdess_tree)}
    path = str(tmp_path / "random.json")
    flags = ["--data_dir", str(ravdess_tree), "--protocol", "random", "--num_folds", "3", "--accept_speaker_overlap"]
    assert main(["folds", *flags, "--save", path]) == 0
    arguments = DataArguments(**common, folds_file=path)
    corpus = load_data(arguments)
    with pytest.raises(ProtocolError, match="accept it with --accept_speaker_overlap"):
        choose_folds(corpus, arguments)
    arguments = DataArguments(**common, folds_file=path, accept_speaker_overlap=True, folds="all")
    assert len(choose_folds(corpus, arguments)) == 3


def test_a_run_on_saved_folds_with_a_class_that_one_never_learns(one_is_bored, tmp_path, capsys):
    data = ["--corpus", "csv", "--data_dir", str(one_is_bored), "--protocol", "leave-one-speaker-out"]
    assert main(["folds", *data]) == 2
    assert "would train without 'bored'" in capsys.readouterr().err
    path = str(tmp_path / "folds.json")
    assert main(["folds", *data, "--allow_missing_classes", "--save", path]) == 0
    settings = RUN | {"corpus": "csv", "data_dir": str(one_is_bored), "folds_file": path, "folds": "0,2"}
    result = cross_validate(settings, output_dir=str(tmp_path / "out"), class_weights="balanced")
    assert result.row["protocol"] == "leave-one-speaker-out"
    assert [fold["fold"] for fold in result.row["folds"]] == [0, 2]
    assert result.row["labels"] == ["neutral", "sad", "angry", "bored"]
    assert len(result.predictions) == 24
    # a checkpoint is scored on the side of its own fold; the classes are those of the fold
    command = ["evaluate", "--model", str(tmp_path / "out" / "seed-0" / "fold-2"), *data[:4], "--folds_file", path]
    assert main([*command, "--fold", "2", "--output_dir", str(tmp_path / "report")]) == 0
    scored = Predictions.from_parquet(tmp_path / "report" / "predictions.parquet")
    tested = result.predictions.select(result.predictions.folds == 2)
    assert scored.clips.tolist() == tested.clips.tolist()
    assert np.allclose(scored.scores, tested.scores, atol=1e-5)
    capsys.readouterr()
    assert main([*command, "--fold", "4"]) == 2
    assert "--fold is 4, expected a number from 0 to 3" in capsys.readouterr().err
    assert main([*command]) == 2
    assert "--fold is not given" in capsys.readouterr().err


def test_public_names():
    assert hf_ser.training.FeatureCache.__module__ == "hf_ser.training.feature_cache"
    assert {"FeatureCache", "folds_main"} <= set(hf_ser.training.__all__)
    scores = hf_ser.evaluation.multi_label_metrics([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]], ["happy", "sad"])
    assert scores["macro_f1"] == 1.0
    assert "multi_label_metrics" in hf_ser.evaluation.__all__
