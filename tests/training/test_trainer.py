import json

import numpy as np
import pytest
import torch
from tiny import LABELS, StopAt, same_weights, tiny_extractor, tiny_model, tiny_trainer
from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

from hf_ser import SerTrainer, SerTrainingArguments, SpeakerOverlapError
from hf_ser.training import SerDataset, last_complete_checkpoint

AUGMENTED = {"augmentation": "light", "time_masks": 1, "frequency_masks": 1, "save_strategy": "steps", "save_steps": 2}
AUGMENTED |= {"eval_strategy": "steps", "eval_steps": 2, "save_total_limit": None}


def test_training_learns_and_its_folder_loads_in_the_auto_classes(corpus, tmp_path):
    trainer = tiny_trainer(corpus, tmp_path, num_train_epochs=12, learning_rate=3e-3)
    before = trainer.evaluate()
    trainer.train()
    after = trainer.evaluate()
    assert after["eval_ua"] > 0.6 > before["eval_ua"]
    assert after["eval_loss"] < before["eval_loss"]
    trainer.save_model()
    model = AutoModelForAudioClassification.from_pretrained(tmp_path)
    assert same_weights(model, trainer.model)
    assert AutoFeatureExtractor.from_pretrained(tmp_path).to_dict() == trainer.processing_class.to_dict()
    assert not list(tmp_path.rglob("training_args.bin"))
    assert json.loads((tmp_path / "training_args.json").read_text())["seed"] == 3


def test_best_validation_checkpoint_is_returned_to(corpus, tmp_path):
    trainer = tiny_trainer(corpus, tmp_path, num_train_epochs=4, learning_rate=3e-3)
    trainer.train()
    history = [row["eval_ua"] for row in trainer.state.log_history if "eval_ua" in row]
    assert trainer.evaluate()["eval_ua"] == pytest.approx(max(history))


def test_one_seed_gives_the_same_weights_twice_and_another_seed_others(corpus, tmp_path):
    models = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        trainer = tiny_trainer(corpus, tmp_path / name, seed=seed, num_train_epochs=1, **AUGMENTED)
        trainer.train()
        models.append(trainer.model)
    assert same_weights(models[0], models[1])
    assert not same_weights(models[0], models[2])


@pytest.mark.parametrize("workers", [0, 2])
def test_interrupted_run_ends_with_the_weights_of_one_left_alone(corpus, tmp_path, workers):
    settings = AUGMENTED | {"dataloader_num_workers": workers, "gradient_accumulation_steps": 1}
    whole = tiny_trainer(corpus, tmp_path / "whole", **settings)
    whole.train()
    with pytest.raises(StopAt.Interrupted):
        tiny_trainer(corpus, tmp_path / "broken", callbacks=[StopAt(5)], **settings).train()
    assert last_complete_checkpoint(tmp_path / "broken").name == "checkpoint-4"
    # what a kill in the middle of writing leaves behind
    (tmp_path / "broken" / "checkpoint-6").mkdir()
    (tmp_path / "broken" / "checkpoint-6" / "model.safetensors").write_bytes(b"half")
    continued = tiny_trainer(corpus, tmp_path / "broken", model=tiny_model(seed=9), resume=True, **settings)
    continued.train()
    assert same_weights(whole.model, continued.model)
    assert whole.state.log_history[-2]["eval_loss"] == continued.state.log_history[-2]["eval_loss"]


def test_predictions_come_with_their_rows(corpus, tmp_path):
    trainer = tiny_trainer(corpus, tmp_path, per_device_eval_batch_size=4)
    rows = [30, 2, 17, 8, 9]
    output = trainer.predict(SerDataset(corpus, LABELS, rows))
    assert output.row_ids.tolist() == rows
    assert output.label_ids.tolist() == [LABELS[corpus[row]["emotion"]] for row in rows]
    assert output.predictions.shape == (5, 3)
    assert {"test_wa", "test_ua", "test_macro_f1"} <= output.metrics.keys()


def test_a_clip_is_scored_the_same_alone_and_in_a_batch(corpus, tmp_path):
    lengths = [len(example["waveform"]) for example in SerDataset(corpus, LABELS)]
    rows = [int(np.argmin(lengths)), int(np.argmax(lengths))]
    alone = tiny_trainer(corpus, tmp_path, per_device_eval_batch_size=1).predict(corpus.select(rows)).predictions
    together = tiny_trainer(corpus, tmp_path, per_device_eval_batch_size=2).predict(corpus.select(rows)).predictions
    assert np.abs(alone - together).max() < 1e-5


def test_only_the_training_side_is_augmented_and_masked(corpus, tmp_path):
    trainer = tiny_trainer(corpus, tmp_path, augmentation="standard", time_masks=2, frequency_masks=2)
    plain = tiny_trainer(corpus, tmp_path)
    first, second = (next(iter(side.get_eval_dataloader())) for side in (trainer, plain))
    assert torch.equal(first["input_features"], second["input_features"])
    first, second = (next(iter(side.get_train_dataloader())) for side in (trainer, plain))
    assert first["row_ids"].tolist() == second["row_ids"].tolist()
    assert first["input_features"].shape != second["input_features"].shape or not torch.equal(
        first["input_features"], second["input_features"]
    )


def test_speaker_on_both_sides_is_refused_unless_asked_for(corpus, tmp_path):
    settings = {"processing_class": tiny_extractor(), "train_dataset": corpus, "eval_dataset": corpus.select([0])}
    with pytest.raises(SpeakerOverlapError, match=r"ravdess/01.*allow_speaker_overlap=True"):
        SerTrainer(tiny_model(), SerTrainingArguments(output_dir=str(tmp_path)), **settings)
    SerTrainer(tiny_model(), SerTrainingArguments(output_dir=str(tmp_path), allow_speaker_overlap=True), **settings)


def test_a_run_is_never_overwritten_unasked(corpus, tmp_path):
    tiny_trainer(corpus, tmp_path, num_train_epochs=1).train()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(FileExistsError, match="already holds a run"):
        tiny_trainer(corpus, tmp_path, num_train_epochs=1).train()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    tiny_trainer(
        corpus, tmp_path, num_train_epochs=1, overwrite_run=True, save_strategy="no", load_best_model_at_end=False
    ).train()
    assert last_complete_checkpoint(tmp_path) is None


def test_resume_of_nothing_starts_and_resume_from_nothing_is_refused(corpus, tmp_path):
    with pytest.raises(ValueError, match="holds no complete checkpoint"):
        tiny_trainer(corpus, tmp_path).train(resume_from_checkpoint=True)
    with pytest.raises(ValueError, match="no complete checkpoint"):
        tiny_trainer(corpus, tmp_path).train(resume_from_checkpoint=str(tmp_path / "checkpoint-9"))
    tiny_trainer(corpus, tmp_path, num_train_epochs=1, resume=True).train()
    assert last_complete_checkpoint(tmp_path) is not None


def test_early_stopping_counts_evaluations(corpus, tmp_path):
    trainer = tiny_trainer(corpus, tmp_path, num_train_epochs=30, learning_rate=1e-9, early_stopping_patience=2)
    trainer.train()
    assert trainer.state.epoch == 3


def test_trainer_without_extractor_is_refused(corpus, tmp_path):
    with pytest.raises(ValueError, match="processing_class is None"):
        SerTrainer(tiny_model(), SerTrainingArguments(output_dir=str(tmp_path)), train_dataset=corpus)


def test_early_stopping_is_resumed_where_it_was(corpus, tmp_path):
    settings = {"num_train_epochs": 30, "learning_rate": 1e-9, "early_stopping_patience": 3}
    whole = tiny_trainer(corpus, tmp_path / "whole", **settings)
    whole.train()
    steps = whole.state.global_step // 4
    with pytest.raises(StopAt.Interrupted):
        tiny_trainer(corpus, tmp_path / "broken", callbacks=[StopAt(3 * steps + 1)], **settings).train()
    resumed = tiny_trainer(corpus, tmp_path / "broken", model=tiny_model(seed=9), resume=True, **settings)
    resumed.train()
    assert resumed.state.global_step == whole.state.global_step
    assert same_weights(whole.model, resumed.model)


@pytest.mark.parametrize(
    "settings",
    [
        {"num_train_epochs": 30, "learning_rate": 1e-9, "early_stopping_patience": 1},
        {"max_steps": 7, "lr_scheduler_type": "constant", "save_strategy": "steps", "save_steps": 7}
        | {"eval_strategy": "steps", "eval_steps": 7},
    ],
    ids=["stopped early", "max_steps"],
)
def test_a_run_that_is_over_takes_no_further_step(corpus, tmp_path, settings):
    whole = tiny_trainer(corpus, tmp_path, **settings)
    whole.train()
    again = tiny_trainer(corpus, tmp_path, model=tiny_model(seed=9), resume=True, **settings)
    assert again.train().global_step == whole.state.global_step
    assert same_weights(whole.model, again.model)


def test_accumulated_gradients_are_resumed_exactly(corpus, tmp_path):
    settings = AUGMENTED | {"gradient_accumulation_steps": 2, "per_device_train_batch_size": 4}
    whole = tiny_trainer(corpus, tmp_path / "whole", **settings)
    whole.train()
    with pytest.raises(StopAt.Interrupted):
        tiny_trainer(corpus, tmp_path / "broken", callbacks=[StopAt(5)], **settings).train()
    resumed = tiny_trainer(corpus, tmp_path / "broken", model=tiny_model(seed=9), resume=True, **settings)
    resumed.train()
    assert same_weights(whole.model, resumed.model)


def test_checkpoints_that_hold_weights_only_are_neither_continued_nor_overwritten(corpus, tmp_path):
    tiny_trainer(corpus, tmp_path, save_only_model=True, load_best_model_at_end=False).train()
    with pytest.raises(FileExistsError, match="already holds a run"):
        tiny_trainer(corpus, tmp_path, resume=True).train()


def test_several_validation_sides_are_checked_and_scored(corpus, tmp_path):
    trainer = tiny_trainer(corpus, tmp_path)
    sides = {"first": trainer.eval_dataset.corpus.select([0, 1]), "second": trainer.eval_dataset.corpus.select([2, 3])}
    metrics = trainer.evaluate(sides)
    assert {"eval_first_ua", "eval_second_ua"} <= metrics.keys()
    with pytest.raises(SpeakerOverlapError):
        SerTrainer(
            tiny_model(),
            SerTrainingArguments(output_dir=str(tmp_path)),
            train_dataset=corpus,
            eval_dataset={"a": corpus.select([0])},
            processing_class=tiny_extractor(),
        )


def test_other_kinds_of_datasets_and_models_are_named(corpus, tmp_path):
    arguments = SerTrainingArguments(output_dir=str(tmp_path))
    with pytest.raises(TypeError, match=r"a dataset is list, expected a datasets\.Dataset"):
        SerTrainer(tiny_model(), arguments, train_dataset=[1], processing_class=tiny_extractor())
    with pytest.raises(TypeError, match="model is NoneType, expected a transformers model"):
        SerTrainer(None, arguments, train_dataset=corpus, processing_class=tiny_extractor())


@pytest.mark.parametrize("settings", [{"image_size": [32, 48]}, {"image_size": [32, 48], "num_frames": None}])
def test_pictures_are_collated_as_they_are_alone(corpus, settings):
    from hf_ser.training import SerCollator

    extractor = tiny_extractor(**({"normalization": "none"} | settings))
    dataset = SerDataset(corpus, LABELS)
    examples = [dataset[0], dataset[1], dataset[2]]
    batch = SerCollator(extractor)(examples)
    for row, example in enumerate(examples):
        alone = extractor(example["waveform"], sampling_rate=16000, return_tensors="pt")["input_features"][0]
        assert torch.allclose(batch["input_features"][row], alone, atol=1e-4)
