"""The eGeMAPS baseline, end to end on synthetic voices."""

import importlib.util
import re
from pathlib import Path

import pytest

from hf_ser import Predictions

SCRIPT = Path(__file__).parents[2] / "examples" / "egemaps_baseline.py"


@pytest.fixture(scope="module")
def baseline():
    for name in ("opensmile", "sklearn"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is missing: hf-ser[egemaps,train]")
    spec = importlib.util.spec_from_file_location("egemaps_baseline", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_clip_is_tested_once_and_the_table_tells_both_ways(baseline, emodb_tree, tmp_path, capsys):
    baseline.main(["--emodb", str(emodb_tree), "--predictions", str(tmp_path)])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| emodb")]
    assert len(lines) == 2
    assert all(re.search(r"\| 4 \| 32 \|.* ± ", line) for line in lines)
    for kind in ("all", "train"):
        predictions = Predictions.from_parquet(tmp_path / f"egemaps_svm_emodb_{kind}.parquet")
        assert len(set(predictions.clips.tolist())) == len(predictions) == 32
        for fold in range(4):
            assert len(set(predictions.speakers[predictions.folds == fold])) == 1


def test_without_a_corpus_it_says_what_to_pass(baseline, capsys):
    with pytest.raises(SystemExit):
        baseline.main([])
    assert "--ravdess" in capsys.readouterr().err
