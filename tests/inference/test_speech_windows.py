"""Speech encoders in EmotionClassifier and in the stock pipeline: clips of any length, long recordings in windows."""

import logging
import resource

import numpy as np
import pytest
import torch
from transformers import AutoFeatureExtractor, HubertConfig, WhisperConfig, pipeline

from hf_ser import EmotionClassifier, SpeechEncoderConfig, SpeechEncoderForAudioClassification, SpeechFeatureExtractor

RATE = 16000
EMOTIONS = ("neutral", "sad", "angry", "happy")
WHISPER = {"d_model": 16, "encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 16}
HUBERT = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": (4,) * 7,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
}


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


@pytest.fixture(scope="module", params=["whisper", "hubert"])
def checkpoint(request, tmp_path_factory):
    torch.manual_seed(0)
    whisper = request.param == "whisper"
    config = SpeechEncoderConfig(
        encoder_config=WhisperConfig(**WHISPER) if whisper else HubertConfig(**HUBERT),
        head="mean_tanh",
        head_hidden_size=8,
        id2label=dict(enumerate(EMOTIONS)),
        label2id={name: index for index, name in enumerate(EMOTIONS)},
    )
    folder = tmp_path_factory.mktemp(request.param)
    SpeechEncoderForAudioClassification(config).save_pretrained(folder)
    SpeechFeatureExtractor("log_mel" if whisper else "waveform").save_pretrained(folder)
    return str(folder)


@pytest.fixture
def classifier(checkpoint):
    return EmotionClassifier.from_pretrained(checkpoint)


CLIPS = [noise(samples, seed) for seed, samples in enumerate((1600, 40000, 1, 300, 12345, 16000))]


def test_the_auto_class_finds_the_extractor(checkpoint):
    assert type(AutoFeatureExtractor.from_pretrained(checkpoint)) is SpeechFeatureExtractor


def test_stock_pipeline_takes_batches_of_clips_of_any_length(checkpoint, classifier):
    classify = pipeline("audio-classification", model=checkpoint, batch_size=4)
    answers = classify([clip.copy() for clip in CLIPS])
    for clip, answer in zip(CLIPS, answers, strict=True):
        expected = classifier.classify([clip])[0].scores
        assert {entry["label"]: entry["score"] for entry in answer} == pytest.approx(expected, abs=1e-5)


def test_a_clip_is_scored_the_same_in_any_company(classifier):
    for clip, prediction in zip(CLIPS, classifier.classify(CLIPS), strict=True):
        assert classifier.classify([clip])[0].scores == pytest.approx(prediction.scores, abs=1e-5)


def test_ten_minutes_are_scored_in_windows_of_thirty_seconds(classifier, caplog):
    recording = np.tile(noise(RATE), 600)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with caplog.at_level(logging.WARNING):
        prediction = classifier.classify([recording])[0]
    assert (prediction.windows, prediction.seconds) == (20, 600.0)
    (record,) = caplog.records
    assert "600.0 s is longer than the 30.0 s the model takes at once: it is scored in 20 windows" in record.message
    # KiB; without windows the attention of either model would take gigabytes
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


def test_the_end_of_a_long_recording_counts(classifier):
    classifier.feature_extractor.max_seconds = 2.0
    quiet = noise(3 * RATE)
    loud = quiet.copy()
    loud[-RATE:] *= 100
    assert classifier.classify([quiet])[0].scores != classifier.classify([loud])[0].scores


def test_seconds_scored_at_once_are_bounded(classifier, monkeypatch):
    seen = []
    call = type(classifier.feature_extractor).__call__

    def spy(self, clips, *args, **kwargs):
        seen.append(len(clips) * max(map(len, clips)) / RATE)
        return call(self, clips, *args, **kwargs)

    monkeypatch.setattr(type(classifier.feature_extractor), "__call__", spy)
    classifier.batch_seconds = 0.5
    classifier.classify([noise(RATE // 5)] * 5 + [noise(RATE)])
    assert sorted(seen) == [0.2, 0.4, 0.4, 1.0]


def test_seconds_at_once_must_be_above_zero(classifier):
    with pytest.raises(ValueError, match="batch_seconds is 0, expected seconds above 0"):
        EmotionClassifier(classifier.model, classifier.feature_extractor, batch_seconds=0)
