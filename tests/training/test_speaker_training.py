"""Training of the speaker-conditioned CCT: vectors computed once, what is fitted on them, and what a folder brings."""

import shutil

import numpy as np
import pytest
import soundfile
import torch
from tiny import EMOTIONS, StopAt, same_weights, tiny_corpus, tiny_extractor, tiny_model, tiny_trainer
from transformers import pipeline
from voices import (
    CCT,
    FEATURES,
    count_embedded,
    speaker_encoder_folder,
    tiny_speaker_extractor,
    tiny_speaker_model,
)

from hf_ser import EmotionClassifier, SerTrainer, SerTrainingArguments, load_corpus, speaker_folds
from hf_ser.audio import load_audio
from hf_ser.training import DataArguments, ModelArguments, Recipe
from hf_ser.training.distillation import DistillationObjective


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    rows = tiny_corpus(tmp_path_factory.mktemp("voices"), actors=range(1, 4))
    return rows.select(range(0, len(rows), 3))


def speaker_trainer(corpus, folder, *, model=None, extractor=None, **settings):
    settings = {"eval_strategy": "no", "save_strategy": "no"} | settings
    extractor = extractor or tiny_speaker_extractor()
    return tiny_trainer(corpus, folder, model=model or tiny_speaker_model(), extractor=extractor, **settings)


def test_each_clip_is_embedded_once_and_the_encoder_stays_as_it_was(corpus, tmp_path, monkeypatch):
    made = count_embedded(monkeypatch)
    trainer = speaker_trainer(corpus, tmp_path / "run", muon_learning_rate=2e-3, average_weights_from=0.5)
    start = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.train()
    found = trainer.predict(corpus)
    assert len(made) == len(corpus)
    changed = {name for name, value in trainer.model.state_dict().items() if not torch.equal(value, start[name])}
    assert not any(name.startswith("speaker_encoder.") for name in changed)
    assert {"cct.speaker.unknown", "cct.speaker.projections.0.weight", "classifier.weight"} <= changed
    trained = sum(len(group["params"]) for group in trainer.optimizer.param_groups)
    assert trained == sum(not name.startswith("speaker_encoder.") for name, _ in trainer.model.named_parameters())
    batch = next(iter(trainer.get_train_dataloader()))
    assert set(batch) == {"input_features", "attention_mask", "speaker_embeddings", "labels", "row_ids"}
    # in a folder that is not pushed to the Hub, and not in the model's
    assert (tmp_path / "run" / "_speaker_vectors").is_dir()
    trainer.save_model()
    _answers_alike(tmp_path / "run", corpus, found)


def _answers_alike(folder, corpus, found):
    """A saved folder says the same, by the vectors that it makes itself: our classifier and the stock pipeline."""
    expected = torch.from_numpy(found.predictions).softmax(-1).numpy()
    waves = [load_audio(audio, 16000) for audio in corpus["audio"][:4]]
    ours = EmotionClassifier.from_pretrained(str(folder)).classify(waves)
    stock = pipeline("audio-classification", model=str(folder))(waves, batch_size=4)
    for index in range(4):
        assert [ours[index].scores[name] for name in EMOTIONS] == pytest.approx(expected[index].tolist(), abs=1e-5)
        scores = {one["label"]: one["score"] for one in stock[index]}
        assert [scores[name] for name in EMOTIONS] == pytest.approx(expected[index].tolist(), abs=1e-5)


def test_interrupted_run_ends_like_one_left_alone(corpus, tmp_path):
    settings = {"save_strategy": "steps", "save_steps": 1, "save_total_limit": None, "mixup_alpha": 0.4}
    settings["per_device_train_batch_size"] = 2
    settings["speaker_cache_dir"] = str(tmp_path / "cache")
    own = {"speaker_dropout": 0.5, "speaker_reduction_dim": 3}
    whole = speaker_trainer(corpus, tmp_path / "whole", model=tiny_speaker_model(**own), **settings)
    whole.train()
    broken = tiny_speaker_model(**own)
    with pytest.raises(StopAt.Interrupted):
        speaker_trainer(corpus, tmp_path / "broken", model=broken, callbacks=[StopAt(4)], **settings).train()
    # the checkpoint brings its own speaker encoder and reduction
    other = tiny_speaker_model(seed=9, encoder_seed=9, **own)
    resumed = speaker_trainer(corpus, tmp_path / "broken", model=other, resume=True, **settings)
    resumed.train()
    assert same_weights(whole.model, resumed.model)
    assert np.array_equal(whole.predict(corpus).predictions, resumed.predict(corpus).predictions)


def test_vectors_are_mixed_by_the_shares_of_their_clips(corpus, tmp_path):
    trainer = speaker_trainer(corpus, tmp_path, mixup_alpha=1.0)
    batch = next(iter(trainer.get_train_dataloader()))
    read = {}
    trainer.model.cct.register_forward_pre_hook(lambda module, inputs: read.update(voices=inputs[1]))
    trainer.compute_loss(trainer.model.train(), batch)
    voices, share = batch["speaker_embeddings"], batch["mix_share"][:, None]
    torch.testing.assert_close(read["voices"], share * voices + (1 - share) * voices[batch["mix_partner"]])
    assert bool((share < 0.99).any())


def test_cached_views_and_twins_have_vectors_of_their_own(corpus, tmp_path):
    settings = {"feature_cache_dir": str(tmp_path / "cache"), "feature_cache_views": 2, "augmentation": "noise"}
    trainer = speaker_trainer(corpus, tmp_path / "run", stability_weight=0.5, **settings)
    train, check = trainer.train_dataset, trainer.eval_dataset
    assert check.voices.every_view is False
    (clean, noisy), (one, other) = train.voices.read(0, 0), train.voices.read(1, 0)
    vectors = [clean, noisy, one, other]
    assert not any(np.array_equal(vectors[i], vectors[j]) for i in range(4) for j in range(i))
    seen = set()
    for epoch in range(4):
        train.at_epoch(epoch)
        example = train[0]
        view = [np.array_equal(example["features"], train.views.read(view, 0)[0]) for view in range(2)].index(True)
        assert np.array_equal(example["speaker_embeddings"], train.voices.read(view, 0)[0])
        assert np.array_equal(example["twin_speaker_embeddings"], train.voices.read(view, 0)[1])
        seen.add(view)
    assert seen == {0, 1}
    batch = next(iter(trainer.get_train_dataloader()))
    assert {"speaker_embeddings", "twin_speaker_embeddings"} <= set(batch)
    assert not any("speaker_features" in name for name in batch)
    assert torch.isfinite(trainer.compute_loss(trainer.model.train(), batch))


def test_a_clip_too_short_for_the_encoder_is_trained_on_and_classified(corpus, tmp_path, caplog):
    short = str(tmp_path / "short.wav")
    soundfile.write(short, np.random.default_rng(0).uniform(-0.3, 0.3, 3000), 16000)
    rows = corpus.map(lambda row, place: {"audio": {"path": short}} if place == 0 else row, with_indices=True)
    trainer = speaker_trainer(rows, tmp_path / "run")
    for side in (trainer.train_dataset, trainer.eval_dataset):
        trainer.compute_loss(trainer.model.train(), trainer.eval_collator([side[index] for index in range(4)]))
    caplog.clear()
    trainer.predict(rows)
    assert caplog.text.count(f"1 of {len(rows)} clips are silent or too short for the speaker encoder") == 1
    answer = EmotionClassifier(trainer.model, tiny_speaker_extractor())(short)
    assert sum(answer.scores.values()) == pytest.approx(1)


def test_the_teachers_columns_leave_the_speakers_token_out():
    model = tiny_speaker_model()
    objective = DistillationObjective(32, np.zeros(3), np.ones(3))
    rows, columns = model.config.token_grid
    tokens = torch.randn(2, 1 + rows * columns, 32)
    assert torch.equal(objective._columns(model, tokens), objective._columns(tiny_model(), tokens[:, 1:]))


def test_settings_that_would_leave_the_voice_out(corpus, tmp_path):
    with pytest.raises(ValueError, match=r"SpectrogramFeatureExtractor, has no speaker_extractor, so that no voice"):
        speaker_trainer(corpus, tmp_path, extractor=tiny_extractor())
    with pytest.raises(ValueError, match="CctForAudioClassification has no speaker encoder whose vectors"):
        tiny_trainer(corpus, tmp_path, speaker_cache_dir=str(tmp_path))


class _Fitted(Exception):
    pass


def fitted(tree, folder, encoder, cache, monkeypatch):
    """The reduction that a run of the recipe starts with."""

    def stop(self, *args, **options):
        raise _Fitted(self)

    monkeypatch.setattr(SerTrainer, "train", stop)
    training = {"max_steps": 1, "use_cpu": True, "disable_tqdm": True, "seed": 3, "speaker_cache_dir": cache}
    recipe = Recipe(
        DataArguments(corpus="ravdess", data_dir=str(tree), protocol="leave-one-speaker-out", folds="0"),
        ModelArguments(
            model="speaker_cct",
            speaker_encoder=encoder,
            speaker_reduction_dim=3,
            model_config=CCT,
            feature_config=FEATURES,
        ),
        SerTrainingArguments(output_dir=str(folder), **training),
    )
    with pytest.raises(_Fitted) as caught:
        recipe.run()
    tokens = caught.value.args[0].model.cct.speaker
    return tokens.reduction_mean.numpy(), tokens.reduction_components.numpy()


def test_a_marker_in_held_out_clips_moves_nothing_of_the_reduction(tmp_path, monkeypatch):
    encoder = speaker_encoder_folder(tmp_path / "encoder")
    tiny_corpus(tmp_path / "tree", actors=range(1, 4))
    found = {}
    for sides in ((), ("test", "validation"), ("train",)):
        tree = shutil.copytree(tmp_path / "tree", tmp_path / f"tree-{len(found)}")
        rows = load_corpus("ravdess", tree)
        fold = speaker_folds(rows, protocol="leave-one-speaker-out")[0]
        marked = [row for side in sides for row in getattr(fold, side)]
        for number, row in enumerate(rows.select(marked)):
            # of different lengths, or they would be copies of one recording
            wave = np.sign(np.sin(np.arange(6000 + number) / 3.0)) * 0.4 + 0.5
            soundfile.write(row["audio"]["path"], wave, 16000)
        # one cache for all, as a user would have
        run, cache = tmp_path / f"run-{len(found)}", str(tmp_path / "cache")
        found[sides] = fitted(tree, run, encoder, cache, monkeypatch)
    plain = found[()]
    assert plain[1].any()
    assert all(np.array_equal(*pair) for pair in zip(plain, found["test", "validation"], strict=True))
    # and the marker would be seen
    assert not any(np.array_equal(*pair) for pair in zip(plain, found[("train",)], strict=True))
