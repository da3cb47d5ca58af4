"""That two processes take the steps of one."""

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

SETTINGS = {
    "eval_strategy": "no",
    "save_strategy": "no",
    "max_steps": 5,
    "optim": "sgd",
    "learning_rate": 0.1,
    "class_weights": {"neutral": 3.0, "sad": 1.0, "angry": 0.5},
    "label_smoothing_factor": 0.1,
}


def train(folder, output, settings):
    model = tiny_model(attention_probs_dropout_prob=0.0, drop_path_rate=0.0)
    corpus = load_corpus("ravdess", folder, check_grid="off")
    rows = [row for row, emotion in enumerate(corpus["emotion"]) if emotion != "sad" or row % 2]
    trainer = tiny_trainer(corpus.select(rows), output, model=model, **settings)
    trainer.train()
    save_file(dict(trainer.model.state_dict()), str(output / f"rank-{trainer.args.process_index}.safetensors"))


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(tmp_path):
    tiny_corpus(tmp_path / "corpus")
    balanced = SETTINGS | {"stability_weight": 0.5, "class_sampling": "oversample"}
    weights = {}
    for processes, size, settings in ((1, 8, balanced), (2, 4, balanced), (2, 4, balanced | {"mixup_alpha": 0.4})):
        output = tmp_path / f"{processes}-{'mixup_alpha' in settings}"
        output.mkdir()
        arguments = [
            str(tmp_path / "corpus"),
            str(output),
            json.dumps(settings | {"per_device_train_batch_size": size}),
        ]
        run = subprocess.run(
            [
                sys.executable,
                *("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)),
                *(__file__, *arguments),
            ],
            env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "1"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert run.returncode == 0, run.stderr[-3000:]
        weights[output.name] = [load_file(file) for file in sorted(output.glob("rank-*"))]
    (one,), two, mixed = weights.values()
    for pair in (two, mixed):
        assert all(torch.equal(pair[0][name], pair[1][name]) for name in one)
    assert all(torch.allclose(one[name], two[0][name], atol=2e-5) for name in one)
    assert not all(torch.allclose(one[name], mixed[0][name], atol=2e-5) for name in one)


if __name__ == "__main__":
    train(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
