import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score

from hf_ser.evaluation.multi_label import average_precision, multi_label_metrics

NAMES = ["happy", "sad", "angry", "calm"]


@pytest.mark.parametrize("seed", range(5))
def test_scores_equal_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    labels = rng.random((40, 4)) < 0.3
    scores = rng.integers(0, 8, (40, 4)) / 8  # ties
    found = multi_label_metrics(labels.astype(int), scores, NAMES)
    predicted = scores >= 0.5
    assert found["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert found["micro_f1"] == pytest.approx(f1_score(labels, predicted, average="micro"))
    assert found["subset_accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert found["mean_ap"] == pytest.approx(average_precision_score(labels, scores, average="macro"))
    for index, name in enumerate(NAMES):
        assert found["average_precision"][name] == pytest.approx(
            average_precision_score(labels[:, index], scores[:, index])
        )
        assert found["support"][name] == labels[:, index].sum()


def test_emotion_that_never_occurs_is_undefined_and_does_not_count():
    found = multi_label_metrics([[1, 0], [0, 0]], [[0.9, 0.1], [0.2, 0.3]], ["happy", "sad"])
    assert found["f1"] == {"happy": 1.0, "sad": None}
    assert found["average_precision"]["sad"] is None
    assert found["macro_f1"] == found["mean_ap"] == 1.0
    assert average_precision(np.zeros(3), np.ones(3)) is None


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([[1, 0]], [[0.5]], r"labels \(1, 2\), probabilities \(1, 1\)"),
        ([[2, 0]], [[0.5, 0.5]], "expected 0 and 1"),
        ([[1, 0]], [[0.5, 1.5]], "sigmoid of the logits"),
        ([[1, 0]], [[0.5, float("nan")]], "sigmoid of the logits"),
    ],
)
def test_what_cannot_be_scored_is_refused(labels, scores, message):
    with pytest.raises(ValueError, match=message):
        multi_label_metrics(labels, scores, ["happy", "sad"])
