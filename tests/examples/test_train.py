import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from hf_ser.evaluation import Predictions
from hf_ser.training import parse_run, train_main

ROOT = Path(__file__).parents[2]

RECIPE = {
    "corpus": "ravdess",
    "protocol": "grouped",
    "num_folds": 3,
    "variant": "cct_2_3x2_32",
    "model_config": {"hidden_size": 32, "tokenizer_in_planes": 8},
    "feature_config": {"num_mel_bins": 32, "num_frames": 96, "normalization": "band"},
    "num_train_epochs": 1,
    "per_device_train_batch_size": 8,
    "use_cpu": True,
    "disable_tqdm": True,
}


@pytest.fixture
def recipe(tmp_path, ravdess_tree):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(RECIPE | {"data_dir": str(ravdess_tree), "output_dir": str(tmp_path / "run")}))
    return path


def test_json_file_and_flags_after_it(recipe, tmp_path):
    data, model, training, _ = parse_run([str(recipe), "--seed", "7", "--num_folds=4"])
    assert (data.num_folds, training.seed, training.num_train_epochs) == (4, 7, 1)
    assert model.model_config == RECIPE["model_config"]


def test_all_folds_are_run_tabled_and_not_run_again(recipe, tmp_path, capsys):
    train_main([str(recipe), "--folds", "all"])
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert table[-1].startswith("| **mean ± std**")
    results = [json.loads(path.read_text()) for path in sorted((tmp_path / "run").glob("fold-*/results.json"))]
    assert len(results) == 3
    heard = [set(result["train_speakers"]) for result in results]
    for result, speakers in zip(results, heard, strict=True):
        tested, validated = (set(result[side]["speakers"]) for side in ("test", "validation"))
        assert not speakers & tested
        assert not speakers & validated
        assert not validated & tested
        assert result["seed"] == 42
        assert {"torch", "transformers", "hf_ser"} <= result["versions"].keys()
    tested = Predictions.from_parquet(tmp_path / "run" / "fold-0" / "test_predictions.parquet")
    assert len(tested) == results[0]["test"]["clips"]

    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*") if path.is_file()}
    train_main([str(recipe), "--folds", "all", "--resume"])
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")] == table
    assert {path: path.stat().st_mtime_ns for path in before} == before
    with pytest.raises(FileExistsError, match="already holds a run"):
        train_main([str(recipe), "--folds", "0"])


def test_figures_of_features_are_fitted_on_training_speakers_only(recipe, tmp_path, ravdess_tree):
    from hf_ser import SpectrogramFeatureExtractor, load_audio, load_corpus

    train_main([str(recipe), "--folds", "1"])
    saved = SpectrogramFeatureExtractor.from_pretrained(tmp_path / "run" / "fold-1")
    speakers = set(json.loads((tmp_path / "run" / "fold-1" / "results.json").read_text())["train_speakers"])
    clips = [row for row in load_corpus("ravdess", ravdess_tree, check_grid="off") if row["speaker"] in speakers]
    fitted = SpectrogramFeatureExtractor.from_preset("log_mel", **RECIPE["feature_config"])
    fitted.fit_normalization(load_audio(clip["audio"]) for clip in clips)
    assert np.allclose(saved.band_mean, fitted.band_mean)
    assert np.allclose(saved.band_std, fitted.band_std)


def test_every_speaker_but_the_held_out_ones(recipe, tmp_path):
    train_main([str(recipe), "--folds", "none", "--held_out_speakers", "ravdess/02", "--eval_strategy", "no"])
    result = json.loads((tmp_path / "run" / "results.json").read_text())
    assert "ravdess/02" not in result["train_speakers"]
    assert len(result["train_speakers"]) == 5
    assert "test" not in result
    with pytest.raises(ValueError, match=r"held_out_speakers names \['ravdess/99'\]"):
        train_main([str(recipe), "--folds", "none", "--held_out_speakers", "ravdess/99", "--eval_strategy", "no"])


@pytest.mark.parametrize("folds", ["3", "x", "-1"])
def test_fold_that_is_not_there(recipe, folds):
    with pytest.raises(ValueError, match="expected numbers from 0 to 2"):
        train_main([str(recipe), f"--folds={folds}"])


def test_settings_that_do_not_go_together_are_refused(recipe):
    with pytest.raises(ValueError, match=r"it goes with folds='none'"):
        train_main([str(recipe), "--held_out_speakers", "ravdess/01"])
    with pytest.raises(ValueError, match=r"continue a recipe with resume=True"):
        train_main([str(recipe), "--resume_from_checkpoint", "x"])
    with pytest.raises(ValueError, match="no teacher is given"):
        train_main([str(recipe), "--views", "2", "--soft_label_weight", "0.5"])


def test_run_is_not_continued_with_other_settings(recipe, tmp_path):
    train_main([str(recipe)])
    with pytest.raises(ValueError, match=r"other settings \(learning_rate 5e-05 -> 0.1\)"):
        train_main([str(recipe), "--resume", "--learning_rate", "0.1"])
    train_main([str(recipe), "--resume", "--per_device_eval_batch_size", "3"])


def test_what_was_fine_tuned_may_have_heard_the_test_speakers(recipe, tmp_path, capsys):
    train_main([str(recipe)])
    assert "no part of the model has heard the test speakers" in capsys.readouterr().out
    checkpoint = str(tmp_path / "run" / "fold-0")
    train_main([str(recipe), "--model_name_or_path", checkpoint, "--output_dir", str(tmp_path / "second")])
    assert "may have heard the test speakers before" in capsys.readouterr().out


def test_null_and_empty_settings_are_left_out(recipe, tmp_path):
    settings = json.loads(recipe.read_text()) | {"max_train_seconds": None, "held_out_speakers": []}
    recipe.write_text(json.dumps(settings))
    data, _, training, _ = parse_run([str(recipe)])
    assert training.max_train_seconds is None
    assert data.held_out_speakers == []


def run(command, **options):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen(
        [sys.executable, *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher",
    [
        [],
        ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "1"],
        ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"],
    ],
    ids=["python", "accelerate", "two processes"],
)
def test_every_launcher_runs_the_script(recipe, tmp_path, launcher):
    process = run([*launcher, str(ROOT / "examples" / "train.py"), str(recipe)])
    output, _ = process.communicate(timeout=280)
    assert process.returncode == 0, output[-3000:]
    assert output.count("| fold |") == 1, output[-3000:]
    result = json.loads((tmp_path / "run" / "fold-0" / "results.json").read_text())
    clips = Predictions.from_parquet(tmp_path / "run" / "fold-0" / "test_predictions.parquet").clips.tolist()
    assert len(set(clips)) == len(clips) == result["test"]["clips"]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_killed_run_ends_with_the_weights_of_one_left_alone(recipe, tmp_path, workers):
    settings = "--augmentation standard --time_masks 1 --frequency_masks 1 --num_train_epochs 3 --save_strategy steps"
    settings += f" --save_steps 3 --eval_strategy steps --eval_steps 3 --dataloader_num_workers {workers}"
    script = [str(ROOT / "examples" / "train.py"), str(recipe), *settings.split()]

    def finish(folder, *options):
        process = run([*script, "--output_dir", str(folder), *options])
        output, _ = process.communicate(timeout=280)
        assert process.returncode == 0, output[-3000:]
        return load_file(folder / "fold-0" / "model.safetensors")

    whole = finish(tmp_path / "whole")
    process = run([*script, "--output_dir", str(tmp_path / "killed")], start_new_session=True)
    deadline = time.time() + 200
    while not list((tmp_path / "killed" / "fold-0").glob("checkpoint-*/trainer_state.json")):
        assert process.poll() is None, process.communicate()[0][-3000:]
        assert time.time() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "fold-0" / "results.json").exists()
    resumed = finish(tmp_path / "killed", "--resume")
    assert whole.keys() == resumed.keys()
    assert all((whole[name] == resumed[name]).all() for name in whole)
