"""That two processes freeze, unfreeze and learn dimensions together."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_corpus, tiny_model, tiny_trainer

from hf_ser import load_corpus

SETTINGS = {"eval_strategy": "no", "save_strategy": "no", "num_train_epochs": 3, "optim": "sgd", "learning_rate": 0.1}
SETTINGS |= {"freeze": ["encoder"], "unfreeze_at": {"1": 1, "2": "all"}, "layer_learning_rate_decay": 0.5}
DIMENSIONS = {"problem_type": "regression", "id2label": {0: "arousal"}, "label2id": {"arousal": 0}}


def train(folder, output, settings):
    regression = settings.pop("regression", False)
    model = tiny_model(attention_probs_dropout_prob=0.0, drop_path_rate=0.0, **(DIMENSIONS if regression else {}))
    corpus = load_corpus("ravdess", folder, check_grid="off")
    if regression:
        # whole batches of some processes have no label
        values = [None if row % 3 else float(len(emotion)) for row, emotion in enumerate(corpus["emotion"])]
        corpus = corpus.add_column("arousal", values)
    trainer = tiny_trainer(corpus, output, model=model, **settings)
    trainer.train()
    save_file(dict(trainer.model.state_dict()), str(output / f"rank-{trainer.args.process_index}.safetensors"))


@pytest.mark.slow
def test_two_processes_unfreeze_as_one_does(tmp_path):
    tiny_corpus(tmp_path / "corpus")
    runs = {
        "one": (1, {"per_device_train_batch_size": 8}),
        "two": (2, {"per_device_train_batch_size": 4, "gradient_checkpointing": True}),
        "dimensions": (2, {"per_device_train_batch_size": 2, "regression": True}),
    }
    weights = {}
    for name, (processes, settings) in runs.items():
        (tmp_path / name).mkdir()
        run = subprocess.run(
            [
                sys.executable,
                *("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)),
                *(__file__, str(tmp_path / "corpus"), str(tmp_path / name), json.dumps(SETTINGS | settings)),
            ],
            env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "1"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert run.returncode == 0, run.stderr[-3000:]
        weights[name] = [load_file(file) for file in sorted((tmp_path / name).glob("rank-*"))]
    one = weights.pop("one")[0]
    for first, second in weights.values():
        assert all(torch.equal(first[name], second[name]) for name in one)
        assert all(torch.isfinite(first[name]).all() for name in one)
    assert all(torch.allclose(one[name], weights["two"][0][name], atol=2e-5) for name in one)
    start = tiny_model(attention_probs_dropout_prob=0.0, drop_path_rate=0.0).state_dict()
    assert not any(torch.equal(one[name], start[name]) for name in one)


if __name__ == "__main__":
    train(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
