"""Predictions clip by clip: made, joined, written, read, and refused."""

from pathlib import Path

import numpy as np
import pytest

from hf_ser.evaluation import Predictions

LABELS = ("neutral", "happy", "sad")


def make(rows: int = 12, fold: int | None = 0, seed: int | None = 0, start: int = 0, **changes) -> Predictions:
    rng = np.random.default_rng(start)
    options = {
        "clips": [f"clip-{start + number:03}" for number in range(rows)],
        "speakers": [f"made/{(start + number) // 4:02}" for number in range(rows)],
        "labels": rng.integers(len(LABELS), size=rows),
        "scores": rng.dirichlet(np.ones(len(LABELS)), size=rows),
        "label_names": LABELS,
        "folds": fold,
        "seeds": seed,
        **changes,
    }
    return Predictions(**options)


def assert_same(ours: Predictions, theirs: Predictions) -> None:
    assert ours.to_columns() == theirs.to_columns()
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=0, atol=1e-15)
    assert ours.label_names == theirs.label_names


@pytest.mark.parametrize(("fold", "seed"), [(3, 7), (None, None), (0, None)])
def test_parquet_gives_back_what_was_written(tmp_path: Path, fold: int | None, seed: int | None) -> None:
    made = make(fold=fold, seed=seed)
    made.to_parquet(tmp_path / "new" / "predictions.parquet")
    again = Predictions.from_parquet(tmp_path / "new" / "predictions.parquet")
    assert_same(again, made)
    assert (again.folds is None) == (fold is None)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["predictions.parquet"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "predictions.parquet"
    made = make()
    made.to_parquet(path)

    def die(table, place) -> None:
        Path(place).write_bytes(b"PAR1 half")
        raise KeyboardInterrupt

    monkeypatch.setattr("pyarrow.parquet.write_table", die)
    with pytest.raises(KeyboardInterrupt):
        make(start=100).to_parquet(path)
    assert_same(Predictions.from_parquet(path), made)
    assert [file.name for file in tmp_path.iterdir()] == ["predictions.parquet"]


def test_csv_of_a_fold(tmp_path: Path) -> None:
    path = tmp_path / "test_predictions.csv"
    path.write_text(
        "clip,speaker,emotion,predicted,neutral,calm,sad\n"
        "a/1.flac,ravdess/02,neutral,neutral,0.602379,0.153500,0.244121\n"
        "a/2.flac,ravdess/02,sad,calm,0.087542,0.644331,0.268126\n",
        encoding="utf-8",
    )
    read = Predictions.from_csv(path, fold=2, seed=1)
    assert read.label_names == ("neutral", "calm", "sad")
    assert read.labels.tolist() == [0, 2]
    assert read.predicted.tolist() == [0, 1]
    assert read.keys() == [("a/1.flac", 1), ("a/2.flac", 1)]
    assert read.folds.tolist() == [2, 2]
    assert Predictions.from_csv(path).folds is None
    np.testing.assert_allclose(read.scores.sum(axis=1), 1, rtol=0, atol=1e-15)  # six decimals do not add up exactly


def test_csv_with_folds_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text("clip,speaker,emotion,predicted,fold,seed,a,b\nx,s,a,b,4,9,0.2,0.8\n", encoding="utf-8")
    read = Predictions.from_csv(path)
    assert (read.folds.tolist(), read.seeds.tolist()) == ([4], [9])
    with pytest.raises(ValueError, match=r"has a column 'fold', so fold=1 was not expected"):
        Predictions.from_csv(path, fold=1)


def test_join_and_select() -> None:
    parts = [make(fold=0), make(fold=1, start=12), make(fold=0, seed=1)]
    joined = Predictions.concatenate(parts)
    assert len(joined) == 36
    assert_same(joined.select(joined.folds == 1), parts[1])
    assert_same(joined.select(range(24, 36)), parts[2])
    with pytest.raises(ValueError, match="'clip-000' is there twice with seed 0"):
        Predictions.concatenate([parts[0], parts[0]])
    with pytest.raises(ValueError, match="folds are known to 1 of 2 parts"):
        Predictions.concatenate([parts[0], make(fold=None, start=50)])
    with pytest.raises(ValueError, match="part 1 has the labels"):
        Predictions.concatenate([parts[0], make(start=50, label_names=("sad", "happy", "neutral"))])
    with pytest.raises(ValueError, match="expected the predictions of at least one fold"):
        Predictions.concatenate([])


def test_names_or_numbers_logits_or_probabilities() -> None:
    numbers = make()
    names = make(labels=[LABELS[label] for label in numbers.labels])
    assert_same(names, numbers)
    logits = Predictions.from_logits(
        numbers.clips, numbers.speakers, numbers.labels, np.log(numbers.scores) + 3, LABELS, folds=0, seeds=0
    )
    np.testing.assert_allclose(logits.scores, numbers.scores, atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": [0] * 11 + [3]}, "got class 3 at clip 11, expected 0 to 2"),
        ({"labels": ["neutral"] * 11 + ["bored"]}, "bored not among the label names"),
        ({"labels": [0] * 11}, "labels: got 11 rows, expected 12"),
        ({"scores": np.full((12, 3), 0.5)}, "12 of 12 rows are no probabilities"),
        ({"scores": np.full((12, 3), np.nan)}, "not finite in 12 of 12 clips"),
        ({"scores": np.full((12, 2), 0.5)}, "got 2 columns, expected 3"),
        ({"speakers": ["x"] * 11 + [""]}, "speakers: got '' at clip 11"),
        ({"clips": ["x"] * 12}, "'x' is there twice with seed 0"),
        ({"clips": []}, r"clips: got shape \(0,\)"),
        ({"label_names": ("neutral", "happy", "fold")}, "fold is the name of another column"),
        ({"label_names": ("sad", "sad", "happy")}, "expected each name once"),
    ],
)
def test_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_refused_types() -> None:
    with pytest.raises(TypeError, match="labels: got float64"):
        make(labels=np.zeros(12))
    with pytest.raises(TypeError, match="folds: got float64"):
        make(folds=0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column clip, speaker, emotion, predicted"),
        ("clip,speaker,emotion,predicted,a,b\n", "got 0 rows and 2 columns of scores"),
        ("clip,speaker,emotion,predicted\nx,s,a,a\n", "got 1 rows and 0 columns of scores"),
        ("clip,speaker,emotion,predicted,a,b\nx,s,a,a,0.5\n", "row 2: got 5 values, expected 6"),
        ("clip,speaker,emotion,predicted,a,b\nx,s,a,a,much,0.5\n", "could not convert string to float"),
        ("clip,speaker,emotion,predicted,a,b\nx,s,a,b,0.9,0.1\n", "not the one with the highest score"),
        ("clip,speaker,emotion,predicted,fold,a,b\nx,s,a,a,one,0.9,0.1\n", "invalid literal"),
    ],
)
def test_broken_csv_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        Predictions.from_csv(path)
    assert str(path) in str(caught.value)


def test_broken_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"PAR1 nothing else")
    with pytest.raises(ValueError, match="not a readable Parquet file"):
        Predictions.from_parquet(path)
