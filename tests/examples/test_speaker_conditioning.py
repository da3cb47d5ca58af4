"""The example that runs and prints every table of what the voice brings."""

import importlib.util
import re
from pathlib import Path

import pytest
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from hf_ser import EcapaTdnnConfig, EcapaTdnnFeatureExtractor, EcapaTdnnModel

SCRIPT = Path(__file__).parents[2] / "examples" / "speaker_conditioning.py"


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("speaker_conditioning", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def whisper(folder):
    """An encoder with the layers that the study's settings read."""
    torch.manual_seed(0)
    width = {"d_model": 8, "encoder_layers": 4, "encoder_attention_heads": 2, "encoder_ffn_dim": 8}
    WhisperEncoder(WhisperConfig(**width)).save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)
    return str(folder)


def test_all_tables_in_one_call_and_again_without_training(
    study, ravdess_tree, emodb_tree, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # where the settings' caches go
    # reports draw figures, which take longer than all the rest
    monkeypatch.setattr("hf_ser.training.cross_validation_results.find_spec", lambda name: None)
    sizes = {"hidden_size": 16, "aggregation_size": 16, "squeeze_size": 4, "attention_size": 4}
    EcapaTdnnModel(EcapaTdnnConfig(**sizes)).save_pretrained(tmp_path / "voice")
    EcapaTdnnFeatureExtractor().save_pretrained(tmp_path / "voice")
    call = [str(tmp_path / "study"), "--ravdess", str(ravdess_tree), "--emodb", str(emodb_tree)]
    call += ["--speaker_encoder", str(tmp_path / "voice"), "--encoder", whisper(tmp_path / "whisper")]
    # curves leave the emotion out too, which no model knows
    flags = "--protocol grouped --num_folds 4 --folds 0 --drop happy --max_steps 1 --num_train_epochs 1"
    call += f"--seeds 5 6 --sizes 2 --disable_tqdm True {flags}".split()
    study.main(call)
    told = capsys.readouterr().out
    titles = re.findall(r"^## (.+)$", told, flags=re.MULTILINE)
    best = re.search(r"the best fusion there is '(\w+)'", told)[1]
    assert titles == [
        "Fusions, RAVDESS, seed 5",
        f"{best} over seeds 5, 6, RAVDESS",
        f"{best} with reference clips, RAVDESS",
        f"{best} trained on the voice in other clips, with reference clips, RAVDESS",
        "EmoDB",
        "A frozen speech encoder with reference clips, RAVDESS",
    ]
    tables = [re.findall(r"^\| ([a-z]\w+) \| +(\d+) ", part, flags=re.MULTILINE) for part in told.split("\n## ")[1:]]
    assert tables[0] == [(name, "28") for name in ("plain", "token", "pair", "speaker_token")]
    assert tables[1] == [("plain", "56"), (best, "56")]
    assert tables[4] == [("plain", "6"), (best, "6")]
    values = dict(re.findall(r"(\w+) (\d+\.\d)[,;]", told[told.index("WA on the validation speakers") :]))
    assert float(values[best]) == max(float(values[name]) for name in study.FUSIONS)
    for part in (told.split("\n## ")[place] for place in (3, 4, 6)):
        assert re.findall(r"^\| (0|2|all) ", part, flags=re.MULTILINE) == ["0", "2", "all"]
    trained = {path: path.stat().st_mtime_ns for path in (tmp_path / "study").glob("*/*/fold-*/model.safetensors")}
    assert len(trained) == 4 + 2 + 1 + 2 + 1
    study.main(call)
    again = capsys.readouterr().out
    assert again[again.index("## Fusions") :] == told[told.index("## Fusions") :]
    assert trained == {path: path.stat().st_mtime_ns for path in trained}
