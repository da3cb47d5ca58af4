import json
import logging

import numpy as np
import pytest
import torch

from hf_ser import AudioError, CctConfig, CctForAudioClassification, EmotionClassifier, SpectrogramFeatureExtractor
from hf_ser.cli import main

EMOTIONS = ("neutral", "sad", "angry", "happy")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("checkpoint")
    extractor = SpectrogramFeatureExtractor.from_preset("log_mel", num_mel_bins=32, num_frames=96)
    config = CctConfig.from_variant(
        "cct_2_3x2_32",
        num_channels=1,
        image_size=[32, 96],
        hidden_size=32,
        id2label=dict(enumerate(EMOTIONS)),
        label2id={name: index for index, name in enumerate(EMOTIONS)},
    )
    CctForAudioClassification(config).save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder


@pytest.fixture
def classifier(checkpoint):
    return EmotionClassifier.from_pretrained(str(checkpoint))


def clip(seconds, seed=0):
    return np.random.default_rng(seed).normal(scale=0.1, size=round(seconds * 16000)).astype(np.float32)


def test_prediction_names_the_best_of_scores_that_sum_to_one(classifier):
    prediction = classifier({"array": clip(0.5), "sampling_rate": 16000})
    assert set(prediction.scores) == set(EMOTIONS)
    assert sum(prediction.scores.values()) == pytest.approx(1.0)
    assert prediction.confidence == max(prediction.scores.values()) == prediction.scores[prediction.emotion]
    assert prediction.seconds == pytest.approx(0.5)
    assert prediction.windows == 1


def test_clips_of_any_length_are_scored_as_they_are_alone(classifier):
    clips = [clip(seconds, seed) for seed, seconds in enumerate((0.05, 0.4, 2.5, 0.9, 0.96))]
    together = classifier.classify(clips)
    for waveform, prediction in zip(clips, together, strict=True):
        alone = classifier.classify([waveform])[0]
        assert alone.emotion == prediction.emotion
        assert list(alone.scores.values()) == pytest.approx(list(prediction.scores.values()), abs=1e-5)


def test_ten_minutes_are_scored_in_windows_and_said_once(classifier, caplog):
    with caplog.at_level(logging.WARNING):
        prediction = classifier.classify([clip(600.0)])[0]
        classifier.classify([clip(3.0)])
    assert prediction.windows == 625
    assert prediction.seconds == 600.0
    assert [record for record in caplog.records if "windows" in record.message] == caplog.records
    assert len(caplog.records) == 1
    assert "600.0 s" in caplog.records[0].message


def test_all_of_a_long_recording_counts(classifier):
    quiet = clip(1.92)
    loud = quiet.copy()
    loud[-8000:] = np.sin(np.arange(8000) / 3)
    assert classifier.classify([quiet])[0].scores != classifier.classify([loud])[0].scores


def test_stock_pipeline_gives_the_same_scores(checkpoint, classifier):
    from transformers import pipeline

    waveforms = [clip(0.5), clip(0.9, 1), clip(0.2, 2)]
    stock = pipeline("audio-classification", model=str(checkpoint))
    for batch_size in (1, 3):
        answers = stock(waveforms, batch_size=batch_size)
        for answer, ours in zip(answers, classifier.classify(waveforms), strict=True):
            assert {row["label"]: row["score"] for row in answer} == pytest.approx(ours.scores, abs=1e-5)


def test_unreadable_source_raises(classifier, tmp_path):
    with pytest.raises(AudioError, match=r"none\.wav"):
        classifier(tmp_path / "none.wav")


def test_batch_size_must_be_positive(checkpoint):
    with pytest.raises(ValueError, match="batch_size is 0"):
        EmotionClassifier.from_pretrained(str(checkpoint), batch_size=0)


def test_command_prints_a_table(checkpoint, ravdess_tree, capsys):
    files = [str(path) for path in sorted(ravdess_tree.rglob("*.flac"))[:2]]
    assert main(["predict", *files, "--model", str(checkpoint)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["file", "emotion", "confidence", "seconds"]
    assert [line.split()[0] for line in lines[1:]] == files
    assert all(line.split()[1] in EMOTIONS for line in lines[1:])


def test_command_prints_json_and_a_bad_file_loses_no_other(checkpoint, ravdess_tree, tmp_path, capsys):
    good = [str(path) for path in sorted(ravdess_tree.rglob("*.flac"))[:2]]
    bad = tmp_path / "broken.wav"
    bad.write_bytes(b"")
    assert main(["predict", good[0], str(bad), good[1], "--model", str(checkpoint), "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [row["file"] for row in rows] == [good[0], str(bad), good[1]]
    assert set(rows[0]["scores"]) == set(EMOTIONS)
    assert str(bad) in rows[1]["error"]
    assert rows[2]["emotion"] in EMOTIONS


def test_command_reports_a_bad_file_on_the_error_stream(checkpoint, ravdess_tree, tmp_path, capsys):
    good = str(next(iter(sorted(ravdess_tree.rglob("*.flac")))))
    assert main(["predict", str(tmp_path / "none.wav"), good, "--model", str(checkpoint)]) == 1
    output = capsys.readouterr()
    assert "none.wav" in output.err
    assert good in output.out


def test_command_names_a_model_that_is_not_there(tmp_path, capsys):
    assert main(["predict", "x.wav", "--model", str(tmp_path / "nothing")]) == 2
    assert "cannot load the model" in capsys.readouterr().err


def test_damaged_weights_are_named(checkpoint, tmp_path, capsys):
    for file in checkpoint.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ValueError, match="damaged or incomplete"):
        EmotionClassifier.from_pretrained(str(tmp_path))
    assert main(["predict", "x.wav", "--model", str(tmp_path)]) == 2
    assert "cannot load the model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("problem_type", "function"), [("regression", "none"), ("multi_label_classification", "sigmoid")]
)
def test_answers_that_are_no_single_emotion_are_refused_with_the_way_out(checkpoint, problem_type, function):
    classifier = EmotionClassifier.from_pretrained(str(checkpoint))
    classifier.model.config.problem_type = problem_type
    with pytest.raises(ValueError, match=rf"{problem_type}.*function_to_apply='{function}'"):
        EmotionClassifier(classifier.model, classifier.feature_extractor)
