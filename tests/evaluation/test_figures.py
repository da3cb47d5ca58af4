"""What the figures show, read from their artists."""

import numpy as np
import pytest

from hf_ser.evaluation import calibration_metrics, evaluate_predictions
from hf_ser.evaluation.log_history import read_log_history

pytest.importorskip("matplotlib")

from hf_ser.evaluation.figures import confusion_figure, reliability_figure, save_figure, speakers_figure
from hf_ser.evaluation.training_curves import training_curves_figure


def test_confusion_matrix_with_an_absent_class(tmp_path) -> None:
    figure = confusion_figure([[3, 1, 0], [0, 5, 0], [0, 0, 0]], ["neutral", "happy", "sad"])
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["75 %\n3", "25 %\n1", "100 %\n5"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["neutral (4)", "happy (5)", "sad (0)"]
    save_figure(figure, tmp_path / "one.png")
    save_figure(confusion_figure([[2]], ["neutral"]), tmp_path / "two.png")


@pytest.mark.parametrize("count", [1, 3, 61])
def test_speakers(tmp_path, count: int) -> None:
    labels = np.tile([0, 1], count)
    names = np.repeat([f"made/{number:02}" for number in range(count)], 2)
    scores = np.eye(2)[np.where(np.arange(2 * count) % 3, labels, 0)]
    report = evaluate_predictions(labels, scores, names, resamples=50).to_dict()
    figure = speakers_figure(report["per_speaker"], report["metrics"], report["intervals"])
    axes = figure.axes[0]
    if count <= 60:
        assert len(axes.get_yticklabels()) == count
        assert [label.get_text() for label in axes.get_yticklabels()] == [
            f"{row['speaker']} (2)" for row in report["per_speaker"]
        ]
    else:
        assert sum(bar.get_height() for bar in axes.containers[0]) == count
    save_figure(figure, tmp_path / "speakers.png")


def test_reliability(tmp_path) -> None:
    found = calibration_metrics([0, 0, 1, 0], [[0.9, 0.1], [0.88, 0.12], [0.7, 0.3], [0.65, 0.35]], bins=10)
    figure = reliability_figure(found["bins"], {**found, "wa": 0.75})
    heights = [bar.get_height() for bar in figure.axes[0].containers[0]]
    assert heights == [50, 100]  # empty bins have no bar
    save_figure(figure, tmp_path / "reliability.png")


def test_training_curves_of_folds_that_end_apart(tmp_path) -> None:
    runs = {
        "fold 0": [{"epoch": epoch, "eval_ua": 0.1 * epoch, "eval_loss": 2.0} for epoch in (1, 2, 3)],
        "fold 1": [{"epoch": epoch, "eval_ua": 0.2 * epoch, "eval_loss": 2.0} for epoch in (1, 2)],
    }
    figure = training_curves_figure(read_log_history(runs))
    right = figure.axes[1]
    mean, everyone = (line.get_ydata() for line in right.get_lines()[:2])
    np.testing.assert_allclose(mean, [15, 30, 30])
    np.testing.assert_allclose(everyone, [15, 30, np.nan])
    save_figure(figure, tmp_path / "curves.png")


def test_log_history_from_files(tmp_path) -> None:
    (tmp_path / "checkpoint-9").mkdir()
    (tmp_path / "checkpoint-10").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "checkpoint-9" / "trainer_state.json").write_text('{"log_history": []}', encoding="utf-8")
    state = tmp_path / "checkpoint-10" / "trainer_state.json"
    state.write_text('{"log_history": [{"epoch": 1.0, "loss": 2, "step": 5}, {"loss": 3}]}', encoding="utf-8")
    for place in (tmp_path, state.parent, str(state)):
        assert read_log_history(place) == {"": {"loss": ([1.0], [2.0])}}
    with pytest.raises(FileNotFoundError, match=r"no trainer_state.json here"):
        read_log_history(tmp_path / "empty")
    state.write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match="no trainer state with a log_history"):
        read_log_history(state)
    with pytest.raises(ValueError, match="got list, expected a list of dicts"):
        read_log_history([1, 2])
    with pytest.raises(ValueError, match="got no runs"):
        read_log_history({})
    with pytest.raises(ValueError, match="was logged with an epoch, so there is nothing to draw"):
        training_curves_figure(read_log_history([{"epoch": 1, "grad_norm": 2.0}]))
