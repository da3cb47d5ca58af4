"""A corpus, a model and a trainer small enough to train in seconds, for the tests of training."""

import sys
from pathlib import Path

import torch
from transformers import TrainerCallback

from hf_ser import (
    CctConfig,
    CctForAudioClassification,
    SerTrainer,
    SerTrainingArguments,
    SpectrogramFeatureExtractor,
    load_corpus,
    speaker_folds,
)

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
from make_synthetic_corpus import make_ravdess_tree

EMOTIONS = ("neutral", "sad", "angry")
LABELS = {name: index for index, name in enumerate(EMOTIONS)}


def tiny_corpus(folder, actors=range(1, 7), seed=0):
    make_ravdess_tree(folder, actors, EMOTIONS, seconds=(0.4, 0.7), seed=seed)
    return load_corpus("ravdess", folder)


def tiny_extractor(**settings):
    return SpectrogramFeatureExtractor.from_preset(
        "log_mel", **({"num_mel_bins": 32, "num_frames": 96, "normalization": "clip"} | settings)
    )


def tiny_model(seed=0, **settings):
    torch.manual_seed(seed)
    config = CctConfig.from_variant(
        "cct_2_3x2_32",
        num_channels=1,
        image_size=[32, 96],
        hidden_size=32,
        tokenizer_in_planes=8,
        **({"id2label": dict(enumerate(EMOTIONS)), "label2id": LABELS} | settings),
    )
    return CctForAudioClassification(config)


def tiny_trainer(corpus, output_dir, *, model=None, extractor=None, callbacks=None, trainer_options=None, **settings):
    fold = speaker_folds(corpus, protocol="grouped", k=3)[0]
    defaults = {
        "output_dir": str(output_dir),
        "num_train_epochs": 2,
        "per_device_train_batch_size": 8,
        "learning_rate": 1e-3,
        "use_cpu": True,
        "disable_tqdm": True,
        "logging_strategy": "no",
        "seed": 3,
    }
    return SerTrainer(
        model or tiny_model(),
        SerTrainingArguments(**(defaults | settings)),
        train_dataset=corpus.select(fold.train),
        eval_dataset=corpus.select(fold.validation),
        processing_class=extractor or tiny_extractor(),
        callbacks=callbacks,
        **(trainer_options or {}),
    )


class StopAt(TrainerCallback):
    """Breaks off a run after a number of steps, as an interruption would."""

    class Interrupted(Exception):
        pass

    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            raise self.Interrupted


def same_weights(first, second):
    first, second = first.state_dict(), second.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
