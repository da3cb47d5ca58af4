import numpy as np
import pytest
import test_views
import torch
from tiny import LABELS, StopAt, same_weights, tiny_extractor, tiny_model, tiny_trainer
from torch import nn

from hf_ser import speaker_folds
from hf_ser.augmentation import WaveformAugmentation
from hf_ser.training import CrossEntropyObjective
from hf_ser.training.distillation import DistillationCollator, DistillationObjective
from hf_ser.training.view_dataset import ViewDataset


@pytest.fixture(scope="module")
def store(corpus, tmp_path_factory):
    store = test_views.make_store(tmp_path_factory.mktemp("views"), 2)
    store.render(corpus, WaveformAugmentation("light"), test_views.teacher)
    return store


def taught(corpus, store, folder, objective, model=None, **settings):
    fold = speaker_folds(corpus, protocol="grouped", k=3)[0]
    trainer = tiny_trainer(
        corpus,
        folder,
        model=model,
        trainer_options={"objective": objective, "data_collator": DistillationCollator(tiny_extractor())},
        **settings,
    )
    dataset = ViewDataset(store, corpus, LABELS, fold.train, seed=3)
    trainer.train_dataset = dataset
    trainer.callback_handler.callbacks[-1].dataset = dataset
    return trainer


def objective_for(store, **settings):
    torch.manual_seed(1)
    return DistillationObjective(32, *store.target_statistics(range(30)), **settings)


def test_targets_are_padded_and_masked_beside_the_features(store, corpus):
    dataset = ViewDataset(store, corpus, LABELS)
    examples = [dataset[index] for index in (0, 1, 2)]
    batch = DistillationCollator(tiny_extractor())(examples)
    lengths = [len(example["targets"]) for example in examples]
    assert batch["target_mask"].sum(1).tolist() == lengths
    for row, example in enumerate(examples):
        assert torch.equal(batch["targets"][row, : lengths[row]], example["targets"])
        assert (batch["targets"][row, lengths[row] :] == 0).all()


def test_loss_is_cross_entropy_plus_weighted_error_on_real_steps(store, corpus):
    model, objective = tiny_model().eval(), objective_for(store, weight=0.5, label_smoothing=0.1)
    dataset = ViewDataset(store, corpus, LABELS)
    batch = DistillationCollator(tiny_extractor())([dataset[index] for index in (0, 1, 2)])
    batch.pop("row_ids")
    plain = {name: batch[name] for name in ("input_features", "attention_mask", "labels")}
    hard, _ = CrossEntropyObjective(0.1)(model, plain)
    loss, outputs = objective(model, batch)
    tokens = outputs["hidden_states"][-1]
    rows = model.config.token_grid[0]
    columns = objective.head(objective.norm(tokens.view(3, rows, -1, tokens.shape[-1]).mean(1)))
    error = total = 0.0
    for row in range(3):
        for step in range(min(int(batch["target_mask"][row].sum()), columns.shape[1])):
            wanted = (batch["targets"][row, step] - objective.target_mean) / objective.target_std
            error += (columns[row, step] - wanted).square().mean()
            total += 1
    assert torch.allclose(loss, hard + 0.5 * error / total, atol=1e-5)


def test_soft_labels_take_their_share(store, corpus):
    model = tiny_model().eval()
    dataset = ViewDataset(store, corpus, LABELS, [0, 1], soft_labels=np.random.default_rng(0).normal(size=(2, 2, 3)))
    batch = DistillationCollator(tiny_extractor())([dataset[0], dataset[1]])
    batch.pop("row_ids")
    objective = objective_for(store, weight=0.0, soft_weight=0.25, temperature=3.0)
    loss, outputs = objective(model, batch)
    hard = nn.functional.cross_entropy(outputs["logits"], batch["labels"])
    teacher, student = (batch["soft_labels"] / 3).softmax(-1), (outputs["logits"] / 3).log_softmax(-1)
    soft = 9 * (teacher * (teacher.log() - student)).sum(-1).mean()
    assert torch.allclose(loss, (0.75 * hard + 0.25 * soft).to(loss.dtype), atol=1e-5)


def test_teacher_is_learned_from_and_leaves_nothing_in_the_model(store, corpus, tmp_path):
    objective = objective_for(store)
    trainer = taught(corpus, store, tmp_path, objective, num_train_epochs=6, learning_rate=3e-3)
    keys = set(trainer.model.state_dict())
    before = objective.head.weight.clone()
    trainer.train()
    losses = [row["eval_loss"] for row in trainer.state.log_history if "eval_loss" in row]
    assert losses[-1] < losses[0]
    assert not torch.equal(before, objective.head.weight)
    assert set(trainer.model.state_dict()) == keys
    trainer.save_model()
    assert not (tmp_path / "objective.safetensors").exists()


def test_interrupted_lesson_ends_with_the_weights_of_one_left_alone(store, corpus, tmp_path):
    settings = {"save_strategy": "steps", "save_steps": 2, "eval_strategy": "steps", "eval_steps": 2}
    settings |= {"muon_learning_rate": 1e-2}
    whole = taught(corpus, store, tmp_path / "whole", objective_for(store), **settings)
    whole.train()
    broken = taught(corpus, store, tmp_path / "broken", objective_for(store), **settings)
    broken.add_callback(StopAt(3))
    with pytest.raises(StopAt.Interrupted):
        broken.train()
    objective = DistillationObjective(32, np.zeros(3), np.ones(3))
    resumed = taught(corpus, store, tmp_path / "broken", objective, tiny_model(seed=5), resume=True, **settings)
    resumed.train()
    assert same_weights(whole.model, resumed.model)
    assert same_weights(whole.objective, objective)


@pytest.mark.parametrize("settings", [{"weight": -1.0}, {"soft_weight": 1.5}, {"temperature": 0.0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="expected 0 or more, a share"):
        DistillationObjective(4, np.zeros(2), np.ones(2), **settings)
