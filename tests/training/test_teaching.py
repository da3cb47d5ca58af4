import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from hf_ser import SerTrainingArguments
from hf_ser.training import DataArguments, DistillationArguments, ModelArguments, Recipe

ROOT = Path(__file__).parents[2]
# 3 convolutions and poolings with a stride of 2 first: a column for every 16 frames, 0.16 s
MODEL = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "tokenizer_num_layers": 3,
    "tokenizer_stride": [2, 1, 1],
    "tokenizer_in_planes": [4, 8],
}


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("whisper")
    sizes = {"d_model": 16, "encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 32}
    config = WhisperConfig(num_mel_bins=80, **sizes)
    config.save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)
    weights = WhisperEncoder(config).state_dict()
    save_file({f"encoder.{name}": value for name, value in weights.items()}, folder / "model.safetensors")
    return folder


def settings_for(tree, whisper, folder, **changes):
    settings = {
        "data_dir": str(tree),
        "protocol": "grouped",
        "num_folds": 3,
        "model_config": MODEL,
        "feature_config": {"num_mel_bins": 40, "num_frames": 96, "trim_db": 40.0},
        "output_dir": str(folder / "run"),
        "num_train_epochs": 1,
        "use_cpu": True,
        "disable_tqdm": True,
        "teacher": str(whisper),
        "teacher_layers": [1, 2],
        "soft_label_weight": 0.5,
        "views": 2,
        "view_augmentation": "light",
        "view_dir": str(folder / "views"),
        "muon_learning_rate": 1e-3,
    }
    return settings | changes


def recipe_of(settings):
    parts = []
    for kind in (DataArguments, ModelArguments, SerTrainingArguments, DistillationArguments):
        names = {name for name in kind.__dataclass_fields__ if name in settings}
        parts.append(kind(**{name: settings[name] for name in names}))
    return Recipe(*parts)


def test_recipe_with_a_teacher_runs_and_its_views_are_shared(ravdess_tree, whisper, tmp_path):
    settings = settings_for(ravdess_tree, whisper, tmp_path)
    result = recipe_of(settings).run()[0]
    assert result["test"]["clips"] == 32
    rendered = {path: path.stat().st_mtime_ns for path in (tmp_path / "views").rglob("*")}
    recipe_of(settings | {"output_dir": str(tmp_path / "other"), "folds": "1"}).run()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "views").rglob("*")} == rendered


def test_columns_that_cover_another_span_are_refused(ravdess_tree, whisper, tmp_path):
    with pytest.raises(ValueError, match=r"target_seconds is 0.08, but a column .* covers 0.160 s"):
        recipe_of(settings_for(ravdess_tree, whisper, tmp_path, target_seconds=0.08)).run()


def test_augmentation_that_views_would_not_get_is_refused(ravdess_tree, whisper, tmp_path):
    with pytest.raises(ValueError, match=r"augmentation is 'light' with views=2.*say it with view_augmentation"):
        recipe_of(settings_for(ravdess_tree, whisper, tmp_path, augmentation="light")).run()


def test_views_without_a_teacher_are_plain_augmentation(ravdess_tree, whisper, tmp_path):
    settings = settings_for(ravdess_tree, whisper, tmp_path, teacher=None, soft_label_weight=0.0)
    assert recipe_of(settings).run()[0]["test"]["clips"] == 32


@pytest.mark.slow
def test_two_processes_learn_from_a_teacher(ravdess_tree, whisper, tmp_path):
    (tmp_path / "recipe.json").write_text(json.dumps(settings_for(ravdess_tree, whisper, tmp_path)))
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [sys.executable, *command, str(ROOT / "examples" / "train.py"), str(tmp_path / "recipe.json")],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "run" / "fold-0" / "model.safetensors").is_file()
