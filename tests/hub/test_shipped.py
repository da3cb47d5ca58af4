import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModelForAudioClassification, pipeline

import hf_ser
from hf_ser.hub import shipped

AUDIO = Path(__file__).parents[2] / "examples" / "audio"


@pytest.mark.parametrize(("name", "megabytes"), [("default", 32), ("small", 8)])
def test_shipped_checkpoint_is_small_and_brings_its_licence(name, megabytes):
    folder = Path(hf_ser.default_model(name))
    assert sum(path.stat().st_size for path in folder.iterdir()) <= megabytes * 1e6
    assert {path.suffix for path in folder.iterdir()} == {".json", ".md", ".safetensors"}
    assert "CC BY-NC-SA 4.0" in (folder / "LICENSE.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["default", "small"])
def test_shipped_checkpoint_loads_in_the_auto_classes_and_knows_the_emotions(name):
    model = AutoModelForAudioClassification.from_pretrained(hf_ser.default_model(name))
    extractor = AutoFeatureExtractor.from_pretrained(hf_ser.default_model(name))
    kinds = {value.dtype for value in model.state_dict().values() if value.is_floating_point()}
    assert kinds == {torch.float32}
    names = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]
    assert [model.config.id2label[index] for index in range(8)] == names
    assert type(extractor).__module__.startswith("hf_ser.")


@pytest.mark.parametrize("name", ["default", "small"])
def test_sample_clips_are_classified_alike_by_the_stock_pipeline_and_better_than_by_chance(name):
    corpus = hf_ser.load_corpus("ravdess", AUDIO, check_grid="off")
    classifier = hf_ser.EmotionClassifier.from_pretrained(hf_ser.default_model(name))
    stock = pipeline("audio-classification", model=hf_ser.default_model(name))
    right = 0
    for clip in corpus:
        prediction = classifier(clip)
        answer = stock(hf_ser.load_audio(clip["audio"]))
        assert answer[0]["label"] == prediction.emotion
        assert answer[0]["score"] == pytest.approx(prediction.confidence, abs=1e-4)
        right += prediction.emotion == clip["emotion"]
    assert right >= 4


def test_the_default_model_takes_other_clips_of_the_voice():
    corpus = hf_ser.load_corpus("ravdess", AUDIO, check_grid="off")
    classifier = hf_ser.EmotionClassifier.from_pretrained(hf_ser.default_model())
    clip, *others = (row for row in corpus if row["speaker"] == corpus[0]["speaker"])
    alone, told = classifier(clip), classifier(clip, speaker_reference=others)
    assert len(others) == 3
    assert max(abs(alone.scores[name] - told.scores[name]) for name in alone.scores) > 0.01


@pytest.mark.parametrize("name", ["default", "small"])
def test_silence_and_noise_are_answered_too(name):
    classifier = hf_ser.EmotionClassifier.from_pretrained(hf_ser.default_model(name))
    noise = np.random.default_rng(0).normal(scale=0.1, size=16000).astype(np.float32)
    for waveform in (np.zeros(16000, np.float32), noise, noise[:100]):
        assert sum(classifier.classify([waveform])[0].scores.values()) == pytest.approx(1.0)


def test_missing_checkpoint_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "_CHECKPOINTS", tmp_path)
    with pytest.raises(FileNotFoundError, match="reinstall the package"):
        hf_ser.default_model()


def test_the_small_model_has_a_name_and_other_names_are_refused():
    assert Path(hf_ser.default_model("small")).name == "cct_ravdess"
    with pytest.raises(ValueError, match=r"got 'large', expected 'default' or 'small'"):
        hf_ser.default_model("large")


def test_the_licence_is_said_once(monkeypatch, caplog):
    monkeypatch.setattr(shipped, "_said", set())
    for _ in range(3):
        hf_ser.default_model("small")
    assert [record.name for record in caplog.records] == ["hf_ser.hub.shipped"]
    assert "non-commercial use (CC BY-NC-SA 4.0" in caplog.text


@pytest.mark.slow
def test_the_wheel_brings_every_checkpoint_and_both_licences(tmp_path):
    root = Path(__file__).parents[2]
    tracked = ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")
    for name in tracked:
        shutil.copy(root / name, tmp_path / name)
    shutil.copytree(root / "hf_ser", tmp_path / "hf_ser", ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, check=True, capture_output=True)
    with zipfile.ZipFile(next((tmp_path / "dist").glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        metadata = wheel.read(next(name for name in names if name.endswith("METADATA"))).decode()
    for folder in (root / "hf_ser" / "checkpoints").iterdir():
        inside = f"hf_ser/checkpoints/{folder.name}"
        for file in ("LICENSE.md", "config.json", "model.safetensors", "preprocessor_config.json"):
            assert f"{inside}/{file}" in names
        assert f"License-File: {inside}/LICENSE.md" in metadata
    assert "License-Expression: Apache-2.0 AND CC-BY-NC-SA-4.0" in metadata
    assert "License-File: LICENSE\n" in metadata
