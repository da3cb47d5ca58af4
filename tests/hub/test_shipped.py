from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModelForAudioClassification, pipeline

import hf_ser
from hf_ser.hub import shipped

AUDIO = Path(__file__).parents[2] / "examples" / "audio"


def test_shipped_checkpoint_is_small_and_brings_its_licence():
    folder = Path(hf_ser.default_model())
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 8e6
    assert {path.suffix for path in folder.iterdir()} == {".json", ".md", ".safetensors"}
    assert "CC BY-NC-SA 4.0" in (folder / "LICENSE.md").read_text(encoding="utf-8")


def test_shipped_checkpoint_loads_in_the_auto_classes_and_knows_the_emotions():
    model = AutoModelForAudioClassification.from_pretrained(hf_ser.default_model())
    extractor = AutoFeatureExtractor.from_pretrained(hf_ser.default_model())
    assert {value.dtype for value in model.state_dict().values()} == {torch.float32}
    names = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]
    assert [model.config.id2label[index] for index in range(8)] == names
    assert extractor.output_size == (1, 80, 400)


def test_sample_clips_are_classified_alike_by_the_stock_pipeline_and_better_than_by_chance():
    corpus = hf_ser.load_corpus("ravdess", AUDIO, check_grid="off")
    classifier = hf_ser.EmotionClassifier.from_pretrained(hf_ser.default_model())
    stock = pipeline("audio-classification", model=hf_ser.default_model())
    right = 0
    for clip in corpus:
        prediction = classifier(clip)
        answer = stock(hf_ser.load_audio(clip["audio"]))
        assert answer[0]["label"] == prediction.emotion
        assert answer[0]["score"] == pytest.approx(prediction.confidence, abs=1e-4)
        right += prediction.emotion == clip["emotion"]
    assert right >= 4


def test_silence_and_noise_are_answered_too():
    classifier = hf_ser.EmotionClassifier.from_pretrained(hf_ser.default_model())
    noise = np.random.default_rng(0).normal(scale=0.1, size=16000).astype(np.float32)
    for waveform in (np.zeros(16000, np.float32), noise, noise[:100]):
        assert sum(classifier.classify([waveform])[0].scores.values()) == pytest.approx(1.0)


def test_missing_checkpoint_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "_CHECKPOINTS", tmp_path)
    with pytest.raises(FileNotFoundError, match="reinstall the package"):
        hf_ser.default_model()
