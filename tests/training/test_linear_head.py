"""A linear head on a frozen encoder, fitted in closed form by the same trainer and commands."""

import numpy as np
import pytest
import torch
from speech import tiny_speech_extractor, tiny_speech_model
from tiny import tiny_corpus, tiny_trainer

from hf_ser import SerTrainingArguments
from hf_ser.training import DataArguments, DistillationArguments, ModelArguments
from hf_ser.training.ridge import fit_ridge
from hf_ser.training.run_settings import record_or_compare, run_settings

LINEAR = {"head_hidden_size": 0, "head_dropout": 0.5, "normalize_layers": True}
RIDGE = {"fit_head": "ridge", "freeze": ["encoder"], "eval_strategy": "no", "save_strategy": "no"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return tiny_corpus(tmp_path_factory.mktemp("speakers"))


def linear_trainer(corpus, folder, **settings):
    model = settings.pop("model", None) or tiny_speech_model(**LINEAR)
    settings = RIDGE | {"num_train_epochs": 1, "extractor": tiny_speech_extractor()} | settings
    return tiny_trainer(corpus, folder, model=model, **settings)


def vectors_of(trainer):
    """What the classifier reads of each training clip, clip by clip."""
    found = []
    model = trainer.model.eval()
    for index in range(len(trainer.train_dataset)):
        batch = trainer.train_collator([trainer.train_dataset[index]])
        with torch.no_grad():
            states, mask = model.compute_prefix(3, input_features=batch["input_features"])
            found.append(model.head.pool(states, mask)[0].numpy())
    return np.stack(found)


def test_the_classifier_is_the_fit_on_the_training_clips_and_the_encoder_is_left_alone(corpus, tmp_path):
    trainer = linear_trainer(corpus, tmp_path)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.train()
    data = trainer.train_dataset
    expected = fit_ridge(vectors_of(trainer), np.array(data.labels), data.speakers, 3)
    torch.testing.assert_close(
        trainer.model.head.classifier.weight, torch.from_numpy(expected.weight).float(), rtol=1e-2, atol=1e-2
    )
    assert trainer.fit.penalty == expected.penalty
    changed = {name for name, value in trainer.model.state_dict().items() if not value.equal(before[name])}
    assert changed == {"head.classifier.weight", "head.classifier.bias"}


def test_the_cache_gives_the_same_head_and_every_pass_another_view(corpus, tmp_path):
    plain, cached, views = (
        linear_trainer(corpus, tmp_path / name, **settings)
        for name, settings in (
            ("plain", {}),
            ("cached", {"prefix_cache_dir": str(tmp_path / "cache"), "prefix_cache_dtype": "float32"}),
            (
                "views",
                {
                    "prefix_cache_dir": str(tmp_path / "cache"),
                    "prefix_cache_views": 2,
                    "augmentation": "gain",
                    "num_train_epochs": 3,
                },
            ),
        )
    )
    for trainer in (plain, cached, views):
        trainer.train()
    weights = [trainer.model.head.classifier.weight for trainer in (plain, cached, views)]
    torch.testing.assert_close(weights[0], weights[1], rtol=1e-2, atol=1e-2)
    assert not torch.allclose(weights[1], weights[2], rtol=0.1, atol=0.1)


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (LINEAR, {"freeze": []}, "but got encoder.* to train; freeze the encoder"),
        (LINEAR | {"head_hidden_size": 4}, {}, "but got head.projector.bias, head.projector.weight to train"),
        (LINEAR | {"head_config": {"batch_norm": True}}, {}, "but got head.batch_norm.bias"),
    ],
)
def test_what_is_not_linear_or_not_frozen_is_refused(corpus, tmp_path, model, settings, message):
    with pytest.raises(ValueError, match=message):
        linear_trainer(corpus, tmp_path, model=tiny_speech_model(**model), **settings)


def test_a_run_by_ridge_is_not_continued_by_gradient(tmp_path):
    parts = DataArguments(corpus="ravdess", data_dir="x"), ModelArguments()
    written = [
        run_settings(
            *parts, SerTrainingArguments(output_dir=str(tmp_path), **settings), DistillationArguments(), None, ""
        )
        for settings in (RIDGE, RIDGE | {"fit_head": "gradient"})
    ]
    record_or_compare(tmp_path, written[0], resume=False)
    with pytest.raises(ValueError, match=r"other settings \(fit_head 'ridge' -> None\)"):
        record_or_compare(tmp_path, written[1], resume=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fit_head": "svm"}, "fit_head is 'svm', expected 'gradient' or 'ridge'"),
        ({"fit_head": "ridge"}, "set eval_strategy to 'no'"),
        ({"fit_head": "ridge", "eval_strategy": "no", "mixup_alpha": 0.4}, "does not follow mixup_alpha=0.4"),
    ],
)
def test_settings_that_cannot_be_followed_are_refused(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        SerTrainingArguments(output_dir=str(tmp_path), **settings)
