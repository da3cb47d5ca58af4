"""The report: its figures, its texts, its files."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from hf_ser.evaluation import (
    Predictions,
    bootstrap_intervals,
    calibration_metrics,
    classification_metrics,
    evaluate_predictions,
    report_predictions,
)

LABELS = ("neutral", "happy", "sad", "angry")
PNG = b"\x89PNG\r\n"


def draw(speakers: int = 6, clips: int = 20, seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    size = speakers * clips
    labels = rng.integers(4, size=size)
    logits = rng.normal(size=(size, 4)) + 1.5 * np.eye(4)[labels]
    names = [f"made/{number // clips:02}" for number in range(size)]
    return {"labels": labels, "scores": logits, "speakers": names}


def test_everything_in_it_comes_from_the_functions() -> None:
    made = draw()
    report = evaluate_predictions(**made, label_names=LABELS, resamples=500, seed=4)
    predicted = made["scores"].argmax(1)
    expected = classification_metrics(made["labels"], predicted, 4)
    probabilities = np.exp(made["scores"]) / np.exp(made["scores"]).sum(1, keepdims=True)
    calibration = calibration_metrics(made["labels"], probabilities)
    for name in ("wa", "ua", "macro_f1"):
        assert report.metrics[name] == expected[name]
    for name in ("ece", "brier", "nll"):
        assert report.metrics[name] == pytest.approx(calibration[name])
    assert report.confusion_matrix == expected["confusion_matrix"]
    assert [row["recall"] for row in report.per_class] == expected["recall"]
    assert report.intervals == bootstrap_intervals(
        made["labels"], predicted, made["speakers"], 4, resamples=500, seed=4
    )
    assert (report.score_type, report.score_type_found) == ("logits", True)
    assert [row["ua"] for row in report.per_speaker] == sorted(row["ua"] for row in report.per_speaker)
    own = np.array(made["speakers"]) == report.per_speaker[0]["speaker"]
    lowest = classification_metrics(made["labels"][own], predicted[own], 4)
    assert report.per_speaker[0]["ua"] == lowest["ua"]
    assert json.loads(report.to_json()) == json.loads(json.dumps(report.to_dict()))


def test_names_logits_and_probabilities_say_the_same() -> None:
    made = draw()
    one = evaluate_predictions(**made, label_names=LABELS, resamples=100)
    named = {**made, "labels": [LABELS[label] for label in made["labels"]]}
    two = evaluate_predictions(**named, label_names=LABELS, resamples=100)
    assert one.to_dict() == two.to_dict()
    probabilities = np.exp(made["scores"]) / np.exp(made["scores"]).sum(1, keepdims=True)
    three = evaluate_predictions(made["labels"], probabilities, made["speakers"], resamples=100)
    assert three.score_type == "probabilities"
    assert three.label_names == ("0", "1", "2", "3")
    assert three.metrics == pytest.approx(one.metrics)


def test_without_speakers_there_are_no_intervals() -> None:
    made = draw()
    report = evaluate_predictions(made["labels"], made["scores"])
    assert (report.intervals, report.per_speaker) == ({}, [])
    assert "No confidence intervals: speakers are unknown" in str(report)
    assert "By speaker" not in str(report)


def test_one_speaker_perfect_constant_and_an_absent_class() -> None:
    made = draw(speakers=1)
    alone = evaluate_predictions(**made)
    assert alone.intervals["ua"].low is None
    assert "only one speaker" in str(alone)
    json.loads(alone.to_json())
    perfect = evaluate_predictions([0, 1, 2, 0], np.eye(4)[[0, 1, 2, 0]], ["a", "a", "b", "b"], label_names=LABELS)
    assert (perfect.metrics["ua"], perfect.metrics["ece"]) == (1.0, 0.0)
    assert perfect.per_class[3] == {"emotion": "angry", "clips": 0, "recall": None, "precision": None, "f1": None}
    assert "| angry | 0 | – | – | – |" in str(perfect)
    constant = evaluate_predictions([0, 1, 2, 3], np.eye(4)[[1, 1, 1, 1]], list("aabb"), label_names=LABELS)
    assert constant.metrics["ua"] == 0.25


def test_kept_predictions_name_their_most_confident_errors() -> None:
    made = draw()
    kept = Predictions.from_logits(
        [f"clip-{number}" for number in range(120)], made["speakers"], made["labels"], made["scores"], LABELS
    )
    report = report_predictions(kept, resamples=100, about={"protocol": "grouped", "command": "a\nb"})
    assert len(report.confident_errors) == 10
    sure = [row["confidence"] for row in report.confident_errors]
    assert sure == sorted(sure, reverse=True)
    wrong = kept.predicted != kept.labels
    assert sure[0] == kept.scores.max(1)[wrong].max()
    assert "- protocol: grouped\n- command: a b" in str(report)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ["neutral"] * 120}, "label_names is missing; pass label_names"),
        ({"labels": [0] * 119}, "got 119 labels and scores of 120 clips"),
        ({"speakers": ["a"] * 119}, "speakers: got 119, expected 120"),
        ({"label_names": LABELS[:3]}, "expected 4 different names"),
        ({"scores": np.full((120, 4), 0.5)}, "pass score_type="),
        ({"score_type": "probabilities"}, "are no probabilities"),
        ({"labels": [4] * 120}, "got class 4 at clip 0"),
    ],
)
def test_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate_predictions(**{**draw(), **changes})


def test_saved_and_not_overwritten_unasked(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = evaluate_predictions(**draw(), label_names=LABELS, resamples=100)
    history = [{"epoch": epoch, "loss": 2 - epoch / 5, "step": epoch} for epoch in range(1, 6)]
    history += [{"epoch": epoch, "eval_loss": 2.0, "eval_ua": epoch / 10, "step": epoch} for epoch in range(1, 6)]
    files = report.save(tmp_path / "report", log_history=history)
    names = ["confusion_matrix.png", "speakers.png", "reliability.png", "training_curves.png"]
    assert [file.name for file in files] == ["report.md", "report.json", *names]
    for file in files[2:]:
        assert file.read_bytes().startswith(PNG)
    text = files[0].read_text(encoding="utf-8")
    assert text.startswith(report.to_markdown())
    assert all(f"]({name})" in text for name in names)
    assert json.loads(files[1].read_text(encoding="utf-8"))["metrics"] == report.metrics
    assert "matplotlib.pyplot" not in sys.modules
    (tmp_path / "report" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"holds a report already .*pass overwrite=True"):
        report.save(tmp_path / "report")
    pictures = files[2].read_bytes()
    report.save(tmp_path / "report", overwrite=True)
    assert files[2].read_bytes() == pictures
    assert not files[5].exists()  # of the older training
    assert (tmp_path / "report" / "mine.txt").exists()


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    report = evaluate_predictions(**draw(), resamples=100)
    with pytest.raises(ImportError, match=r"pip install 'hf-ser\[report\]', or leave them out with figures=False"):
        report.save(tmp_path / "report")
    assert not (tmp_path / "report").exists()
    assert [file.name for file in report.save(tmp_path / "report", figures=False)] == ["report.md", "report.json"]
    with pytest.raises(ValueError, match="figures=False; leave one of them out"):
        report.save(tmp_path / "other", log_history=[], figures=False)


def test_json_file(tmp_path: Path) -> None:
    report = evaluate_predictions(**draw(), resamples=100)
    report.to_json(tmp_path / "report.json")
    with pytest.raises(FileExistsError, match="pass overwrite=True"):
        report.to_json(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["clips"] == 120
