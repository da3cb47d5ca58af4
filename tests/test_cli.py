import json
from pathlib import Path

import numpy as np
import pytest

from hf_ser.cli import main
from hf_ser.evaluation import Predictions

NAMES = ("neutral", "happy", "sad")


def predictions(seed=0, right=0.5, clips=60, run=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(clips) % 3
    told = np.where(rng.random(clips) < right, labels, rng.integers(0, 3, clips))
    return Predictions(
        clips=np.array([f"clip-{n}" for n in range(clips)], dtype=object),
        speakers=np.array([f"x/{n % 6}" for n in range(clips)], dtype=object),
        labels=labels,
        scores=np.eye(3)[told] * 0.7 + 0.1,
        label_names=NAMES,
        folds=np.arange(clips) % 6,
        seeds=run,
    )


def test_corpora_lists_what_can_be_read_and_how_it_was_verified(capsys):
    assert main(["corpora"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines[1:] if line.strip()}
    assert {"ravdess", "emodb", "iemocap", "shemo", "msp_podcast"} <= rows.keys()
    assert rows["ravdess"].endswith("recordings")
    assert rows["iemocap"].endswith("documentation")
    assert main(["corpora", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(rows) - 1


def test_corpora_describes_one(capsys):
    assert main(["corpora", "RAVDESS"]) == 0
    said = capsys.readouterr().out
    assert "licence: CC BY-NC-SA 4.0" in said
    assert "Livingstone" in said
    assert main(["corpora", "ravdes"]) == 2
    assert "did you mean 'ravdess'" in capsys.readouterr().err


def test_corpora_checks_a_folder(ravdess_tree, capsys):
    assert main(["corpora", "ravdess", str(ravdess_tree)]) == 1
    said = capsys.readouterr().out
    assert "clips: 96" in said
    assert "missing: 1344: 03-01-" in said


@pytest.fixture(scope="module")
def trained(make_ravdess_tree, tmp_path_factory):
    """A corpus, and the folder of a run on its first fold."""
    tree = make_ravdess_tree(tmp_path_factory.mktemp("three"), range(1, 4), ("neutral", "sad", "angry"))
    folder = tmp_path_factory.mktemp("run")
    settings = {
        "corpus": "ravdess",
        "data_dir": str(tree),
        "protocol": "leave-one-speaker-out",
        "model_config": {"hidden_size": 32, "tokenizer_in_planes": 8},
        "feature_config": {"num_mel_bins": 32, "num_frames": 96, "normalization": "clip"},
        "num_train_epochs": 1,
        "use_cpu": True,
        "disable_tqdm": True,
        "output_dir": str(folder / "out"),
    }
    (folder / "config.json").write_text(json.dumps(settings))
    assert main(["train", str(folder / "config.json"), "--logging_strategy", "no"]) == 0
    return tree, folder / "out" / "fold-0"


def test_evaluate_refuses_speakers_that_the_checkpoint_has_heard(trained, capsys):
    tree, model = trained
    arguments = ["evaluate", "--model", str(model), "--corpus", "ravdess", "--data_dir", str(tree)]
    assert main(arguments) == 2
    assert "was trained on 1 of these speakers (ravdess/03)" in capsys.readouterr().err
    assert main([*arguments, "--allow_speaker_overlap"]) == 0


def test_evaluate_scores_a_checkpoint_and_writes_a_report(trained, tmp_path, capsys):
    tree, model = trained
    arguments = ["evaluate", "--model", str(model), "--corpus", "ravdess", "--data_dir", str(tree)]
    assert main([*arguments, "--speakers", "ravdess/01", "--output_dir", str(tmp_path / "report")]) == 0
    assert "UA" in capsys.readouterr().out
    saved = Predictions.from_parquet(tmp_path / "report" / "predictions.parquet")
    tested = Predictions.from_parquet(model / "test_predictions.parquet")
    assert saved.clips.tolist() == tested.clips.tolist()
    assert np.allclose(saved.scores, tested.scores, atol=1e-5)
    assert {"report.md", "report.json"} <= {path.name for path in (tmp_path / "report").iterdir()}
    # a report that is there is not written over
    assert main([*arguments, "--speakers", "ravdess/01", "--output_dir", str(tmp_path / "report")]) == 2
    assert "holds a report already" in capsys.readouterr().err


def test_evaluate_counts_emotions_that_the_checkpoint_does_not_know_as_mistakes_by_consent(
    trained, make_ravdess_tree, tmp_path, capsys
):
    _, model = trained
    tree = make_ravdess_tree(tmp_path / "wider", range(4, 5), ("neutral", "sad", "happy"), statements=(1,))
    arguments = ["evaluate", "--model", str(model), "--corpus", "ravdess", "--data_dir", str(tree)]
    assert main(arguments) == 2
    assert "only in the corpus: happy" in capsys.readouterr().err
    assert main([*arguments, "--allow_missing_classes", "--output_dir", str(tmp_path / "report")]) == 0
    assert "2 clips are happy, which the checkpoint never says" in capsys.readouterr().err
    saved = Predictions.from_parquet(tmp_path / "report" / "predictions.parquet")
    assert saved.label_names == ("neutral", "sad", "angry", "happy")
    happy = np.asarray(saved.labels) == 3
    assert happy.sum() == 2
    assert not saved.scores[:, 3].any()
    assert (saved.predicted[happy] != 3).all()
    # the other clips are scored as they would be alone
    assert main([*arguments, "--drop", "happy", "--output_dir", str(tmp_path / "without")]) == 0
    alone = Predictions.from_parquet(tmp_path / "without" / "predictions.parquet")
    assert np.allclose(saved.scores[~happy][:, :3], alone.scores, atol=1e-5)


def test_evaluate_scores_saved_predictions_beside_a_baseline(tmp_path, capsys):
    predictions(0, 0.9).to_parquet(tmp_path / "good.parquet")
    predictions(1, 0.2).to_parquet(tmp_path / "bad.parquet")
    assert main(["evaluate", "--predictions", str(tmp_path / "good.parquet")]) == 0
    alone = capsys.readouterr().out
    arguments = [
        "evaluate",
        "--predictions",
        str(tmp_path / "good.parquet"),
        "--baseline",
        str(tmp_path / "bad.parquet"),
    ]
    assert main(arguments) == 0
    assert len(capsys.readouterr().out) > len(alone)


def test_compare_sets_runs_beside_each_other(tmp_path, capsys):
    for name, right in (("plain", 0.3), ("mixup", 0.9)):
        predictions(1, right).to_parquet(tmp_path / name / "predictions.parquet")
    assert main(["compare", str(tmp_path / "plain"), str(tmp_path / "mixup")]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [line.split()[1] for line in lines[2:]] == ["plain", "mixup"]
    assert main(["compare", str(tmp_path / "plain"), str(tmp_path / "mixup"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["comparisons"]["mixup"]


def test_compare_takes_some_seeds_of_runs_with_more(tmp_path, capsys):
    three = Predictions.concatenate([predictions(seed, 0.3, run=seed) for seed in (0, 1, 2)])
    three.to_parquet(tmp_path / "plain" / "predictions.parquet")
    predictions(1, 0.9, run=1).to_parquet(tmp_path / "mixup" / "predictions.parquet")
    both = ["compare", str(tmp_path / "plain"), str(tmp_path / "mixup")]
    assert main(both) == 2
    assert main([*both, "--seeds", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 4
    assert main([*both, "--seeds", "0"]) == 2
    assert "mixup: got --seeds with [0], but the run has [1]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate"], "needs --model, --corpus and --data_dir, or --predictions"),
        (["evaluate", "--predictions", "nowhere.parquet"], "nowhere.parquet"),
        (["folds", "--data_dir", "nowhere"], "does not exist"),
        (["folds", "--data_dir", "nowhere", "--folds", "none"], "folds is 'none'"),
        (["folds", "--data_dir", "nowhere", "--num_epochs", "3"], "num_epochs"),
        (["compare", "a/nowhere.csv"], "nowhere.csv"),
        (["train", "nowhere.json"], "cannot be read"),
        (["train", "--learnin_rate", "1"], "learnin_rate"),
        (["cross-validate", "--corpus", "ravdess", "--data_dir", "nowhere"], "output_dir is not set"),
        (["cross-validate", "--output_dir", "x", "--data_dir", "nowhere"], "does not exist"),
    ],
)
def test_mistakes_end_with_a_message_and_no_traceback(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("hf-ser: ")
    assert not list(Path(tmp_path).rglob("*.safetensors"))


def test_help_of_every_command(capsys):
    for command in ("predict", "corpora", "evaluate", "compare", "train", "cross-validate", "folds"):
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0
        assert command in capsys.readouterr().out
