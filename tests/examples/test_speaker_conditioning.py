"""The example that runs and prints every table of what the voice brings."""

import importlib.util
import re
from pathlib import Path

import pytest

from hf_ser import EcapaTdnnConfig, EcapaTdnnFeatureExtractor, EcapaTdnnModel

SCRIPT = Path(__file__).parents[2] / "examples" / "speaker_conditioning.py"


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("speaker_conditioning", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_tables_in_one_call_and_again_without_training(study, ravdess_tree, emodb_tree, tmp_path, capsys):
    sizes = {"hidden_size": 16, "aggregation_size": 16, "squeeze_size": 4, "attention_size": 4}
    EcapaTdnnModel(EcapaTdnnConfig(**sizes)).save_pretrained(tmp_path / "voice")
    EcapaTdnnFeatureExtractor().save_pretrained(tmp_path / "voice")
    call = [str(tmp_path / "study"), "--ravdess", str(ravdess_tree), "--emodb", str(emodb_tree)]
    call += ["--speaker_encoder", str(tmp_path / "voice"), "--seeds", "5", "6", "--sizes", "2"]
    call += [
        "--protocol",
        "grouped",
        "--num_folds",
        "4",
        "--folds",
        "0,1",
        "--max_steps",
        "1",
        "--disable_tqdm",
        "True",
    ]
    call += ["--feature_cache_dir", str(tmp_path / "cache")]
    study.main(call)
    told = capsys.readouterr().out
    titles = re.findall(r"^## (.+)$", told, flags=re.MULTILINE)
    best = re.search(r"the best fusion there is '(\w+)'", told)[1]
    assert titles == [
        "Fusions, RAVDESS, seed 5",
        f"{best} over seeds 5, 6, RAVDESS",
        f"{best} with reference clips, RAVDESS",
        "EmoDB",
    ]
    tables = [re.findall(r"^\| ([a-z]\w+) \| +(\d+) ", part, flags=re.MULTILINE) for part in told.split("\n## ")[1:]]
    assert tables[0] == [("plain", "64"), ("token", "64"), ("pair", "64"), ("speaker_token", "64")]
    assert tables[1] == [("plain", "128"), (best, "128")]
    assert tables[3] == [("plain", "16"), (best, "16")]
    values = dict(re.findall(r"(\w+) (\d+\.\d)[,;]", told[told.index("WA on the validation speakers") :]))
    assert float(values[best]) == max(float(values[name]) for name in study.FUSIONS)
    trained = {path: path.stat().st_mtime_ns for path in (tmp_path / "study").glob("*/*/fold-*/model.safetensors")}
    assert len(trained) == (4 + 2 + 2) * 2
    study.main(call)
    again = capsys.readouterr().out
    assert again[again.index("## Fusions") :] == told[told.index("## Fusions") :]
    assert trained == {path: path.stat().st_mtime_ns for path in trained}
