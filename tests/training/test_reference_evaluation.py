"""Cross-validation with enrolled voices: what its figures say of the clips that were references."""

import json
from pathlib import Path

import pytest
import torch
from speech import tiny_encoder_config
from tiny import tiny_corpus
from transformers import WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from hf_ser import cross_validate
from hf_ser.training import SerTrainer


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("references")
    tiny_corpus(folder / "corpus", actors=range(1, 5))
    torch.manual_seed(0)
    WhisperEncoder(tiny_encoder_config()).save_pretrained(folder / "encoder")
    WhisperFeatureExtractor().save_pretrained(folder / "encoder")
    config = Path(__file__).parents[2] / "examples" / "configs" / "ravdess_whisper_ridge.json"
    return json.loads(config.read_text()) | {
        "data_dir": str(folder / "corpus"),
        "corpus_options": {"check_grid": "off"},
        "protocol": "leave-one-speaker-out",
        "folds": "0",
        "encoder": str(folder / "encoder"),
        "layers": [1, 2],
        "num_encoder_layers": 2,
        "reference": "standardise",
        "prefix_cache_dir": str(folder / "cache"),
        "prefix_cache_views": 1,
        "augmentation": "none",
        "num_train_epochs": 1,
        "eval_reference_clips": 2,
        "disable_tqdm": True,
    }


def test_row_table_and_report_say_which_clips_are_left_out(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("hf_ser.training.cross_validation_results.find_spec", lambda name: None)  # draws no figures
    done = cross_validate(settings, seeds=[0, 1], output_dir=str(tmp_path / "cv"))
    clips = [json.loads(file.read_text())["test"] for file in done.folder.glob("seed-*/fold-*/results.json")]
    assert [side["reference_clips"] for side in clips] == [2] * 2
    assert len(done.predictions) == sum(side["clips"] for side in clips)
    told = "2 unlabelled clips of each speaker, drawn with {}, are given to the model as references and are not scored"
    assert done.row["references"] == told.format("seeds 0, 1")
    for seed in (0, 1):
        assert f"|\n\n{told.format(f'seed {seed}')}." in done.table
    assert told.format("seeds 0, 1") in (done.folder / "report" / "report.md").read_text()


def test_too_few_clips_are_said_before_anything_is_trained(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(SerTrainer, "train", lambda *args, **kwargs: pytest.fail("a fold was trained"))
    with pytest.raises(ValueError, match="reference clips are asked for, but speaker 'ravdess/"):
        cross_validate(settings | {"eval_reference_clips": 11}, output_dir=str(tmp_path / "cv"))
