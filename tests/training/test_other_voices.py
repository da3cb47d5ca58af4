"""Training on the voice as it is heard in other clips of the speaker."""

import numpy as np
import pytest
import torch
from tiny import StopAt, same_weights, tiny_corpus, tiny_trainer
from transformers import pipeline
from voices import tiny_speaker_extractor, tiny_speaker_model

from hf_ser import EmotionClassifier
from hf_ser.audio import load_audio
from hf_ser.models.speaker_encoder.mean_voice import mean_voice
from hf_ser.training.clip_voices import ClipVoices
from hf_ser.training.other_voices import OtherVoices


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    rows = tiny_corpus(tmp_path_factory.mktemp("voices"), actors=range(1, 4))
    return rows.select(range(0, len(rows), 3))


class Vectors:
    """Stands in for cached vectors: clip n has n + 1 in place n."""

    def __init__(self, clips):
        self.table = np.diag(np.arange(1.0, clips + 1)).astype(np.float32)

    def read(self, view, index):
        return [self.table[index][:, None]]


def heard(speakers, index, rows=None, training=True, epoch=0):
    own = ClipVoices(Vectors(len(speakers)), "weights", False)
    voices = OtherVoices(own, speakers, rows or range(len(speakers)), training)
    (vector,) = voices.heard(0, index, (0, epoch, index))
    return set(np.flatnonzero(vector).tolist())


def test_a_clip_hears_other_clips_of_its_speaker_and_never_itself():
    speakers = ["a", "b"] * 15
    drawn = [heard(speakers, 4, epoch=epoch) for epoch in range(60)]
    assert set().union(*drawn) == set(range(0, 30, 2)) - {4}
    assert {len(each) for each in drawn} == set(range(1, 11))
    assert heard(speakers, 4, epoch=7) == drawn[7]
    # the same recording under another number is not another clip
    rows = [0, 0, 2, 0, 4]
    assert {frozenset(heard(["a"] * 5, 1, rows, epoch=epoch)) for epoch in range(30)} <= {
        frozenset({2}),
        frozenset({4}),
        frozenset({2, 4}),
    }


def test_a_voice_that_cannot_be_known_is_unknown():
    assert not heard(["a", "b", "b"], 0)
    assert not heard(["unknown", "unknown"], 0)
    assert not heard([None, None], 0)
    assert not heard(["a", "a"], 0, training=False)


def others(folder, corpus, **settings):
    model, extractor = tiny_speaker_model(speaker_dropout=0.2), tiny_speaker_extractor(own_voice=False)
    settings = {"eval_strategy": "no", "save_strategy": "no"} | settings
    return tiny_trainer(corpus, folder, model=model, extractor=extractor, **settings)


@pytest.mark.parametrize("cached", [False, True])
def test_training_sides_draw_and_other_sides_know_no_voice(corpus, tmp_path, cached):
    trainer = others(tmp_path / "run", corpus, **({"feature_cache_dir": str(tmp_path / "cache")} if cached else {}))
    train = trainer.train_dataset
    vectors = np.stack([train.voices.read(0, index)[0] for index in range(len(train))])
    epochs = []
    for epoch in range(3):
        train.at_epoch(epoch)
        epochs.append(np.stack([train[index]["speaker_embeddings"] for index in range(len(train))]))
        for index, vector in enumerate(epochs[-1]):
            own = [place for place, speaker in enumerate(train.speakers) if speaker == train.speakers[index]]
            basis = torch.from_numpy(vectors[[place for place in own if place != index]])
            assert np.linalg.norm(vector) <= basis.norm(dim=1).max() * (1 + 1e-5)
            assert not np.allclose(vector, vectors[index], atol=1e-6)
    assert not np.array_equal(epochs[0], epochs[1])
    side = trainer.eval_dataset
    assert not np.stack([side[index]["speaker_embeddings"] for index in range(len(side))]).any()


def test_a_saved_folder_answers_as_it_was_trained_with_and_without_references(corpus, tmp_path):
    trainer = others(tmp_path / "run", corpus)
    trainer.train()
    found = torch.from_numpy(trainer.predict(corpus).predictions).softmax(-1).numpy()
    trainer.save_model()
    waves = [load_audio(audio, 16000) for audio in corpus["audio"][:4]]
    classifier = EmotionClassifier.from_pretrained(str(tmp_path / "run"))
    stock = pipeline("audio-classification", model=str(tmp_path / "run"))(waves, batch_size=4)
    for index, answer in enumerate(classifier.classify(waves)):
        assert list(answer.scores.values()) == pytest.approx(found[index].tolist(), abs=1e-5)
        scores = {one["label"]: one["score"] for one in stock[index]}
        assert scores == pytest.approx(answer.scores, abs=1e-5)
    told = classifier.classify(waves[:1], speaker_reference=waves[1:])[0]
    voice = mean_voice(torch.cat(classifier.embed(waves[1:])))
    inputs = classifier.feature_extractor(waves[0], sampling_rate=16000, return_tensors="pt")
    with torch.no_grad():
        scores = classifier.model(**inputs, speaker_embeddings=voice[None]).logits[0].softmax(-1)
    assert list(told.scores.values()) == pytest.approx(scores.tolist(), abs=1e-5)


def test_interrupted_run_ends_like_one_left_alone(corpus, tmp_path):
    settings = {"save_strategy": "steps", "save_steps": 1, "save_total_limit": None, "per_device_train_batch_size": 2}
    whole = others(tmp_path / "whole", corpus, **settings)
    whole.train()
    with pytest.raises(StopAt.Interrupted):
        others(tmp_path / "broken", corpus, callbacks=[StopAt(4)], **settings).train()
    resumed = others(tmp_path / "broken", corpus, resume=True, **settings)
    resumed.train()
    assert same_weights(whole.model, resumed.model)
