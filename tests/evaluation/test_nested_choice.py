"""The choice among runs reads validation speakers only."""

import json

import pytest

from hf_ser.evaluation import choose_by_validation


def write_run(folder, validation, test, *, speakers=("a", "b"), **changes):
    """A cross-validation with one figure for each fold's validation and test speakers."""
    for fold, (val, score) in enumerate(zip(validation, test, strict=True)):
        place = folder / "seed-0" / f"fold-{fold}"
        place.mkdir(parents=True)
        result = {
            "seed": 0,
            "fold": fold,
            "labels": ["sad", "angry"],
            "corpus_fingerprint": "x",
            "train_on_validation": False,
            "validation": {"figures": dict.fromkeys(("wa", "ua", "macro_f1"), val), "speakers": ["c/9"]},
            "test": {"figures": dict.fromkeys(("wa", "ua", "macro_f1"), score), "speakers": [f"c/{speakers[fold]}"]},
        }
        (place / "results.json").write_text(json.dumps(result | changes), encoding="utf-8")
    return folder


def test_each_fold_takes_the_run_that_its_validation_speakers_prefer(tmp_path):
    first = write_run(tmp_path / "first", [0.6, 0.5], [0.1, 0.9])
    second = write_run(tmp_path / "second", [0.5, 0.7], [1.0, 0.3])
    choice = choose_by_validation({"first": first, "second": second})
    assert [row["chosen"] for row in choice.rows] == ["first", "second"]
    assert [row["wa"] for row in choice.rows] == [0.1, 0.3]  # though the other one tests better in both folds
    assert choice.means["ua"]["mean"] == pytest.approx(0.2)
    assert choice.means["validation ua"]["mean"] == pytest.approx(0.65)
    assert "| 0 | 0 | a | first | 60.0 | 10.0 | 10.0 | 10.0 |" in choice.to_markdown()
    assert "20.0 ± 14.1" in str(choice)


def test_figures_are_those_of_the_refitted_runs(tmp_path):
    runs = {"first": write_run(tmp_path / "first", [0.6, 0.5], [0.1, 0.9])}
    runs["second"] = write_run(tmp_path / "second", [0.5, 0.7], [1.0, 0.3])
    refitted = {
        "first": write_run(tmp_path / "first_all", [1.0, 1.0], [0.2, 0.2], train_on_validation=True),
        "second": write_run(tmp_path / "second_all", [1.0, 1.0], [0.4, 0.4], train_on_validation=True),
    }
    assert [row["wa"] for row in choose_by_validation(runs, "wa", refitted).rows] == [0.2, 0.4]
    with pytest.raises(ValueError, match="run 'first' has no validation speakers that it was not trained on"):
        choose_by_validation(refitted)
    with pytest.raises(ValueError, match="refitted lacks second"):
        choose_by_validation(runs, "wa", {"first": refitted["first"]})


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"validation": [0.5], "test": [0.5]}, "run 'other' differs from the first in seed 0 fold 1"),
        ({"speakers": ("a", "z")}, "run 'other' tests other speakers in fold 1"),
        ({"corpus_fingerprint": "y"}, "run 'other' has another corpus_fingerprint in fold 0"),
        ({"labels": ["sad"]}, "run 'other' has another labels in fold 0"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(tmp_path, other, message):
    runs = {"first": write_run(tmp_path / "first", [0.6, 0.5], [0.1, 0.9])}
    runs["other"] = write_run(tmp_path / "other", **({"validation": [0.6, 0.5], "test": [0.1, 0.9]} | other))
    with pytest.raises(ValueError, match=message):
        choose_by_validation(runs)


def test_wrong_arguments_are_named(tmp_path):
    with pytest.raises(ValueError, match="metric is 'f1', expected one of wa, ua, macro_f1"):
        choose_by_validation({"first": tmp_path}, "f1")
    with pytest.raises(ValueError, match=r"holds no seed-\*/fold-\*/results.json"):
        choose_by_validation({"first": tmp_path})
    with pytest.raises(ValueError, match="runs: got none"):
        choose_by_validation({})
