"""The concordance correlation against its formula, and the score of each dimension."""

import numpy as np
import pytest

from hf_ser.evaluation import concordance_correlation, dimensional_metrics


@pytest.mark.parametrize("seed", range(20))
def test_ccc_equals_its_formula(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(rng.uniform(-50, 50), rng.uniform(0.1, 5), size=int(rng.integers(2, 200)))
    y = rng.uniform(-2, 2) * x + rng.normal(rng.uniform(-3, 3), 1, size=x.size)
    pearson = np.corrcoef(x, y)[0, 1]
    expected = 2 * pearson * x.std() * y.std() / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    assert concordance_correlation(x, y) == pytest.approx(expected, abs=1e-9)
    assert concordance_correlation(y, x) == pytest.approx(expected, abs=1e-9)


def test_perfect_constant_opposite_and_undefined() -> None:
    x = np.array([1.0, 2.0, 4.0, 7.0])
    assert concordance_correlation(x, x) == pytest.approx(1)
    assert concordance_correlation(x, x + 1) < 1  # Pearson's correlation would be 1
    assert concordance_correlation(x, np.full(4, x.mean())) == 0
    assert concordance_correlation(x - x.mean(), x.mean() - x) == pytest.approx(-1)
    assert np.isnan(concordance_correlation([0.1] * 3, [0.1] * 3))
    assert concordance_correlation([0.1] * 3, [0.2] * 3) == 0


def test_each_dimension_with_labels_missing() -> None:
    labels = np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 5.0]])
    predictions = np.array([[1.0, 5.0], [2.0, 9.0], [5.0, 5.0]])
    ours = dimensional_metrics(labels, predictions, ("arousal", "valence"))
    assert ours["arousal"]["mae"] == pytest.approx(2 / 3)
    assert ours["arousal"]["ccc"] == pytest.approx(concordance_correlation([1, 2, 3], [1, 2, 5]))
    assert ours["valence"] == {"ccc": None, "mae": 0.0, "clips": 2}


def test_refused() -> None:
    with pytest.raises(ValueError, match="got 2 labels and 1 predictions"):
        concordance_correlation([1, 2], [1])
    with pytest.raises(ValueError, match=r"predictions: got nan at clip 1 \(1 of 2 clips\)"):
        concordance_correlation([1, 2], [1, np.nan])
    with pytest.raises(ValueError, match=r"labels: got shape \(0,\)"):
        concordance_correlation([], [])
    with pytest.raises(ValueError, match="valence: no clip has a label"):
        dimensional_metrics([[1.0, np.nan]], [[1.0, 2.0]], ("arousal", "valence"))
    with pytest.raises(ValueError, match="and 1 dimensions"):
        dimensional_metrics([[1.0, 2.0]], [[1.0, 2.0]], ("arousal",))
