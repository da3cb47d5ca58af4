import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOAD = """
import numpy as np
import hf_ser
from transformers import pipeline
answer = pipeline("audio-classification", model="tester/pushed")(np.zeros(8000, np.float32) + 0.01)
assert {"angry", "calm", "surprised"} < {row["label"] for row in answer}
classifier = hf_ser.EmotionClassifier.from_pretrained("tester/pushed")
assert classifier({"array": np.ones(8000) * 0.1, "sampling_rate": 16000}).emotion
"""


@pytest.mark.slow
def test_training_script_pushes_a_model_that_loads_by_its_id(fake_hub, tmp_path, ravdess_tree):
    recipe = {
        "data_dir": str(ravdess_tree),
        "output_dir": str(tmp_path / "run"),
        "protocol": "grouped",
        "num_folds": 3,
        "model_config": {"hidden_size": 32, "tokenizer_in_planes": 8},
        "feature_config": {"num_mel_bins": 32, "num_frames": 96},
        "num_train_epochs": 1,
        "use_cpu": True,
        "disable_tqdm": True,
        "push_to_hub": True,
        "hub_model_id": "tester/pushed",
    }
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    for command in ([str(ROOT / "examples" / "train.py"), str(tmp_path / "recipe.json")], ["-c", LOAD]):
        done = subprocess.run(
            [sys.executable, *command], env=fake_hub.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]
    files = fake_hub.files("tester/pushed")
    assert {"config.json", "model.safetensors", "preprocessor_config.json", "results.json", "README.md"} <= set(files)
    assert not any(name.endswith((".bin", ".pt", ".pth")) for name in files)


def test_several_folds_are_not_pushed_over_each_other(tmp_path, ravdess_tree):
    import pytest

    from hf_ser import SerTrainingArguments
    from hf_ser.training import DataArguments, ModelArguments, Recipe

    recipe = Recipe(
        DataArguments(data_dir=str(ravdess_tree), protocol="grouped", num_folds=3, folds="all"),
        ModelArguments(),
        SerTrainingArguments(output_dir=str(tmp_path), push_to_hub=True, use_cpu=True),
    )
    with pytest.raises(ValueError, match="push_to_hub is True for 3 folds"):
        recipe.run()
