"""Intervals from resampled speakers."""

import time

import numpy as np
import pytest

from hf_ser.evaluation import bootstrap_intervals, classification_metrics
from hf_ser.evaluation.bootstrap import confusion_metrics, intervals_over_speakers, speaker_confusions


def draw(speakers: int = 24, clips: int = 60, num_labels: int = 8, spread: float = 0.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    share = np.clip(0.7 + spread * rng.standard_normal(speakers), 0.05, 0.95)
    place = np.repeat(np.arange(speakers), clips)
    labels = rng.integers(num_labels, size=place.size)
    right = rng.random(place.size) < share[place]
    predictions = np.where(right, labels, (labels + rng.integers(1, num_labels, size=place.size)) % num_labels)
    return labels, predictions, np.array([f"made/{number:02}" for number in place])


@pytest.mark.parametrize("seed", range(10))
def test_many_confusion_matrices_at_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, predictions = rng.integers(2, 5, size=30), rng.integers(1, 4, size=30)  # classes 0 and 5 are absent
    names, confusions = speaker_confusions(labels, predictions, rng.choice(["b", "a"], 30), 6)
    assert names == ["a", "b"]
    scores = confusion_metrics(confusions.sum(axis=0))
    expected = classification_metrics(labels, predictions, 6)
    assert {name: float(value) for name, value in scores.items()} == pytest.approx(
        {name: expected[name] for name in scores}
    )


def test_draws_are_whole_speakers() -> None:
    """Equal to resampling clip lists with the same generator, speaker by speaker."""
    labels, predictions, speakers = draw(speakers=4, clips=7)
    ours = bootstrap_intervals(labels, predictions, speakers, 8, resamples=200, seed=3)
    names = sorted(set(speakers))
    drawn = np.random.default_rng(3).integers(4, size=(200, 4))
    plain: dict[str, list[float]] = {"wa": [], "ua": [], "macro_f1": []}
    for chosen in drawn:
        rows = np.concatenate([np.flatnonzero(speakers == names[one]) for one in chosen])
        scores = classification_metrics(labels[rows], predictions[rows], 8)
        for name, values in plain.items():
            values.append(scores[name])
    for name, values in plain.items():
        assert [ours[name].low, ours[name].high] == pytest.approx(np.quantile(values, [0.025, 0.975]).tolist())


def test_seeded_and_around_the_score() -> None:
    made = draw(spread=0.1)
    one, two, other = (bootstrap_intervals(*made, 8, resamples=2000, seed=seed) for seed in (1, 1, 2))
    assert one == two
    assert one != other
    wa = classification_metrics(made[0], made[1], 8)["wa"]
    assert one["wa"].low < wa < one["wa"].high
    assert one["wa"].note is None
    wider = bootstrap_intervals(*made, 8, resamples=2000, level=0.99, seed=1)
    assert wider["wa"].low < one["wa"].low
    assert wider["wa"].high > one["wa"].high


def test_wider_than_clips_taken_as_independent() -> None:
    labels, predictions, speakers = draw(spread=0.2)
    clustered = bootstrap_intervals(labels, predictions, speakers, 8, resamples=1000)["wa"]
    single = [f"clip {number}" for number in range(len(labels))]
    naive = bootstrap_intervals(labels, predictions, single, 8, resamples=1000)["wa"]
    assert clustered.high - clustered.low > 2 * (naive.high - naive.low)


def test_one_speaker_has_none_and_few_are_told() -> None:
    labels, predictions, _ = draw(speakers=1)
    alone = bootstrap_intervals(labels, predictions, ["made/00"] * len(labels), 8)
    for interval in alone.values():
        assert (interval.low, interval.high, interval.speakers) == (None, None, 1)
        assert "only one speaker" in interval.note
    few = bootstrap_intervals(*draw(speakers=3), 8, resamples=500)["ua"]
    assert few.low < few.high
    assert few.note == "only 3 speakers: the interval is too narrow"


def test_perfect_and_constant_predictors() -> None:
    labels, _, speakers = draw()
    perfect = bootstrap_intervals(labels, labels, speakers, 8, resamples=200)
    assert all((one.low, one.high) == (1, 1) for one in perfect.values())
    constant = bootstrap_intervals(labels, np.zeros_like(labels), speakers, 8, resamples=200)
    assert constant["ua"].low == constant["ua"].high == pytest.approx(1 / 8)


def test_ten_thousand_draws_are_fast() -> None:
    made = draw()
    start = time.perf_counter()
    bootstrap_intervals(*made, 8, resamples=10_000)
    assert time.perf_counter() - start < 1.0  # 0.02 s on an idle core


def test_coverage() -> None:
    """Nine in ten intervals of 24 speakers, or more, hold the truth (it should be 95 %)."""
    rng = np.random.default_rng(0)
    truth, held = 0.65, 0
    for trial in range(200):
        hits = rng.binomial(60, np.clip(rng.normal(truth, 0.1, size=24), 0, 1))
        interval = intervals_over_speakers(hits, lambda sums: {"wa": sums / (24 * 60)}, 500, seed=trial)["wa"]
        held += interval.low <= truth <= interval.high
    assert 0.90 <= held / 200 <= 0.98


def test_refused() -> None:
    labels, predictions, speakers = draw(speakers=2, clips=3)
    with pytest.raises(ValueError, match="level: got 95"):
        bootstrap_intervals(labels, predictions, speakers, 8, level=95)
    with pytest.raises(ValueError, match="resamples: got 0"):
        bootstrap_intervals(labels, predictions, speakers, 8, resamples=0)
    with pytest.raises(ValueError, match="6 labels, 6 predictions and 5 speakers"):
        bootstrap_intervals(labels, predictions, speakers[:5], 8)
    with pytest.raises(ValueError, match="speakers: got None at clip 5"):
        bootstrap_intervals(labels, predictions, [*speakers[:5].tolist(), None], 8)
