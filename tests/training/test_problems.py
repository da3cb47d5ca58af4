import numpy as np
import pytest
import torch
from tiny import EMOTIONS, StopAt, same_weights, tiny_extractor, tiny_model, tiny_trainer
from torch import nn
from transformers import AutoModelForAudioClassification

from hf_ser.training import CrossEntropyObjective, ModelArguments, SerDataset, build_model
from hf_ser.training.multi_label import MultiLabelObjective
from hf_ser.training.problems import problem_of
from hf_ser.training.targets import DimensionTarget, target_labels

# values as a corpus with a scale of 1 to 7 may have them: emotions differ, and so do clips a little
VALUES = {"neutral": (3.0, 4.0), "sad": (2.0, 2.0), "angry": (6.0, 1.5)}
MULTI = {"neutral": ["calm"], "sad": ["calm", "sad"], "angry": ["angry"]}
LEARNING = {"num_train_epochs": 8, "learning_rate": 5e-3, "per_device_train_batch_size": 8}


@pytest.fixture(scope="module")
def rated(corpus):
    rng = np.random.default_rng(0)
    values = np.array([VALUES[emotion] for emotion in corpus["emotion"]]) + rng.normal(0, 0.2, (len(corpus), 2))
    arousal, valence = values.T.tolist()
    valence[3] = None
    return corpus.add_column("arousal", arousal).add_column("valence", valence)


@pytest.fixture(scope="module")
def several(corpus):
    return corpus.add_column("emotions", [MULTI[emotion] for emotion in corpus["emotion"]])


def model_for(corpus, target, seed=0, **settings):
    arguments = ModelArguments(
        variant="cct_2_3x2_32",
        model_config={"hidden_size": 32, "tokenizer_in_planes": 8},
        target=target,
        dimensions=["arousal", "valence"],
        **settings,
    )
    labels = target_labels(corpus, range(len(corpus)), target, arguments.dimensions)
    return build_model(arguments, labels, tiny_extractor(), seed)


def test_dimensions_are_learned_and_come_in_the_corpuss_unit(rated, tmp_path):
    trainer = tiny_trainer(rated, tmp_path, model=model_for(rated, "dimensions"), **LEARNING)
    before = trainer.evaluate()
    trainer.train()
    after = trainer.evaluate()
    assert after["eval_ccc"] > 0.5 > before["eval_ccc"]
    assert after["eval_mae"] < before["eval_mae"]
    assert trainer.args.metric_for_best_model == "ccc"
    history = [row["eval_ccc"] for row in trainer.state.log_history if "eval_ccc" in row]
    assert after["eval_ccc"] == pytest.approx(max(history))
    output = trainer.predict(rated.select([0, 3, 40]))
    assert output.predictions.shape == output.label_ids.shape == (3, 2)
    assert np.isnan(output.label_ids).tolist() == [[False, False], [False, True], [False, False]]
    assert {
        "test_ccc",
        "test_mae",
        "test_ccc_arousal",
        "test_ccc_valence",
        "test_mae_valence",
    } <= output.metrics.keys()
    every = trainer.predict(rated).predictions
    assert 2.0 < every[:, 0].mean() < 5.5
    trainer.save_model()
    loaded = AutoModelForAudioClassification.from_pretrained(tmp_path)
    assert loaded.config.problem_type == "regression"
    assert loaded.config.id2label == {0: "arousal", 1: "valence"}


def test_several_emotions_are_learned(several, tmp_path):
    trainer = tiny_trainer(
        several,
        tmp_path,
        model=model_for(several, "multi-label"),
        num_train_epochs=8,
        learning_rate=1e-2,
        per_device_train_batch_size=4,
    )
    before = trainer.evaluate()
    trainer.train()
    after = trainer.evaluate()
    assert after["eval_macro_f1"] > 0.7 > before["eval_macro_f1"]
    assert after["eval_loss"] < before["eval_loss"]
    assert {"eval_micro_f1", "eval_subset_accuracy", "eval_ap_sad", "eval_ap_angry"} <= after.keys()
    assert trainer.args.metric_for_best_model == "macro_f1"
    output = trainer.predict(several.select([0, 1]))
    assert output.predictions.shape == output.label_ids.shape == (2, 3)
    assert set(np.unique(output.label_ids)) <= {0.0, 1.0}
    trainer.save_model()
    assert (
        AutoModelForAudioClassification.from_pretrained(tmp_path).config.problem_type == "multi_label_classification"
    )


def test_nothing_of_validation_rows_is_fitted(rated, tmp_path):
    def started(validation):
        rows = rated.map(
            lambda row: {"arousal": row["arousal"] + validation * (row["speaker"] in held_out)},
            load_from_cache_file=False,
        )
        trainer = tiny_trainer(rows, tmp_path, model=model_for(rated, "dimensions"), mse_weight=0.5)
        return trainer.model, trainer.objective.spread

    held_out = set(tiny_trainer(rated, tmp_path, model=model_for(rated, "dimensions")).eval_dataset.speakers)
    (first, spread), (second, other) = started(0.0), started(100.0)
    assert same_weights(first, second)
    assert torch.equal(spread, other)
    assert first.classifier.bias.abs().min() > 1  # the mean of the training labels


def test_interrupted_regression_ends_with_the_weights_of_one_left_alone(rated, tmp_path):
    settings = {
        "mse_weight": 0.3,
        "save_strategy": "steps",
        "save_steps": 2,
        "eval_strategy": "steps",
        "eval_steps": 2,
        "num_train_epochs": 1,
        "load_best_model_at_end": False,
    }
    whole = tiny_trainer(rated, tmp_path / "whole", model=model_for(rated, "dimensions"), **settings)
    whole.train()
    with pytest.raises(StopAt.Interrupted):
        tiny_trainer(
            rated, tmp_path / "broken", model=model_for(rated, "dimensions"), callbacks=[StopAt(3)], **settings
        ).train()
    resumed = tiny_trainer(
        rated, tmp_path / "broken", model=model_for(rated, "dimensions", seed=5), resume=True, **settings
    )
    resumed.train()
    assert same_weights(whole.model, resumed.model)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_multi_label_loss_is_binary_cross_entropy(smoothing):
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 3), (torch.rand(4, 3) < 0.5).float()
    loss, _ = MultiLabelObjective(smoothing)(lambda: {"logits": logits}, {"labels": labels})
    targets = labels * (1 - smoothing) + smoothing / 2
    p = torch.sigmoid(logits)
    expected = -(targets * p.log() + (1 - targets) * (1 - p).log()).mean()
    assert torch.allclose(loss, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("target", "settings", "message"),
    [
        ("dimensions", {"mixup_alpha": 0.4}, r"DimensionsObjective does not follow mixup_alpha=0\.4"),
        ("dimensions", {"class_weights": "balanced"}, r"does not follow class_weights"),
        ("dimensions", {"label_smoothing_factor": 0.1}, r"does not follow label_smoothing_factor"),
        ("dimensions", {"class_sampling": "oversample"}, r"no single class to sample by"),
        ("multi-label", {"focal_gamma": 2.0}, r"MultiLabelObjective does not follow focal_gamma"),
        ("multi-label", {"stability_weight": 0.5}, r"does not follow stability_weight"),
        ("multi-label", {"class_sampling": "balanced"}, r"no single class to sample by"),
        ("multi-label", {"mse_weight": 0.5}, r"does not follow mse_weight"),
        ("emotion", {"mse_weight": 0.5}, r"ClassificationObjective does not follow mse_weight"),
    ],
)
def test_settings_that_make_no_sense_for_a_problem_are_refused(rated, several, tmp_path, target, settings, message):
    corpus = {"dimensions": rated, "multi-label": several, "emotion": rated}[target]
    with pytest.raises(ValueError, match=message):
        tiny_trainer(corpus, tmp_path, model=model_for(corpus, target), **settings)


def test_objective_for_other_labels_is_refused(rated, tmp_path):
    with pytest.raises(
        ValueError, match=r"CrossEntropyObjective learns from labels of the kind emotion, but .* dimens"
    ):
        tiny_trainer(
            rated,
            tmp_path,
            model=model_for(rated, "dimensions"),
            trainer_options={"objective": CrossEntropyObjective()},
        )


@pytest.mark.parametrize("target", ["dimensions", "multi-label"])
def test_features_from_the_cache_come_with_the_same_labels(rated, several, tmp_path, target):
    corpus = {"dimensions": rated, "multi-label": several}[target]
    plain = tiny_trainer(corpus, tmp_path / "plain", model=model_for(corpus, target))
    cached = tiny_trainer(
        corpus, tmp_path / "cached", model=model_for(corpus, target), feature_cache_dir=str(tmp_path / "features")
    )
    first, second = (next(iter(trainer.get_train_dataloader())) for trainer in (plain, cached))
    assert first["labels"].dtype == torch.float32
    assert torch.equal(first["row_ids"], second["row_ids"])
    assert torch.allclose(first["labels"], second["labels"], equal_nan=True)
    assert torch.allclose(first["input_features"], second["input_features"], atol=1e-5)


def test_rows_that_do_not_fit_the_model_are_refused(corpus, rated, tmp_path):
    with pytest.raises(ValueError, match=r"lacks the column\(s\) \['arousal', 'valence'\]"):
        tiny_trainer(corpus, tmp_path, model=model_for(rated, "dimensions"))
    trainer = tiny_trainer(rated, tmp_path)
    with pytest.raises(ValueError, match=r"labelled by emotion, but the model has problem_type='regression'"):
        problem_of(model_for(rated, "dimensions").config).prepare(trainer.model, trainer.args, trainer.train_dataset)
    flat = rated.remove_columns("valence").add_column("valence", [2.0] * len(rated))
    with pytest.raises(ValueError, match=r"'valence' has 24 labels and 1 different values"):
        tiny_trainer(flat, tmp_path, model=model_for(rated, "dimensions"))


def test_checkpoint_is_taken_for_what_it_was_trained_for(rated, several, tmp_path):
    model_for(rated, "dimensions").save_pretrained(tmp_path / "rated")
    tiny_model().save_pretrained(tmp_path / "emotion")
    same = ModelArguments(model_name_or_path=str(tmp_path / "rated"), target="dimensions")
    assert build_model(same, ["arousal", "valence"], tiny_extractor(), 0).config.problem_type == "regression"
    with pytest.raises(ValueError, match=r"the checkpoint has \['arousal', 'valence'\]"):
        build_model(same, ["valence", "arousal"], tiny_extractor(), 0)
    with pytest.raises(ValueError, match=r"was trained for 'dimensions'"):
        build_model(ModelArguments(model_name_or_path=str(tmp_path / "rated")), list(EMOTIONS), tiny_extractor(), 0)
    other = ModelArguments(model_name_or_path=str(tmp_path / "emotion"), target="multi-label")
    with pytest.raises(ValueError, match=r"target is 'multi-label', but the checkpoint .* trained for 'emotion'"):
        build_model(other, ["sad", "angry"], tiny_extractor(), 0)
    replaced = ModelArguments(model_name_or_path=str(tmp_path / "emotion"), target="dimensions", new_head=True)
    model = build_model(replaced, ["arousal"], tiny_extractor(), 0)
    assert model.config.problem_type == "regression"
    assert model.classifier.out_features == 1
    back = ModelArguments(model_name_or_path=str(tmp_path / "rated"), new_head=True)
    assert problem_of(build_model(back, list(EMOTIONS), tiny_extractor(), 0).config).kind == "emotion"
    with pytest.raises(ValueError, match="expected one of emotion, multi-label, dimensions"):
        ModelArguments(target="valence")


def test_one_dimension_is_learned_too(rated, tmp_path):
    names = {"id2label": {0: "arousal"}, "label2id": {"arousal": 0}}
    trainer = tiny_trainer(rated, tmp_path, model=tiny_model(problem_type="regression", **names), num_train_epochs=1)
    trainer.train()
    output = trainer.predict(SerDataset(rated, DimensionTarget({"arousal": 0}), [1, 2, 3]))
    assert output.predictions.shape == output.label_ids.shape == (3, 1)


@pytest.mark.parametrize(
    ("settings", "labels", "loss"),
    [
        ({}, torch.tensor([2, 0]), nn.functional.cross_entropy),
        ({"problem_type": "single_label_classification"}, torch.tensor([2, 0]), nn.functional.cross_entropy),
        ({"problem_type": "regression"}, torch.tensor([[1.0, 5.0, 2.0], [0.0, -1.0, 3.0]]), nn.functional.mse_loss),
        (
            {"problem_type": "multi_label_classification"},
            torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]),
            nn.functional.binary_cross_entropy_with_logits,
        ),
    ],
)
def test_cct_computes_the_loss_of_its_problem_itself(settings, labels, loss):
    model = tiny_model(**settings).eval()
    output = model(torch.randn(2, 1, 32, 96), labels=labels)
    assert torch.allclose(output.loss, loss(output.logits, labels))


def test_unknown_problem_is_named():
    config = tiny_model().config
    assert problem_of(config).kind == "emotion"
    config.problem_type = "ranking"
    with pytest.raises(ValueError, match="problem_type is 'ranking', expected one of"):
        problem_of(config)
