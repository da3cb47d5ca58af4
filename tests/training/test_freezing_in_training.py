import pytest
import torch
from audio_models import tiny_audio_model
from tiny import EMOTIONS, LABELS, StopAt, same_weights, tiny_model, tiny_trainer
from transformers import TrainerCallback, Wav2Vec2FeatureExtractor, WhisperFeatureExtractor

from hf_ser.training import last_complete_checkpoint
from hf_ser.training.model_parts import model_parts

DROPPED = {"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.2, "drop_path_rate": 0.2}
STAGED = {"freeze": ["encoder"], "unfreeze_at": {1: 1, 2: 2}, "num_train_epochs": 4, "weight_decay": 0.1}
STEPS = {"save_strategy": "steps", "save_steps": 2, "save_total_limit": None, "load_best_model_at_end": False}
STEPS |= {"eval_strategy": "steps", "eval_steps": 2}
OPTIMIZERS = [{}, {"muon_learning_rate": 0.01}]


class Watch(TrainerCallback):
    """Copies all weights at the end of every epoch."""

    def __init__(self):
        self.epochs = []

    def on_train_begin(self, args, state, control, model, **kwargs):
        self.epochs.append({name: weight.detach().clone() for name, weight in model.named_parameters()})

    def on_epoch_end(self, args, state, control, **kwargs):
        self.on_train_begin(args, state, control, **kwargs)

    def moved(self, epoch):
        before, after = self.epochs[epoch], self.epochs[epoch + 1]
        return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["adamw", "muon"])
def test_frozen_weights_keep_every_bit_until_their_stage(corpus, tmp_path, optimizer):
    watch = Watch()
    model = tiny_model(**DROPPED)
    parts = model_parts(model)
    tiny_trainer(corpus, tmp_path, model=model, callbacks=[watch], **STAGED, **optimizer).train()
    assert watch.moved(0) == set(parts.head)
    assert watch.moved(1) == {*parts.head, *parts.top, *parts.layers[1]}
    assert watch.moved(2) == watch.moved(3) == {*parts.head, *parts.top, *parts.layers[1], *parts.layers[0]}


@pytest.mark.parametrize(("optimizer", "stop"), [({}, 3), (OPTIMIZERS[1], 7)])
def test_run_interrupted_around_a_stage_ends_with_the_weights_of_one_left_alone(corpus, tmp_path, optimizer, stop):
    # stages begin with steps 3 and 6; the last checkpoint lies before the first one, or right at the second
    settings = STAGED | STEPS | optimizer | {"layer_learning_rate_decay": 0.7, "head_learning_rate": 2e-3}
    whole = tiny_trainer(corpus, tmp_path / "whole", model=tiny_model(**DROPPED), **settings)
    whole.train()
    assert whole.state.global_step == 12
    with pytest.raises(StopAt.Interrupted):
        tiny_trainer(
            corpus, tmp_path / "broken", model=tiny_model(**DROPPED), callbacks=[StopAt(stop)], **settings
        ).train()
    assert last_complete_checkpoint(tmp_path / "broken").name == f"checkpoint-{stop - 1}"
    resumed = tiny_trainer(corpus, tmp_path / "broken", model=tiny_model(seed=9, **DROPPED), resume=True, **settings)
    resumed.train()
    assert same_weights(whole.model, resumed.model)


def test_newly_unfrozen_layers_start_with_a_clean_optimizer(corpus, tmp_path):
    model = tiny_model()
    trainer = tiny_trainer(corpus, tmp_path, model=model, load_best_model_at_end=False, **STAGED)
    trainer.train()
    per_epoch = trainer.state.global_step // 4
    weights, state, parts = dict(model.named_parameters()), trainer.optimizer.state, model_parts(model)
    taken = {name: int(state[weights[name]]["step"]) for name in weights if weights[name] in state}
    for name in parts.head:
        assert taken[name] == 4 * per_epoch
    for name in (*parts.top, *parts.layers[1]):
        assert taken[name] == 3 * per_epoch
    for name in parts.layers[0]:
        assert taken[name] == 2 * per_epoch
    assert not set(parts.embeddings) & set(taken)
    held = {id(parameter) for group in trainer.optimizer.param_groups for parameter in group["params"]}
    assert not any(id(weights[name]) in held for name in parts.embeddings)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["adamw", "muon"])
def test_rates_of_layers_follow_the_schedule_together(corpus, tmp_path, optimizer):
    seen = []

    class Rates(TrainerCallback):
        def on_step_begin(self, args, state, control, model, optimizer, **kwargs):
            names = {id(parameter): name for name, parameter in model.named_parameters()}
            seen.append({names[id(p)]: group["lr"] for group in optimizer.param_groups for p in group["params"]})

    settings = {"layer_learning_rate_decay": 0.5, "head_learning_rate": 4e-3, "num_train_epochs": 1} | optimizer
    tiny_trainer(corpus, tmp_path, callbacks=[Rates()], **settings).train()
    base = optimizer.get("muon_learning_rate", 1e-3)
    for step, found in enumerate(seen):
        left = 1 - step / len(seen)
        assert found["classifier.weight"] == pytest.approx(4e-3 * left)
        assert found["cct.layernorm.weight"] == pytest.approx(1e-3 * left)
        assert found["cct.layers.1.mlp.fc1.weight"] == pytest.approx(base * 0.5 * left)
        assert found["cct.layers.0.mlp.fc1.weight"] == pytest.approx(base * 0.25 * left)
        assert found["cct.layers.0.mlp.fc1.bias"] == pytest.approx(1e-3 * 0.25 * left)
        assert found["cct.embeddings.position_embeddings"] == pytest.approx(1e-3 * 0.125 * left)


def test_gradient_checkpointing_changes_nothing(corpus, tmp_path):
    models = []
    for name, checkpointing in (("plain", False), ("checkpointed", True)):
        trainer = tiny_trainer(
            corpus,
            tmp_path / name,
            model=tiny_model(**DROPPED),
            gradient_checkpointing=checkpointing,
            **STAGED | {"load_best_model_at_end": False, "unfreeze_at": {1: 1}, "num_train_epochs": 2},
        )
        trainer.train()
        models.append(trainer.model)
    assert same_weights(*models)


def test_pattern_that_matches_nothing_is_named_before_anything_starts(corpus, tmp_path):
    with pytest.raises(ValueError, match=r"'tokeniser' matches no module.*cct\.embeddings"):
        tiny_trainer(corpus, tmp_path, freeze=["tokeniser"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["wavlm", "whisper"])
def test_encoders_of_transformers_are_unfrozen_layer_by_layer(corpus, tmp_path, name):
    watch = Watch()
    labels = {"id2label": dict(enumerate(EMOTIONS)), "label2id": LABELS}
    extractor = Wav2Vec2FeatureExtractor(return_attention_mask=True)
    if name == "whisper":
        labels["max_source_positions"] = 50
        extractor = WhisperFeatureExtractor(feature_size=8, chunk_length=1)
        extractor.batch_padding = "max_length"
    model = tiny_audio_model(name, **labels)
    parts = model_parts(model)
    tiny_trainer(
        corpus,
        tmp_path,
        model=model,
        extractor=extractor,
        callbacks=[watch],
        freeze=["encoder"],
        unfreeze_at="gradual",
        num_train_epochs=3,
        save_strategy="no",
        eval_strategy="no",
    ).train()
    for epoch in range(3):
        moved = watch.moved(epoch)
        assert moved <= {*parts.head, *parts.top, *(name for layer in parts.layers[3 - epoch :] for name in layer)}
        assert moved >= {name for name in parts.head if "classifier" in name}
        assert not epoch or moved & set(parts.layers[3 - epoch])
