import json
from pathlib import Path

import numpy as np
import pytest
import torch
from speech import tiny_speech_extractor, tiny_speech_model
from tiny import LABELS, StopAt, same_weights, tiny_corpus, tiny_model, tiny_trainer

from hf_ser.training import SerDataset, SerTrainingArguments
from hf_ser.training.freezing import Freezing
from hf_ser.training.prefix_cache import PrefixCache, prefix_fingerprint
from hf_ser.training.prefix_dataset import PrefixDataset

QUIET = {"dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0}
STEPS = {"save_strategy": "steps", "save_steps": 2, "eval_strategy": "no"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return tiny_corpus(tmp_path_factory.mktemp("speakers"), actors=range(1, 5))


def speech_trainer(corpus, folder, *, name="whisper", model=None, **settings):
    defaults = {"freeze": ["encoder"], "num_train_epochs": 1, "extractor": tiny_speech_extractor(name)}
    return tiny_trainer(corpus, folder, model=model or tiny_speech_model(name), **(defaults | settings))


def count_encodings(monkeypatch):
    calls = []
    plain = PrefixCache._encode
    monkeypatch.setattr(PrefixCache, "_encode", lambda *inputs: calls.append(1) or plain(*inputs))
    return calls


@pytest.mark.parametrize(("freeze", "layers"), [(["encoder"], 3), (["embeddings", "layers.0"], 1)])
def test_training_from_the_cache_is_training_without_it(corpus, tmp_path, freeze, layers):
    models, answers = [], []
    for name, settings in (
        ("plain", {}),
        ("kept", {"prefix_cache_dir": str(tmp_path / "cache"), "prefix_cache_dtype": "float32"}),
    ):
        model = tiny_speech_model(encoder=QUIET, head_dropout=0.0)
        trainer = speech_trainer(corpus, tmp_path / name, model=model, freeze=freeze, **settings)
        trainer.train()
        models.append(trainer.model.state_dict())
        answers.append(trainer.predict(corpus.select([0, 3, 5])).predictions)
    assert isinstance(trainer.train_dataset, PrefixDataset)
    assert isinstance(trainer.eval_dataset, PrefixDataset)
    assert trainer.prefixes.layers == layers
    assert next(iter(trainer.get_train_dataloader()))["prefix"].ndim == 4
    start = tiny_speech_model(encoder=QUIET, head_dropout=0.0).state_dict()
    for name in models[0]:
        assert torch.allclose(models[0][name], models[1][name], atol=1e-3), name
    assert not torch.equal(models[1]["head.classifier.weight"], start["head.classifier.weight"])
    assert np.abs(answers[0] - answers[1]).max() < 1e-2


def test_each_clip_is_encoded_once_for_all_folds_seeds_and_heads(corpus, tmp_path, monkeypatch):
    calls = count_encodings(monkeypatch)
    kept = {"prefix_cache_dir": str(tmp_path / "cache")}
    trainer = speech_trainer(corpus, tmp_path / "a", **kept)
    seen = len(calls)
    assert seen == len(trainer.train_dataset) + len(trainer.eval_dataset)
    speech_trainer(corpus, tmp_path / "b", seed=9, **kept)
    speech_trainer(corpus, tmp_path / "c", model=tiny_speech_model(head="attentive_statistics"), **kept)
    assert len(calls) == seen
    trainer.predict(corpus)
    assert len(calls) == len(corpus)
    # other weights, another depth, other features, another type: nothing stale is found
    for settings in (
        {"model": tiny_speech_model(seed=5)},
        {"freeze": ["embeddings", "layers.0"]},
        {"extractor": tiny_speech_extractor(trim_db=30.0)},
        {"prefix_cache_dtype": "float32"},
    ):
        before = len(calls)
        speech_trainer(corpus, tmp_path / "d", **kept, **settings)
        assert len(calls) == before + seen


def test_prefixes_are_those_of_the_clip_alone_in_half_precision(corpus, tmp_path):
    model, extractor = tiny_speech_model(), tiny_speech_extractor()
    found = PrefixCache(tmp_path, model, extractor, 2).features_of(corpus["audio"], progress=False)
    clip = SerDataset(corpus, LABELS)[4]["waveform"]
    inputs = extractor(clip, sampling_rate=16000, return_tensors="pt")
    with torch.no_grad():
        wanted, mask = model.eval().compute_prefix(2, **inputs)
    assert found.read(0, 4).dtype == np.float16
    assert np.allclose(found.read(0, 4), wanted[0].numpy(), atol=2e-3)
    assert found.read(0, 4).shape[1] == int(mask.sum())


def test_state_that_half_precision_cannot_hold_is_an_error_with_the_way_out(corpus, tmp_path):
    model = tiny_speech_model()
    with torch.no_grad():
        model.encoder.layers[1].fc2.bias.fill_(1e6)
    with pytest.raises(ValueError, match="--prefix_cache_dtype float32"):
        PrefixCache(tmp_path, model, tiny_speech_extractor(), 2).features_of(corpus["audio"][:1], progress=False)


@pytest.mark.parametrize("name", ["whisper", pytest.param("hubert", marks=pytest.mark.slow)])
def test_interrupted_run_ends_with_the_weights_of_one_left_alone(corpus, tmp_path, name):
    settings = {"freeze": ["encoder"], "unfreeze_at": {1: 1}, "num_train_epochs": 2, "save_total_limit": None}
    settings |= {"augmentation": "light", "prefix_cache_views": 2, "name": name, **STEPS}
    settings |= {"train_sampling_strategy": "group_by_length", "layer_learning_rate_decay": 0.7}
    whole = speech_trainer(corpus, tmp_path / "whole", prefix_cache_dir=str(tmp_path / "a"), **settings)
    assert whole.prefixes.layers == 2  # the lowest layer trained in any stage is the third
    whole.train()
    with pytest.raises(StopAt.Interrupted):
        speech_trainer(
            corpus, tmp_path / "broken", callbacks=[StopAt(3)], prefix_cache_dir=str(tmp_path / "b"), **settings
        ).train()
    # weights of another start: the checkpoint's count, in the cache too
    resumed = speech_trainer(
        corpus,
        tmp_path / "broken",
        model=tiny_speech_model(name, seed=9),
        resume=True,
        prefix_cache_dir=str(tmp_path / "b"),
        **settings,
    )
    resumed.train()
    assert same_weights(whole.model, resumed.model)
    frozen = tiny_speech_model(name).state_dict()
    layers = "encoder.layers" if name == "whisper" else "encoder.encoder.layers"
    trained = {key for key, value in whole.model.state_dict().items() if not torch.equal(value, frozen[key])}
    assert trained
    assert all(key.startswith(("head.", f"{layers}.2.", "encoder.layer_norm")) for key in trained)


def test_stages_and_what_is_frozen_decide_how_deep_the_cache_reaches():
    deep = [
        (["encoder"], None, 3),
        (["encoder"], {1: 1}, 2),
        (["encoder"], {1: 1, 2: 2}, 1),
        (["encoder"], "gradual", None),
        (["embeddings"], None, 0),
        ([], None, None),
    ]
    for freeze, stages, layers in deep:
        assert Freezing(tiny_speech_model(), freeze, stages).frozen_layers() == layers


def test_fingerprint_follows_the_weights_below_and_nothing_above():
    model = tiny_speech_model()
    before = prefix_fingerprint(model, 2)
    with torch.no_grad():
        model.encoder.layers[2].fc1.weight.add_(1.0)
        model.head.classifier.weight.add_(1.0)
    assert prefix_fingerprint(model, 2) == before != prefix_fingerprint(model, 1)
    with torch.no_grad():
        model.encoder.layers[1].fc1.weight[0, 0].add_(1e-4)
    assert prefix_fingerprint(model, 2) != before


def test_twins_and_mixing_go_with_the_cache(corpus, tmp_path):
    trainer = speech_trainer(
        corpus, tmp_path, prefix_cache_dir=str(tmp_path / "cache"), stability_weight=0.5, mixup_alpha=0.4
    )
    batch = next(iter(trainer.get_train_dataloader()))
    assert batch["twin_prefix"].shape == batch["prefix"].shape
    assert not torch.equal(batch["twin_prefix"], batch["prefix"])
    trainer.train()


def test_what_cannot_be_kept_is_refused_with_the_fix(corpus, tmp_path):
    kept = {"output_dir": str(tmp_path), "prefix_cache_dir": str(tmp_path / "cache")}
    for settings, message in (
        ({"time_masks": 1}, "vary clips by augmentation and prefix_cache_views"),
        ({"max_train_seconds": 1.0}, "max_train_seconds=1.0"),
        ({"feature_cache_dir": "x"}, "both set, expected one"),
        ({"augmentation": "light"}, r"set prefix_cache_views \(10 is usual\)"),
        ({"prefix_cache_dtype": "int8"}, "'float16' or 'float32'"),
        ({"train_sampling_strategy": "batch_rebalance"}, "group_by_length"),
    ):
        with pytest.raises(ValueError, match=message):
            SerTrainingArguments(**kept, **settings)
    kept.pop("output_dir")
    with pytest.raises(ValueError, match="freeze 'encoder'"):
        speech_trainer(corpus, tmp_path, freeze=[], **kept)
    with pytest.raises(TypeError, match="expected a SpeechEncoderForAudioClassification"):
        tiny_trainer(corpus, tmp_path, model=tiny_model(), freeze=["encoder"], **kept)
    with pytest.raises(TypeError, match=r"expected a datasets\.Dataset of rows"):
        speech_trainer(corpus, tmp_path, **kept).predict(SerDataset(corpus, LABELS))


def test_bfloat16_on_the_processor_trains_with_and_without_the_cache(corpus, tmp_path):
    for name, settings in (("plain", {}), ("kept", {"prefix_cache_dir": str(tmp_path / "cache")})):
        trainer = speech_trainer(corpus, tmp_path / name, bf16=True, freeze=["embeddings", "layers.0"], **settings)
        trainer.train()
        losses = [row["eval_loss"] for row in trainer.state.log_history if "eval_loss" in row]
        assert losses
        assert np.isfinite(losses).all()
        assert trainer.model.head.classifier.weight.dtype == torch.float32
    made = [json.loads(file.read_text()) for file in Path(tmp_path / "cache").glob("*/settings.json")]
    assert [settings["autocast"] for settings in made] == ["torch.bfloat16"]
