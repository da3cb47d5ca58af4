"""The synthetic corpus: reproducible, laid out as RAVDESS, and learnable across speakers without being trivial."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hf_ser.corpora import load_corpus

SCRIPT = Path(__file__).parents[2] / "examples" / "make_synthetic_corpus.py"


def test_same_seed_same_clips_whatever_else_is_made(synthetic):
    options = {"seconds": (0.3, 0.5)}
    clip = synthetic.synthetic_voice("angry", 3, **options)
    np.testing.assert_array_equal(clip, synthetic.synthetic_voice("angry", 3, **options))
    assert clip.dtype == np.float32
    assert 0.3 * 16_000 <= len(clip) <= 0.5 * 16_000
    assert np.abs(clip).max() <= 0.99
    others = [{"seed": 1}, {"take": 2}, {"text": 2}, {"strength": 1.3}]
    for other in others:
        assert not np.array_equal(clip, synthetic.synthetic_voice("angry", 3, **options, **other))


def test_tree_has_the_names_that_ravdess_has(make_ravdess_tree, tmp_path):
    make_ravdess_tree(tmp_path, [2, 24], ["neutral", "sad"], intensities=(1, 2), suffix=".wav", sampling_rate=22_050)
    dataset = load_corpus("ravdess", tmp_path, check_grid="off")
    assert len(dataset) == 2 * (4 + 8)
    assert set(dataset["speaker"]) == {"ravdess/02", "ravdess/24"}
    assert soundfile.info(dataset[0]["audio"]["path"]).samplerate == 22_050
    with pytest.raises(ValueError, match="actor 25"):
        make_ravdess_tree(tmp_path, [25])


def test_speakers_differ_more_than_chance_and_emotions_carry_over(synthetic):
    """Nearest class mean on pitch-free statistics, one speaker left out: far above chance, far from perfect."""
    emotions = ["neutral", "sad", "angry", "fearful"]
    features, labels, speakers = [], [], []
    for speaker in range(1, 7):
        for index, emotion in enumerate(emotions):
            for take in range(1, 4):
                clip = synthetic.synthetic_voice(emotion, speaker, take=take, seconds=(0.4, 0.8))
                crossings = np.mean(clip[1:] * clip[:-1] < 0)
                features.append([np.log(np.std(clip)), np.log(np.std(np.diff(clip))), crossings * 10])
                labels.append(index)
                speakers.append(speaker)
    features, labels, speakers = np.array(features), np.array(labels), np.array(speakers)
    right = 0
    for speaker in range(1, 7):
        rest = speakers != speaker
        scaled = (features - features[rest].mean(0)) / features[rest].std(0)
        means = np.stack([scaled[rest & (labels == index)].mean(0) for index in range(4)])
        guess = np.argmin(((scaled[~rest][:, None] - means) ** 2).sum(-1), axis=1)
        right += (guess == labels[~rest]).sum()
    assert 0.45 < right / len(labels) < 0.98


def test_command_line(tmp_path):
    command = [sys.executable, str(SCRIPT), str(tmp_path / "out"), "--actors", "3", "--emotions", "happy", "sad"]
    result = subprocess.run([*command, "--seconds", "0.2", "0.3"], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("24 clips of 3 synthetic speakers")
    assert len(list((tmp_path / "out").rglob("*.flac"))) == 24
    assert subprocess.run([*command[:4], "2"], capture_output=True, text=True, check=False).returncode == 2
