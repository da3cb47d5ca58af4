"""Two models on the same clips, and tables of runs."""

import json
import math

import numpy as np
import pytest

from hf_ser.evaluation import (
    Predictions,
    aggregate_folds,
    classification_metrics,
    compare_predictions,
    comparison_table,
    fold_metrics,
    pooled_metrics,
)
from hf_ser.evaluation.comparison import mcnemar_p_value

LABELS = ("neutral", "happy", "sad", "angry")


def make(share: float, seed: int = 0, speakers: int = 12, clips: int = 20, run: int | None = 0, **changes):
    """Labels depend on the clip alone; the answers are right with the given chance."""
    size = speakers * clips
    labels = np.random.default_rng(99).integers(4, size=size)
    rng = np.random.default_rng(seed)
    answers = np.where(rng.random(size) < share, labels, rng.integers(4, size=size))
    options = {
        "clips": [f"clip-{number:04}" for number in range(size)],
        "speakers": [f"made/{number // clips:02}" for number in range(size)],
        "labels": labels,
        "scores": 0.6 * np.eye(4)[answers] + 0.1,
        "label_names": LABELS,
        "folds": np.arange(size) // clips % 3,
        "seeds": run,
        **changes,
    }
    return Predictions(**options)


def test_better_equal_and_worse() -> None:
    plain, better = make(0.2, seed=1), make(0.9, seed=2)
    found = compare_predictions(plain, better, resamples=1000)
    for name, row in found.metrics.items():
        assert row.baseline == pytest.approx(pooled_metrics(plain)[name])
        assert row.other == pytest.approx(pooled_metrics(better)[name])
        assert row.difference == pytest.approx(row.other - row.baseline)
        assert 0 < row.interval.low < row.difference < row.interval.high
        assert row.p_value == 2 / 2**12  # every speaker gained: the most extreme of all swaps, and its mirror
    assert found.mcnemar_p < 1e-6
    back = compare_predictions(better, plain, resamples=1000)
    assert back.metrics["ua"].difference == -found.metrics["ua"].difference
    assert back.metrics["ua"].interval.low == pytest.approx(-found.metrics["ua"].interval.high)
    same = compare_predictions(plain, plain, resamples=1000)
    assert same.metrics["wa"].difference == same.metrics["wa"].interval.low == same.metrics["wa"].interval.high == 0
    assert same.metrics["wa"].p_value == same.mcnemar_p == 1


def test_who_gains_is_told_by_speaker() -> None:
    plain = make(0.5, seed=1, speakers=3)
    scores = plain.scores.copy()
    wrong = np.flatnonzero(plain.predicted != plain.labels)
    right = np.flatnonzero(plain.predicted == plain.labels)
    # two more clips of the last speaker right, one less of the first
    for row in [*wrong[wrong >= 40][:2], right[0]]:
        scores[row] = 0.6 * np.eye(4)[(plain.labels[row] + (row == right[0])) % 4] + 0.1
    found = compare_predictions(plain, make(0, scores=scores, speakers=3), resamples=100)
    assert found.by_speaker == pytest.approx({"made/00": -0.05, "made/01": 0.0, "made/02": 0.1})
    told = "higher for 1 of 3, lower for 1, from −5.0 (made/00) to +10.0 (made/02)"
    assert found.for_whom() == told
    assert f"WA by speaker: {told}." in found.to_markdown()
    runs = {"plain": plain, "told": make(0, scores=scores, speakers=3)}
    assert f"WA by speaker: told {told}." in str(comparison_table(runs, "plain", 100))


def test_rows_are_matched_by_clip() -> None:
    plain, better = make(0.4, seed=1), make(0.8, seed=2)
    mixed = better.select(np.random.default_rng(0).permutation(len(better)))
    assert compare_predictions(plain, mixed, 500).to_dict() == compare_predictions(plain, better, 500).to_dict()


def test_pairing_narrows_the_interval() -> None:
    """Two models that err on the same clips but for a few: the difference is known better than either score."""
    plain = make(0.6, seed=1)
    scores = plain.scores.copy()
    scores[::20] = 0.6 * np.eye(4)[plain.labels[::20]] + 0.1
    row = compare_predictions(plain, make(0, scores=scores), resamples=1000).metrics["wa"]
    assert 0 <= row.interval.low <= row.difference <= row.interval.high < 0.06


def test_chance_differences_are_seldom_significant() -> None:
    p_values = [
        compare_predictions(make(0.6, 2 * trial, 8, 10), make(0.6, 2 * trial + 1, 8, 10), 50).metrics["wa"].p_value
        for trial in range(100)
    ]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.12
    assert 0.35 < np.mean(p_values) < 0.65


def test_many_speakers_are_swapped_at_random_with_a_seed() -> None:
    plain, better = make(0.55, 1, speakers=20), make(0.6, 2, speakers=20)
    one, two = (compare_predictions(plain, better, 2000, seed=5).metrics["ua"].p_value for _ in range(2))
    assert one == two
    assert 0 < one <= 1
    least = compare_predictions(make(0.2, 1, speakers=20), make(0.9, 2, speakers=20), 999).metrics["ua"].p_value
    assert least == pytest.approx(1 / 1000)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (3, 9), (10, 10), (0, 30), (400, 350), (5000, 5200)])
def test_mcnemar_is_the_binomial_test(first: int, second: int) -> None:
    total, few = first + second, min(first, second)
    exact = min(1.0, 2 * sum(math.comb(total, k) for k in range(few + 1)) / 2**total) if total < 1000 else None
    if exact is None:
        exact = pytest.importorskip("scipy.stats").binomtest(few, total).pvalue
    assert mcnemar_p_value(first, second) == pytest.approx(exact, rel=1e-9)


def test_one_speaker() -> None:
    found = compare_predictions(make(0.4, 1, speakers=1), make(0.9, 2, speakers=1))
    row = found.metrics["wa"]
    assert (row.interval.low, row.interval.high, row.p_value) == (None, None, None)
    assert "only one speaker" in found.to_markdown()
    json.dumps(found.to_dict(), allow_nan=False)


def test_mismatches_are_refused() -> None:
    plain = make(0.5)
    moved = Predictions(
        plain.clips, plain.speakers[::-1], plain.labels, plain.scores, LABELS, plain.folds, plain.seeds
    )
    with pytest.raises(ValueError, match=r"1 rows of the baseline are not in .* \(first: clip 'clip-0007', seed 0\)"):
        compare_predictions(plain, plain.select([row for row in range(len(plain)) if row != 7]))
    with pytest.raises(ValueError, match="240 rows of the baseline"):
        compare_predictions(plain, make(0.5, run=1))
    with pytest.raises(ValueError, match="have another emotion"):
        compare_predictions(plain, make(0.5, labels=(plain.labels + 1) % 4))
    with pytest.raises(ValueError, match="have another speaker"):
        compare_predictions(plain, moved)
    with pytest.raises(ValueError, match="same labels in the same order"):
        compare_predictions(plain, make(0.5, label_names=LABELS[::-1]))


def test_folds_and_pooled() -> None:
    made = make(0.6)
    folds = fold_metrics(made)
    assert [(fold["seed"], fold["fold"], fold["clips"]) for fold in folds] == [(0, 0, 80), (0, 1, 80), (0, 2, 80)]
    assert folds[1]["speakers"] == ["made/01", "made/04", "made/07", "made/10"]
    rows = made.folds == 1
    expected = classification_metrics(made.labels[rows], made.predicted[rows], 4)
    assert folds[1]["metrics"] == {name: expected[name] for name in ("wa", "ua", "macro_f1")}
    assert pooled_metrics(made)["support"] == np.bincount(made.labels).tolist()
    two = Predictions.concatenate([made, make(0.6, 5, run=1)])
    assert [(fold["seed"], fold["fold"]) for fold in fold_metrics(two)] == [(s, f) for s in (0, 1) for f in (0, 1, 2)]
    with pytest.raises(ValueError, match="the predictions have no folds"):
        fold_metrics(make(0.6, folds=None))


def test_table_of_runs() -> None:
    runs = {"mixup": make(0.7, 2), "plain": make(0.5, 1), "noise": make(0.5, 3)}
    table = comparison_table(runs, baseline="plain", resamples=500)
    assert [row["run"] for row in table.rows] == ["plain", "mixup", "noise"]
    expected = aggregate_folds([fold["metrics"] for fold in fold_metrics(runs["plain"])])
    assert table.rows[0]["ua"] == expected["ua"]
    lines = str(table).splitlines()
    assert lines[0] == "| run | clips | WA | UA | macro-F1 | Δ WA | Δ UA | Δ macro-F1 |"
    assert lines[2].startswith(f"| plain | 240 | {100 * expected['wa']['mean']:.1f} ± ")
    assert str(table.comparisons["mixup"].metrics["ua"]) in lines[3]
    assert lines[3].split("|")[7].strip().startswith("+")
    assert "over 3 tests" in lines[-1]
    assert "noise higher for" in lines[-1]
    json.dumps(table.to_dict(), allow_nan=False)
    with pytest.raises(ValueError, match="baseline: got 'base', expected one of mixup, plain, noise"):
        comparison_table(runs, baseline="base")
    with pytest.raises(ValueError, match=r"short: .* rows of the baseline"):
        comparison_table({**runs, "short": runs["noise"].select(range(100))}, baseline="plain")
