import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hf_ser import cross_validate
from hf_ser.evaluation import Predictions, aggregate_folds
from hf_ser.training.fold_queue import Place

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "corpus": "ravdess",
    "protocol": "grouped",
    "num_folds": 3,
    "model_config": {"hidden_size": 32, "tokenizer_in_planes": 8},
    "feature_config": {"num_mel_bins": 32, "num_frames": 96, "normalization": "clip"},
    "num_train_epochs": 1,
    "per_device_train_batch_size": 8,
    "use_cpu": True,
    "disable_tqdm": True,
    "logging_strategy": "no",
}


@pytest.fixture(scope="module")
def settings(make_ravdess_tree, tmp_path_factory):
    folder = make_ravdess_tree(tmp_path_factory.mktemp("three"), range(1, 4), ("neutral", "sad", "angry"))
    return SETTINGS | {"data_dir": str(folder)}


@pytest.fixture(scope="module")
def done(settings, tmp_path_factory):
    """Three folds with two seeds, run once for all tests that look at what came out."""
    return cross_validate(settings, seeds=[0, 1], output_dir=str(tmp_path_factory.mktemp("cv")))


def state_of(folder):
    return {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*") if path.is_file()}


def test_every_clip_is_tested_once_with_each_seed(done, settings):
    from hf_ser import load_corpus

    clips = set(load_corpus("ravdess", settings["data_dir"], check_grid="off")["clip"])
    for seed in (0, 1):
        tested = done.predictions.select(done.predictions.seeds == seed)
        assert len(tested) == len(clips)
        assert set(tested.clips.tolist()) == clips
    assert len({(f, s) for f, s in zip(done.predictions.folds, done.predictions.seeds, strict=True)}) == 6


def test_the_row_says_what_was_run_and_what_came_out(done):
    row = json.loads((done.folder / "results.json").read_text())
    assert row == done.row
    assert (row["seeds"], row["runs"], row["speaker_independent"]) == ([0, 1], 6, True)
    assert {"torch", "transformers", "hf_ser"} <= row["versions"].keys()
    assert len({fold["fingerprint"] for fold in row["folds"]}) == 3
    assert len(row["corpus_fingerprint"]) >= 8
    folds = [
        json.loads(path.read_text())["test"]["figures"] for path in done.folder.glob("seed-*/fold-*/results.json")
    ]
    for metric in ("wa", "ua", "macro_f1"):
        expected = aggregate_folds([{metric: fold[metric]} for fold in folds])[metric]
        assert row["test"][metric]["mean"] == pytest.approx(expected["mean"])
        assert row["test"][metric]["std"] == pytest.approx(expected["std"])
    confusion = np.array(row["pooled"]["confusion_matrix"])
    assert confusion.sum() == len(done.predictions)
    assert {path.name for path in (done.folder / "report").iterdir()} >= {
        "report.md",
        "report.json",
        "confusion_matrix.png",
        "speakers.png",
        "reliability.png",
        "training_curves.png",
    }
    assert np.trace(confusion) == (done.predictions.labels == done.predictions.predicted).sum()


def test_the_recorded_command_asks_for_the_same_again(done):
    import shlex

    from hf_ser.training import CrossValidationArguments
    from hf_ser.training.run_config import RUN_SETTINGS, given_settings, parse_settings

    words = shlex.split(done.row["command"])
    assert words[:2] == ["hf-ser", "cross-validate"]
    kinds = (CrossValidationArguments, *RUN_SETTINGS)
    arguments, data, model, training, _ = parse_settings(given_settings(words[2:], kinds), kinds)
    assert (arguments.seeds, data.num_folds, training.num_train_epochs) == ([0, 1], 3, 1)
    assert model.feature_config == SETTINGS["feature_config"]


def test_predictions_are_those_of_the_saved_models(done, settings):
    from hf_ser import EmotionClassifier, load_corpus
    from hf_ser.inference import predict_corpus

    fold = done.folder / "seed-1" / "fold-2"
    saved = Predictions.from_parquet(fold / "test_predictions.parquet")
    corpus = load_corpus("ravdess", settings["data_dir"], check_grid="off")
    wanted = set(saved.clips.tolist())
    corpus = corpus.select([row for row, clip in enumerate(corpus["clip"]) if clip in wanted])
    again = predict_corpus(EmotionClassifier.from_pretrained(str(fold)), corpus, progress=False)
    assert again.clips.tolist() == saved.clips.tolist()
    assert np.allclose(again.scores, saved.scores, atol=1e-5)


def test_folds_that_are_finished_are_not_run_again(done, settings):
    before = state_of(done.folder / "seed-0")
    again = cross_validate(settings, seeds=[0, 1], output_dir=str(done.folder))
    assert state_of(done.folder / "seed-0") == before
    assert again.row == done.row


def test_other_settings_are_refused_in_the_same_folder(done, settings):
    with pytest.raises(ValueError, match=r"other settings \(learning_rate"):
        cross_validate(settings, seeds=[0, 1], output_dir=str(done.folder), learning_rate=0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"output_dir": ""}, "output_dir is not set"),
        ({"folds": "none"}, "hf-ser train does that"),
        ({"push_to_hub": True}, "push_to_hub"),
        ({"seeds": [1, 1]}, "different numbers"),
        ({"jobs": 0}, "jobs is 0"),
        ({"colour": "red"}, "colour"),
        ({"folds": "7"}, "expected numbers from 0 to 2"),
    ],
)
def test_settings_that_make_no_cross_validation(settings, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        cross_validate(settings | {"output_dir": str(tmp_path / "x")} | change)


def test_interrupted_in_a_fold_it_ends_with_the_same_predictions(done, settings, tmp_path, monkeypatch):
    from hf_ser.training import recipe

    class Broken(Exception):
        pass

    finish = recipe.Recipe._finish

    def break_off(self, trainer, folder, result):
        if folder.name == "fold-1":
            raise Broken
        return finish(self, trainer, folder, result)

    monkeypatch.setattr(recipe.Recipe, "_finish", break_off)
    with pytest.raises(Broken):
        cross_validate(settings, output_dir=str(tmp_path))
    before = state_of(tmp_path / "seed-0" / "fold-0")
    monkeypatch.undo()
    result = cross_validate(settings, output_dir=str(tmp_path))
    assert state_of(tmp_path / "seed-0" / "fold-0") == before
    whole = done.predictions.select(done.predictions.seeds == 0)
    assert result.predictions.clips.tolist() == whole.clips.tolist()
    assert np.allclose(result.predictions.scores, whole.scores, rtol=0, atol=1e-12)


def test_a_launcher_s_processes_share_the_folds(settings, tmp_path):
    """The second process finds nothing left to do, and writes nothing over the first one's files."""
    first = cross_validate(settings, output_dir=str(tmp_path), folds="0", place=Place(0, 2))
    before = state_of(tmp_path)
    second = cross_validate(settings, output_dir=str(tmp_path), folds="0", place=Place(1, 2))
    assert state_of(tmp_path) == before
    assert second.row == first.row


def run_script(arguments, **environment):
    return subprocess.Popen(
        [*arguments],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def flags(settings):
    import shlex

    from hf_ser.training.run_config import command_of

    return shlex.split(command_of(settings, ""))


@pytest.mark.slow
def test_killed_at_any_time_it_goes_on(done, settings, tmp_path):
    command = [
        sys.executable,
        "examples/cross_validate.py",
        *flags(settings),
        "--output_dir",
        str(tmp_path),
        "--jobs",
        "2",
    ]
    with run_script(command) as process:
        deadline = time.monotonic() + 240
        while not list(tmp_path.glob("seed-0/fold-*/results.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    finished = [path.parent for path in tmp_path.glob("seed-0/fold-*/results.json")]
    assert 1 <= len(finished) < 3
    before = {path: time for folder in finished for path, time in state_of(folder).items()}
    with run_script(command) as process:
        said = process.communicate(timeout=280)[0]
    assert process.returncode == 0, said
    assert {path: path.stat().st_mtime_ns for path in before} == before
    predictions = Predictions.from_parquet(tmp_path / "predictions.parquet")
    whole = done.predictions.select(done.predictions.seeds == 0)
    assert predictions.clips.tolist() == whole.clips.tolist()
    assert np.allclose(predictions.scores, whole.scores, atol=1e-4)


@pytest.mark.slow
def test_accelerate_launch_gives_each_process_folds_of_its_own(done, settings, tmp_path):
    command = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--cpu",
        "--num_processes",
        "2",
        "--num_machines",
        "1",
    ]
    command += [
        "--main_process_port",
        "29517",
        "examples/cross_validate.py",
        *flags(settings),
        "--output_dir",
        str(tmp_path),
    ]
    with run_script(command) as process:
        said = process.communicate(timeout=280)[0]
    assert process.returncode == 0, said
    assert said.count("mean ± std") == 1
    predictions = Predictions.from_parquet(tmp_path / "predictions.parquet")
    whole = done.predictions.select(done.predictions.seeds == 0)
    assert predictions.clips.tolist() == whole.clips.tolist()
    assert np.allclose(predictions.scores, whole.scores, atol=1e-4)
