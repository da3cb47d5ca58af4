"""The packaged modules for the library evaluate, without a network."""

import os
import subprocess
import sys

import numpy as np
import pytest

import hf_ser.evaluation as package
from hf_ser.evaluation import list_metrics, load_metric, metric_path
from hf_ser.evaluation.scores import softmax

evaluate = pytest.importorskip("evaluate")

NAMES = ["ccc", "class_f1", "class_precision", "class_recall", "confusion_matrix", "ece", "macro_f1", "ua", "wa"]
LABELS, PREDICTIONS = [0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2]


@pytest.fixture(autouse=True)
def own_caches(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluate.config.HF_METRICS_CACHE", tmp_path)
    monkeypatch.setattr("evaluate.config.HF_EVALUATE_OFFLINE", True)
    monkeypatch.setattr("socket.socket.connect", refuse)


def refuse(*_args) -> None:
    raise AssertionError("a metric asked for the network")


def test_all_are_there_and_describe_themselves() -> None:
    assert list_metrics() == NAMES
    for name in NAMES:
        metric = load_metric(name)
        assert metric.name == name
        assert metric.info.description.strip()
        assert "@" in metric.info.citation
        assert metric.info.reference_urls
        assert name in metric.info.inputs_description
        assert "references" in metric.info.features


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("ece", "ccc")])
def test_same_as_the_functions(name: str) -> None:
    expected = package.classification_metrics(LABELS, PREDICTIONS, 3)[name.removeprefix("class_")]
    assert evaluate.load(metric_path(name)).compute(predictions=PREDICTIONS, references=LABELS) == {name: expected}
    metric = load_metric(name)
    for start in (0, 2, 4):
        metric.add_batch(predictions=PREDICTIONS[start : start + 2], references=np.array(LABELS[start : start + 2]))
    assert metric.compute() == {name: expected}


def test_number_of_classes_may_be_told() -> None:
    assert load_metric("class_recall").compute(predictions=[0, 0], references=[0, 0])["class_recall"] == [1.0]
    told = load_metric("class_recall").compute(predictions=[0, 0], references=[0, 0], num_labels=3)
    assert told["class_recall"] == [1.0, None, None]
    with pytest.raises(TypeError, match="unknown options classes"):
        load_metric("wa").compute(predictions=[0], references=[0], classes=2)


def test_calibration_error_of_probabilities_and_logits() -> None:
    logits = np.random.default_rng(0).normal(size=(40, 4))
    labels = np.random.default_rng(1).integers(4, size=40)
    expected = package.expected_calibration_error(labels, softmax(logits), 10)
    metric = load_metric("ece")
    assert metric.compute(prediction_scores=softmax(logits), references=labels, bins=10)["ece"] == pytest.approx(
        expected
    )
    told = metric.compute(prediction_scores=logits, references=labels, bins=10, score_type="logits")
    assert told["ece"] == pytest.approx(expected)
    with pytest.raises(ValueError, match="are no probabilities"):
        metric.compute(prediction_scores=logits, references=labels)


def test_concordance() -> None:
    metric = load_metric("ccc")
    assert metric.compute(predictions=[1, 2, 4], references=[1, 2, 3.5])["ccc"] == pytest.approx(
        package.concordance_correlation([1, 2, 3.5], [1, 2, 4])
    )
    assert metric.compute(predictions=[1, 1], references=[1, 1]) == {"ccc": None}


def test_combined() -> None:
    names = ["wa", "ua", "macro_f1", "class_recall", "confusion_matrix"]
    expected = package.classification_metrics(LABELS, PREDICTIONS, 3)
    both = evaluate.combine([metric_path(name) for name in names])
    found = both.compute(predictions=PREDICTIONS, references=LABELS)
    assert found == {name: expected[name.removeprefix("class_")] for name in names}
    both.add_batch(predictions=PREDICTIONS[:3], references=LABELS[:3])
    both.add_batch(predictions=PREDICTIONS[3:], references=LABELS[3:])
    assert both.compute()["ua"] == expected["ua"]
    with_scores = evaluate.combine([load_metric("ua"), load_metric("ece")])
    scores = 0.7 * np.eye(3)[PREDICTIONS] + 0.1
    found = with_scores.compute(predictions=PREDICTIONS, references=LABELS, prediction_scores=scores)
    assert found == {
        "ua": expected["ua"],
        "ece": pytest.approx(package.expected_calibration_error(LABELS, scores)),
    }


def test_unknown_name() -> None:
    with pytest.raises(ValueError, match=r"metric: got 'uar', expected one of ccc, .*ua, wa"):
        metric_path("uar")


def test_importing_the_room_stays_light() -> None:
    code = (
        "import sys, hf_ser.evaluation, hf_ser; "
        "print([name for name in ('torch', 'transformers', 'datasets', 'evaluate', 'matplotlib', 'pyarrow', 'pandas') "
        "if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert found.stdout.strip() == "[]"
