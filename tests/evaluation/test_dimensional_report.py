"""The report on dimensions."""

import json
from pathlib import Path

import numpy as np
import pytest

from hf_ser.evaluation import concordance_correlation, evaluate_dimensions

DIMENSIONS = ("arousal", "valence")


def draw(speakers: int = 12, clips: int = 15) -> dict:
    rng = np.random.default_rng(0)
    labels = rng.uniform(1, 7, size=(speakers * clips, 2))
    predictions = 0.7 * labels + rng.normal(1, 0.8, size=labels.shape)
    labels[::7, 1] = np.nan
    names = [f"made/{number // clips:02}" for number in range(speakers * clips)]
    return {"labels": labels, "predictions": predictions, "dimensions": DIMENSIONS, "speakers": names}


def test_scores_and_intervals_from_whole_speakers() -> None:
    made = draw(speakers=4)
    report = evaluate_dimensions(**made, resamples=200, seed=3)
    known = ~np.isnan(made["labels"][:, 1])
    x, y = made["labels"][known, 1], made["predictions"][known, 1]
    assert report.metrics["valence"]["ccc"] == pytest.approx(concordance_correlation(x, y))
    assert report.metrics["valence"]["mae"] == pytest.approx(np.abs(x - y).mean())
    assert report.metrics["valence"]["clips"] == known.sum()
    assert report.mean_ccc == pytest.approx(np.mean([row["ccc"] for row in report.metrics.values()]))
    voices = np.array(made["speakers"])[known]
    names = sorted(set(voices))
    plain = []
    for chosen in np.random.default_rng(3).integers(4, size=(200, 4)):
        rows = np.concatenate([np.flatnonzero(voices == names[one]) for one in chosen])
        plain.append((concordance_correlation(x[rows], y[rows]), np.abs(x[rows] - y[rows]).mean()))
    for place, name in enumerate(("ccc", "mae")):
        interval = report.intervals["valence"][name]
        expected = np.quantile([row[place] for row in plain], [0.025, 0.975])
        assert [interval.low, interval.high] == pytest.approx(expected.tolist())


def test_one_speaker_constant_and_no_speakers() -> None:
    made = draw(speakers=1)
    alone = evaluate_dimensions(**made)
    assert alone.intervals["arousal"]["ccc"].low is None
    assert "only one speaker" in str(alone)
    made = draw()
    constant = evaluate_dimensions(made["labels"], np.full_like(made["predictions"], 4.0), DIMENSIONS)
    assert constant.metrics["arousal"]["ccc"] == pytest.approx(0, abs=1e-12)
    assert "speakers are unknown" in str(constant)
    undefined = evaluate_dimensions([[0.1], [0.1]], [[0.1], [0.1]], ("arousal",), ["a", "b"], resamples=10)
    assert undefined.mean_ccc is None
    assert "no draw of speakers" in undefined.intervals["arousal"]["ccc"].note
    assert "| arousal | 2 | – | – | 0.000 | 0.000 – 0.000 |" in str(undefined)


def test_saved(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = evaluate_dimensions(**draw(), resamples=100, about={"corpus": "made"})
    files = report.save(tmp_path / "report")
    assert [file.name for file in files] == ["report.md", "report.json", "dimensions.png"]
    assert json.loads(files[1].read_text(encoding="utf-8")) == json.loads(json.dumps(report.to_dict()))
    assert files[0].read_text(encoding="utf-8").startswith(str(report))
    with pytest.raises(FileExistsError, match="pass overwrite=True"):
        report.save(tmp_path / "report")
    assert len(report.save(tmp_path / "report", figures=False, overwrite=True)) == 2
    assert not files[2].exists()


def test_refused() -> None:
    with pytest.raises(ValueError, match="speakers: got 2, expected 180"):
        evaluate_dimensions(**{**draw(), "speakers": ["a", "b"]})
