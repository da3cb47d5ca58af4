"""Settings that cannot be followed are refused, not ignored."""

import dataclasses

import numpy as np
import pytest
import test_views
from tiny import LABELS, tiny_extractor, tiny_model, tiny_trainer
from transformers import HfArgumentParser, TrainingArguments

from hf_ser import SerTrainer, SerTrainingArguments, speaker_folds
from hf_ser.augmentation import WaveformAugmentation
from hf_ser.training import ClassificationObjective, CrossEntropyObjective
from hf_ser.training.distillation import DistillationCollator, DistillationObjective
from hf_ser.training.reference_training import REFERENCE_OPTIONS
from hf_ser.training.run_settings import _DECISIVE
from hf_ser.training.view_dataset import ViewDataset


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mixup_alpha": -0.1}, "mixup_alpha is -0.1, expected 0 or more"),
        ({"mixup_alpha": float("nan")}, "mixup_alpha is nan"),
        ({"mixup_alpha": 0.4, "mixup_mode": "clip"}, "mixup_mode is 'clip', expected 'sample'"),
        ({"mixup_mode": "batch"}, "mixup_mode is 'batch' but mixup_alpha is 0"),
        ({"stability_weight": -1.0}, "stability_weight is -1.0"),
        ({"stability_weight": 1.0, "stability_snr_db": [10.0, 0.0]}, "stability_snr_db is"),
        ({"stability_weight": 1.0, "stability_snr_db": [10.0]}, "stability_snr_db is"),
        ({"stability_weight": 1.0, "stability_reverb": 2.0}, "stability_reverb is 2.0"),
        ({"stability_noise_dir": "x"}, "stability_weight is 0, so there are no twins"),
        ({"stability_snr_db": [5.0, 10.0]}, "stability_weight is 0, so there are no twins"),
        ({"stability_reverb": 0.0}, "stability_weight is 0, so there are no twins"),
        ({"focal_gamma": -2.0}, "focal_gamma is -2.0"),
        ({"label_smoothing_factor": 1.0}, "label_smoothing_factor is 1.0"),
        ({"class_weights": "even"}, "class_weights is 'even', expected 'none', 'balanced'"),
        ({"class_sampling": "smote"}, "class_sampling is 'smote', expected 'none'"),
        ({"class_sampling": "balanced", "class_weights": "balanced"}, "made up for twice"),
        ({"class_sampling": "balanced", "train_sampling_strategy": "sequential"}, "drop one of them"),
    ],
    ids=str,
)
def test_contradictions_are_refused(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        SerTrainingArguments(output_dir=str(tmp_path), **settings)


def test_settings_are_flags(tmp_path):
    parser = HfArgumentParser((SerTrainingArguments,))
    flags = ["--output_dir", str(tmp_path), "--stability_weight", "0.5", "--stability_snr_db", "5", "20"]
    flags += ["--class_weights", '{"sad": 2.0, "angry": 1}', "--mixup_alpha", "0.4", "--mixup_mode", "batch"]
    (arguments,) = parser.parse_args_into_dataclasses(flags)
    assert arguments.stability_snr_db == [5.0, 20.0]
    assert arguments.class_weights == {"sad": 2.0, "angry": 1.0}
    again = dataclasses.replace(arguments, seed=7)
    assert again.class_weights == arguments.class_weights


def test_a_run_is_continued_with_the_same_options_only():
    inherited = {field.name for field in dataclasses.fields(TrainingArguments)}
    own = {field.name for field in dataclasses.fields(SerTrainingArguments)} - inherited
    # where to read and write, and how to begin; views of a cache are written down with it
    neutral = {"resume", "overwrite_run", "allow_speaker_overlap", "feature_cache_dir", "feature_cache_views"}
    neutral |= {"prefix_cache_dir", "prefix_cache_views", "prefix_cache_dtype", "speaker_cache_dir"}
    # written down where they differ from the usual
    neutral |= {"fit_head", *REFERENCE_OPTIONS}
    assert own - neutral <= set(_DECISIVE)


OPTIONS = [{"mixup_alpha": 0.4}, {"stability_weight": 0.5}, {"class_weights": "balanced"}, {"focal_gamma": 2.0}]


@pytest.mark.parametrize("settings", OPTIONS, ids=str)
def test_an_objective_that_does_not_follow_an_option_is_refused(corpus, tmp_path, settings):
    taught = DistillationObjective(32, np.zeros(3), np.ones(3))
    for objective in (CrossEntropyObjective(), taught):
        with pytest.raises(ValueError, match=f"does not follow {next(iter(settings))}="):
            tiny_trainer(corpus, tmp_path, trainer_options={"objective": objective}, **settings)
    assert tiny_trainer(corpus, tmp_path, trainer_options={"objective": ClassificationObjective()}, **settings)


def test_weights_for_other_emotions_are_refused(corpus, tmp_path):
    with pytest.raises(ValueError, match=r"disagree on \['angry', 'happy'"):
        tiny_trainer(corpus, tmp_path, class_weights={"happy": 1.0, "sad": 1.0, "neutral": 1.0})


def test_views_are_mixed_twinned_and_sampled_too(corpus, tmp_path, tmp_path_factory):
    store = test_views.make_store(tmp_path_factory.mktemp("views"), 2)
    store.render(corpus, WaveformAugmentation("light"), None)
    fold = speaker_folds(corpus, protocol="grouped", k=3)[0]
    dataset = ViewDataset(store, corpus, LABELS, fold.train, seed=3)
    settings = {"mixup_alpha": 0.4, "stability_weight": 0.5, "class_sampling": "oversample", "use_cpu": True}
    trainer = SerTrainer(
        tiny_model(),
        SerTrainingArguments(
            output_dir=str(tmp_path), eval_strategy="no", save_strategy="no", max_steps=2, **settings
        ),
        train_dataset=dataset,
        processing_class=tiny_extractor(),
        data_collator=DistillationCollator(tiny_extractor()),
    )
    batch = next(iter(trainer.get_train_dataloader()))
    assert {"mix_partner", "twin_input_features", "twin_attention_mask"} <= batch.keys()
    trainer.train()
