"""Calibration: constructed cases, and scikit-learn where it has the same figure."""

import json

import numpy as np
import pytest

from hf_ser.evaluation import calibration_metrics, expected_calibration_error
from hf_ser.evaluation.scores import as_probabilities, find_score_type, softmax


def rows(confidences: list[float], num_labels: int = 3) -> np.ndarray:
    """Class 0 has the confidence, the others share the rest."""
    return np.array([[c] + [(1 - c) / (num_labels - 1)] * (num_labels - 1) for c in confidences])


def test_ece_of_a_constructed_case() -> None:
    # 10 clips at 0.8, 6 right: gap 0.2; 10 clips at 0.55, 7 right: gap 0.15
    labels = [0] * 6 + [1] * 4 + [0] * 7 + [2] * 3
    ours = calibration_metrics(labels, rows([0.8] * 10 + [0.55] * 10), bins=10)
    assert ours["ece"] == pytest.approx((10 * 0.2 + 10 * 0.15) / 20)
    assert [one["clips"] for one in ours["bins"]] == [0, 0, 0, 0, 0, 10, 0, 10, 0, 0]  # 0.8 closes 0.7..0.8
    assert ours["bins"][7]["accuracy"] == pytest.approx(0.6)
    assert ours["bins"][7]["confidence"] == pytest.approx(0.8)
    assert ours["bins"][0]["accuracy"] is None
    assert json.loads(json.dumps(ours, allow_nan=False)) == ours


@pytest.mark.parametrize("seed", range(20))
def test_ece_against_a_plain_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, num_labels, bins = int(rng.integers(1, 80)), int(rng.integers(2, 9)), int(rng.integers(1, 20))
    scores, labels = rng.dirichlet(np.full(num_labels, 0.5), size), rng.integers(num_labels, size=size)
    confidence, right = scores.max(1), scores.argmax(1) == labels
    expected = 0.0
    for index in range(bins):
        inside = (confidence > index / bins) & (confidence <= (index + 1) / bins)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert expected_calibration_error(labels, scores, bins) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(10))
def test_brier_and_log_loss_equal_scikit_learn(seed: int) -> None:
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    scores, labels = rng.dirichlet(np.ones(4), 60), rng.integers(4, size=60)
    ours = calibration_metrics(labels, scores)
    assert ours["nll"] == pytest.approx(sklearn_metrics.log_loss(labels, scores, labels=range(4)))
    expected = sum(np.mean((scores[:, k] - (labels == k)) ** 2) for k in range(4))
    assert ours["brier"] == pytest.approx(expected)


def test_perfect_and_constant_predictors() -> None:
    labels = np.array([0, 1, 2, 1])
    perfect = calibration_metrics(labels, np.eye(3)[labels])
    assert (perfect["ece"], perfect["brier"], perfect["nll"]) == (0, 0, 0)
    uniform = calibration_metrics([0, 1, 2], np.full((3, 3), 1 / 3))
    assert uniform["ece"] == pytest.approx(0, abs=1e-12)
    wrong = calibration_metrics([1, 1], np.eye(2)[[0, 0]])
    assert (wrong["ece"], wrong["brier"]) == (1, 2)
    assert np.isfinite(wrong["nll"])


def test_what_scores_are() -> None:
    logits = np.array([[2.0, -1.0], [0.0, 3.0]])
    assert find_score_type(logits) == "logits"
    assert find_score_type(softmax(logits)) == "probabilities"
    assert find_score_type(np.log(softmax(logits))) == "logits"
    np.testing.assert_allclose(as_probabilities(np.log(softmax(logits)), "logits"), softmax(logits))
    with pytest.raises(ValueError, match=r"those of clip 1 sum to 1\.2, .*pass score_type="):
        find_score_type([[0.5, 0.5], [0.6, 0.6]])
    with pytest.raises(ValueError, match="2 of 2 rows are no probabilities"):
        as_probabilities(logits, "probabilities")
    with pytest.raises(ValueError, match="score_type: got 'odds'"):
        as_probabilities(logits, "odds")
    with pytest.raises(ValueError, match=r"not finite in 1 of 2 clips \(first: clip 1\)"):
        find_score_type([[0.5, 0.5], [np.inf, 0]])
    with pytest.raises(ValueError, match=r"got shape \(2,\)"):
        find_score_type([0.5, 0.5])


def test_refused() -> None:
    with pytest.raises(ValueError, match="bins: got 0"):
        calibration_metrics([0], [[1.0, 0.0]], bins=0)
    with pytest.raises(ValueError, match="got 2 labels and 1 rows"):
        calibration_metrics([0, 1], [[1.0, 0.0]])
    with pytest.raises(ValueError, match="got class 2 at clip 0"):
        calibration_metrics([2], [[1.0, 0.0]])
