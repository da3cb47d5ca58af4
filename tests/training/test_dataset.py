import numpy as np
import pytest
from tiny import LABELS

from hf_ser import load_audio
from hf_ser.training import SerDataset


def noise(waveform, generator):
    return waveform + generator.normal(size=len(waveform)).astype(np.float32)


def test_clips_are_read_only_when_asked_for(corpus, monkeypatch):
    read = []
    monkeypatch.setattr(
        "hf_ser.training.dataset.load_audio",
        lambda source, rate: read.append(source["path"]) or np.zeros(10, np.float32),
    )
    dataset = SerDataset(corpus, LABELS)
    assert read == []
    dataset[3]
    assert len(read) == 1


def test_example_holds_waveform_label_and_row(corpus):
    rows = [5, 2, 40]
    dataset = SerDataset(corpus, LABELS, rows)
    assert len(dataset) == 3
    for index, row in enumerate(rows):
        example = dataset[index]
        assert example["row_ids"] == row
        assert example["labels"] == LABELS[corpus[row]["emotion"]]
        assert np.array_equal(example["waveform"], load_audio(corpus[row]["audio"]))
        assert dataset.speakers[index] == corpus[row]["speaker"]


def test_augmentation_is_keyed_by_seed_epoch_and_row_alone(corpus):
    dataset = SerDataset(corpus, LABELS, augmentation=noise, seed=1)
    first = dataset[4]["waveform"]
    dataset[7], dataset[0]
    assert np.array_equal(dataset[4]["waveform"], first)
    assert np.array_equal(SerDataset(corpus, LABELS, [9, 4], augmentation=noise, seed=1)[1]["waveform"], first)
    assert not np.array_equal(SerDataset(corpus, LABELS, augmentation=noise, seed=2)[4]["waveform"], first)
    dataset.at_epoch(1)
    assert not np.array_equal(dataset[4]["waveform"], first)
    dataset.at_epoch(0)
    assert np.array_equal(dataset[4]["waveform"], first)


def test_long_training_clips_are_cut_to_a_random_stretch(corpus):
    whole = SerDataset(corpus, LABELS)[0]["waveform"]
    dataset = SerDataset(corpus, LABELS, max_seconds=0.1)
    stretches = []
    for epoch in range(4):
        dataset.at_epoch(epoch)
        stretch = dataset[0]["waveform"]
        assert len(stretch) == 1600
        assert any(np.array_equal(stretch, whole[start : start + 1600]) for start in range(len(whole) - 1599))
        stretches.append(stretch.tobytes())
    assert len(set(stretches)) > 1


def test_missing_column_is_named(corpus):
    with pytest.raises(ValueError, match=r"lacks the column\(s\) \['speaker'\]"):
        SerDataset(corpus.remove_columns("speaker"), LABELS)


def test_emotion_that_the_model_does_not_know_is_named(corpus):
    with pytest.raises(ValueError, match=r"emotions \['angry'\].*knows \['neutral', 'sad'\]"):
        SerDataset(corpus, {"neutral": 0, "sad": 1})
