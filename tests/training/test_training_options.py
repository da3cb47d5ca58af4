"""That every option changes what is trained, and that runs with all of them resume exactly."""

import numpy as np
import pytest
import torch
from tiny import StopAt, same_weights, tiny_model, tiny_trainer

EVERYTHING = {
    "mixup_alpha": 0.4,
    "stability_weight": 0.5,
    "stability_reverb": 0.5,
    "class_sampling": "oversample",
    "class_weights": {"neutral": 2.0, "sad": 1.0, "angry": 0.5},
    "focal_gamma": 1.0,
    "label_smoothing_factor": 0.1,
    "per_device_train_batch_size": 4,
    "augmentation": "light",
    "time_masks": 1,
    "save_strategy": "steps",
    "save_steps": 3,
    "eval_strategy": "no",
    "save_total_limit": None,
}


@pytest.fixture(scope="module")
def uneven(corpus):
    """The corpus without most of its sad clips."""
    seen = {}
    rows = []
    for row, (emotion, speaker) in enumerate(zip(corpus["emotion"], corpus["speaker"], strict=True)):
        seen[emotion, speaker] = seen.get((emotion, speaker), 0) + 1
        if emotion != "sad" or seen[emotion, speaker] == 1:
            rows.append(row)
    return corpus.select(rows)


@pytest.fixture(scope="module")
def plain_models():
    """Models trained without the option that is tried, by their other settings."""
    return {}


def weights_after(corpus, folder, **settings):
    defaults = {"eval_strategy": "no", "save_strategy": "no", "max_steps": 2}
    trainer = tiny_trainer(corpus, folder, **(defaults | settings))
    trainer.train()
    return trainer.model


@pytest.mark.parametrize(
    ("base", "change"),
    [
        ({}, {"mixup_alpha": 0.4}),
        ({"mixup_alpha": 0.4}, {"mixup_alpha": 0.8}),
        ({"mixup_alpha": 0.4}, {"mixup_mode": "batch"}),
        ({}, {"stability_weight": 0.5}),
        ({"stability_weight": 0.5}, {"stability_weight": 1.0}),
        ({"stability_weight": 0.5}, {"stability_snr_db": [20.0, 30.0]}),
        ({"stability_weight": 0.5}, {"stability_reverb": 1.0}),
        ({"stability_weight": 0.5}, {"stability_noise_dir": "noises"}),
        ({}, {"class_weights": "balanced"}),
        ({}, {"class_weights": '{"sad": 3, "neutral": 1, "angry": 1}'}),
        ({}, {"focal_gamma": 2.0}),
        ({}, {"label_smoothing_factor": 0.2}),
        ({}, {"class_sampling": "oversample"}),
        ({}, {"class_sampling": "balanced"}),
    ],
    ids=str,
)
def test_each_option_changes_what_is_trained(uneven, plain_models, tmp_path, base, change):
    if "stability_noise_dir" in change:
        import soundfile

        noise = np.random.default_rng(0).normal(size=16000) * np.linspace(0, 0.1, 16000)
        soundfile.write(tmp_path / "noise.wav", noise, 16000)
        change = {"stability_noise_dir": str(tmp_path)}
    if str(base) not in plain_models:
        plain, again = (weights_after(uneven, tmp_path / name, **base) for name in ("plain", "again"))
        assert same_weights(plain, again)
        plain_models[str(base)] = plain
    changed = weights_after(uneven, tmp_path / "changed", **(base | change))
    assert not same_weights(plain_models[str(base)], changed)


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_interrupted_run_with_every_option_ends_with_the_weights_of_one_left_alone(uneven, tmp_path, workers):
    settings = EVERYTHING | {"dataloader_num_workers": workers}
    whole = tiny_trainer(uneven, tmp_path / "whole", **settings)
    whole.train()
    assert whole.state.global_step > 8
    with pytest.raises(StopAt.Interrupted):
        tiny_trainer(uneven, tmp_path / "broken", callbacks=[StopAt(7)], **settings).train()
    continued = tiny_trainer(uneven, tmp_path / "broken", model=tiny_model(seed=9), resume=True, **settings)
    continued.train()
    assert same_weights(whole.model, continued.model)


@pytest.mark.parametrize("weights", ["none", "balanced"])
def test_accumulated_batches_take_the_step_of_one_large_batch(uneven, tmp_path, weights):
    """Also where the last batch of an epoch is smaller, and where batches hold classes of unlike weights."""
    steps = {"eval_strategy": "no", "save_strategy": "no", "num_train_epochs": 1, "class_weights": weights}
    steps |= {"optim": "sgd", "learning_rate": 0.1}
    trained = []
    for size, accumulated in ((12, 1), (4, 3)):
        trainer = tiny_trainer(
            uneven,
            tmp_path / str(size),
            model=tiny_model(attention_probs_dropout_prob=0.0, drop_path_rate=0.0),
            per_device_train_batch_size=size,
            gradient_accumulation_steps=accumulated,
            **steps,
        )
        assert len(trainer.train_dataset) % 4
        trainer.train()
        trained.append(trainer.model.state_dict())
    for name, value in trained[0].items():
        assert torch.allclose(value, trained[1][name], atol=2e-5), name


def test_class_weights_come_from_training_rows_alone(uneven, tmp_path):
    trainer = tiny_trainer(uneven, tmp_path, class_weights="balanced")
    emotions = [trainer.model.config.id2label[label] for label in trainer.train_dataset.labels]
    counts = [emotions.count(name) for name in ("neutral", "sad", "angry")]
    expected = [len(emotions) / (3 * count) for count in counts]
    assert trainer.objective.class_weights.tolist() == pytest.approx(expected)


def test_evaluation_is_plain_cross_entropy_of_clean_clips(uneven, tmp_path):
    plain = tiny_trainer(uneven, tmp_path / "plain").evaluate()
    asked = {name: value for name, value in EVERYTHING.items() if not name.startswith(("save", "eval"))}
    optioned = tiny_trainer(uneven, tmp_path / "all", **asked).evaluate()
    assert optioned["eval_loss"] == plain["eval_loss"]
    assert optioned["eval_ua"] == plain["eval_ua"]
