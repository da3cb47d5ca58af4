"""Recipes that learn something else than one emotion, or from recordings whose speakers nobody knows."""

import csv
import json

import numpy as np
import pytest

from hf_ser import cross_validate
from hf_ser.evaluation import Answers
from hf_ser.training import train_main

SETTINGS = {
    "corpus": "csv",
    "protocol": "grouped",
    "num_folds": 3,
    "folds": "all",
    "model_config": {"hidden_size": 32, "tokenizer_in_planes": 8},
    "feature_config": {"num_mel_bins": 32, "num_frames": 96, "normalization": "clip"},
    "num_train_epochs": 1,
    "per_device_train_batch_size": 8,
    "use_cpu": True,
    "disable_tqdm": True,
    "logging_strategy": "no",
}


@pytest.fixture(scope="module")
def manifest(make_ravdess_tree, tmp_path_factory):
    tree = make_ravdess_tree(tmp_path_factory.mktemp("three"), range(1, 4), ("neutral", "sad", "angry"))
    path = tmp_path_factory.mktemp("own") / "clips.csv"
    words = {"01": "neutral", "04": "sad", "05": "angry"}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "emotion", "emotions", "speaker", "arousal", "valence"])
        for number, clip in enumerate(sorted(tree.rglob("*.flac"))):
            word = words[clip.stem.split("-")[2]]
            several = word if number % 2 else f"{word};sad" if word != "sad" else "sad;angry"
            arousal = {"neutral": 2.5, "sad": 1.5, "angry": 4.5}[word] + 0.1 * (number % 3)
            writer.writerow([clip, word, several, clip.stem[-2:], arousal, 5 - arousal if number % 4 else ""])
    return path


def test_dimensions_are_cross_validated(manifest, tmp_path):
    result = cross_validate(
        SETTINGS,
        data_dir=str(manifest),
        corpus_options={"skip_unmatched": True},
        target="dimensions",
        dimensions=["arousal", "valence"],
        output_dir=str(tmp_path),
    )
    assert {"ccc", "mae", "ccc_arousal", "ccc_valence"} <= result.row["test"].keys()
    assert set(result.row["pooled"]["metrics"]) == {"arousal", "valence"}
    answers = Answers.from_parquet(tmp_path / "predictions.parquet")
    assert answers.label_names == ("arousal", "valence")
    assert np.isnan(answers.labels[:, 1]).any()
    assert not np.isnan(answers.labels[:, 0]).any()
    # in the unit of the labels, not standardised
    assert 1.0 < answers.scores[:, 0].mean() < 5.0
    assert "**mean ± std**" in result.table


def test_several_emotions_are_cross_validated(manifest, tmp_path):
    settings = SETTINGS | {"target": "multi-label", "output_dir": str(tmp_path), "data_dir": str(manifest)}
    result = cross_validate(settings, corpus_options={"skip_unmatched": True})
    assert {"macro_f1", "micro_f1", "subset_accuracy", "mean_ap"} == result.row["test"].keys()
    answers = Answers.from_parquet(tmp_path / "predictions.parquet")
    assert set(np.unique(answers.labels)) == {0.0, 1.0}
    assert ((answers.scores > 0) & (answers.scores < 1)).all()
    assert answers.labels.sum(axis=1).max() == 2


def test_without_speakers_the_figures_say_that_they_are_not_speaker_independent(manifest, tmp_path, capsys):
    nobody = tmp_path / "nobody.csv"
    with manifest.open() as file, nobody.open("w", newline="") as out:
        csv.writer(out).writerows(row[:2] for row in csv.reader(file))
    flags = ["--corpus", "csv", "--data_dir", str(nobody), "--protocol", "random", "--folds", "0"]
    for name, value in SETTINGS.items():
        if name not in ("corpus", "protocol", "folds", "num_folds"):
            flags += [f"--{name}", json.dumps(value) if isinstance(value, dict) else str(value)]
    with pytest.raises(ValueError, match="accept_speaker_overlap"):
        train_main([*flags, "--output_dir", str(tmp_path / "refused")])
    train_main([*flags, "--accept_speaker_overlap", "--output_dir", str(tmp_path / "run")])
    assert "NOT speaker-independent" in capsys.readouterr().out
    results = json.loads((tmp_path / "run" / "fold-0" / "results.json").read_text())
    assert results["speaker_independent"] is False
    assert results["train_speakers"] == ["unknown"]


def test_validation_speakers_can_be_trained_on_and_then_nothing_is_validated(manifest, tmp_path, monkeypatch):
    settings = SETTINGS | {"data_dir": str(manifest), "corpus_options": {"skip_unmatched": True}}
    settings |= {"train_on_validation": True, "output_dir": str(tmp_path)}
    with pytest.raises(ValueError, match="train_on_validation leaves nothing to evaluate on"):
        cross_validate(settings)
    result = cross_validate(settings, eval_strategy="no", output_dir=str(tmp_path / "second"))
    folder = tmp_path / "second"
    assert result.row["validation"] is None
    for number in range(3):
        fold = json.loads((folder / "seed-0" / f"fold-{number}" / "results.json").read_text())
        assert fold["train_on_validation"]
        assert "validation" not in fold
        trained, tested = set(fold["train_speakers"]), set(fold["test"]["speakers"])
        assert not trained & tested
        assert len(trained | tested) == 3
    assert {"report.md", "confusion_matrix.png"} <= {path.name for path in (folder / "report").iterdir()}
    # the row and the report do not need matplotlib
    monkeypatch.setattr("hf_ser.training.cross_validation_results.find_spec", lambda name: None)
    again = cross_validate(settings, eval_strategy="no", output_dir=str(folder))
    assert again.row["test"] == result.row["test"]
    assert [path.name for path in (folder / "report").glob("*.png")] == []
