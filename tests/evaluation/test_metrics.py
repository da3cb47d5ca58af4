"""Metrics against scikit-learn, absent classes included."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hf_ser.evaluation import classification_metrics, compute_metrics, confusion_matrix, predicted_classes

sklearn_metrics = pytest.importorskip("sklearn.metrics")


def draw(seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Labels and predictions over random subsets of the classes, so that classes are often absent from either."""
    rng = np.random.default_rng(seed)
    num_labels = int(rng.integers(1, 10))
    size = int(rng.integers(1, 40))
    some = [rng.choice(num_labels, size=int(rng.integers(1, num_labels + 1)), replace=False) for _ in range(2)]
    return rng.choice(some[0], size=size), rng.choice(some[1], size=size), num_labels


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(60))
def test_equal_to_scikit_learn(seed: int) -> None:
    labels, predictions, num_labels = draw(seed)
    ours = classification_metrics(labels, predictions, num_labels)
    assert ours["wa"] == pytest.approx(sklearn_metrics.accuracy_score(labels, predictions))
    assert ours["ua"] == pytest.approx(sklearn_metrics.balanced_accuracy_score(labels, predictions))
    assert ours["macro_f1"] == pytest.approx(sklearn_metrics.f1_score(labels, predictions, average="macro"))
    every = list(range(num_labels))
    np.testing.assert_array_equal(
        ours["confusion_matrix"], sklearn_metrics.confusion_matrix(labels, predictions, labels=every)
    )
    for name in ("recall", "precision", "f1"):
        theirs = getattr(sklearn_metrics, f"{name}_score")(
            labels, predictions, labels=every, average=None, zero_division=math.nan
        )
        np.testing.assert_allclose([math.nan if share is None else share for share in ours[name]], theirs)
    assert ours["support"] == np.bincount(labels, minlength=num_labels).tolist()
    assert json.loads(json.dumps(ours, allow_nan=False)) == ours


def test_known_case() -> None:
    ours = classification_metrics([0, 0, 0, 1], [0, 0, 2, 0], num_labels=4)
    assert ours["wa"] == 0.5
    assert ours["ua"] == pytest.approx((2 / 3 + 0) / 2)  # classes 2 and 3 have no clips
    assert ours["macro_f1"] == pytest.approx((2 / 3 + 0 + 0) / 3)  # class 2 was predicted
    assert ours["recall"] == [pytest.approx(2 / 3), 0.0, None, None]
    assert ours["precision"] == [pytest.approx(2 / 3), None, 0.0, None]
    np.testing.assert_array_equal(confusion_matrix([1], [0], 2), [[0, 0], [1, 0]])


@pytest.mark.parametrize("wrap", [lambda logits: logits, lambda logits: (logits, np.zeros((3, 5, 7)))])
def test_trainer_adapter_takes_logits_or_a_tuple(wrap) -> None:
    logits = np.array([[3.0, 1, 0], [0, 2, 1], [0, 2, 1]], dtype=np.float32)
    scores = compute_metrics(SimpleNamespace(predictions=wrap(logits), label_ids=np.array([0, 1, 2])))
    assert scores == {"wa": pytest.approx(2 / 3), "ua": pytest.approx(2 / 3), "macro_f1": pytest.approx(5 / 9)}


def test_highest_score_wins_first_of_equals_and_infinity_is_a_score() -> None:
    scores = torch.tensor([[1.0, 1.0], [-math.inf, 0.0], [0.2, math.inf]])
    np.testing.assert_array_equal(predicted_classes(scores), [0, 1, 1])


@pytest.mark.parametrize(
    ("labels", "predictions", "error", "says"),
    [
        ([0, 1], [0], ValueError, "2 labels and 1 predictions"),
        ([], [], ValueError, "at least one clip"),
        ([[0, 1]], [[0, 1]], ValueError, r"\(1, 2\)"),
        ([0, 3], [0, 0], ValueError, "labels: got class 3 at clip 1, expected 0 to 2"),
        ([0, 1], [0, -100], ValueError, "predictions: got class -100"),
        ([0.0, 1.0], [0, 1], TypeError, "float64"),
        (["sad"], [0], TypeError, "class numbers"),
    ],
)
def test_wrong_classes_are_explained(labels, predictions, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        classification_metrics(labels, predictions, num_labels=3)


def test_small_integers_of_numpy_count_far_enough() -> None:
    assert confusion_matrix([1], [0], np.int8(100)).shape == (100, 100)


def test_other_wrong_input_is_explained() -> None:
    with pytest.raises(ValueError, match="num_labels: got 0"):
        classification_metrics([0], [0], num_labels=0)
    with pytest.raises(ValueError, match=r"NaN in 1 of 2 clips \(first: clip 1\)"):
        predicted_classes([[0.0, 1.0], [math.nan, 1.0]])
    with pytest.raises(ValueError, match=r"\(clips, num_labels\)"):
        predicted_classes([0.0, 1.0])
    with pytest.raises(ValueError, match="got class 2"):
        compute_metrics(SimpleNamespace(predictions=np.zeros((1, 2)), label_ids=np.array([2])))
