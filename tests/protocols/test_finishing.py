"""Copies of recordings stay on one side, and no class is tested that was not learned."""

import datasets
import pytest

from hf_ser.protocols import ProtocolError, speaker_folds


def columns(audio: str, emotions: str | None = None) -> dict[str, list]:
    """Two clips of each speaker a, b, c, ..., whose recordings are the letters."""
    return {
        "audio": [letter.encode() for letter in audio],
        "clip": [f"{row}.wav" for row in range(len(audio))],
        "speaker": ["abcdef"[row // 2] for row in range(len(audio))],
        "emotion": [*(emotions or "x" * len(audio))],
    }


def test_a_copy_is_left_out_of_the_lesser_side(caplog):
    dataset = columns("pqprsqtu")  # row 2 of b copies row 0 of a, row 5 of c copies row 1 of a
    for data in (dataset, datasets.Dataset.from_dict(dataset)):
        folds = speaker_folds(data, "leave-one-speaker-out")
        assert [(fold.train, fold.validation, fold.test, fold.left_out) for fold in folds] == [
            ([4, 6, 7], [3], [0, 1], [2, 5]),
            ([6, 7], [4, 5], [2, 3], [0, 1]),
            ([0, 2, 3], [6, 7], [4, 5], [1]),
            ([3, 4], [0, 1], [6, 7], [2, 5]),
        ]
    assert "leave-one-speaker-out: 4 clip(s) are copies of recordings on another side" in caplog.text
    assert "0.wav, 2.wav are one recording under 2 speakers (a, b)" in caplog.text


def test_copies_on_one_side_stay():
    folds = speaker_folds(columns("ppqrst"), "leave-one-speaker-out")
    assert [fold.left_out for fold in folds] == [[], [], []]


def test_it_can_be_switched_off():
    folds = speaker_folds(columns("pqprsq"), "leave-one-speaker-out", duplicates="off")
    assert [fold.left_out for fold in folds] == [[], [], []]
    missing = columns("pqprsq") | {"audio": ["nowhere.wav"] * 6}
    assert speaker_folds(missing, "leave-one-speaker-out", duplicates="off") == folds
    with pytest.raises(FileNotFoundError, match=r"row 0: the audio file 'nowhere.wav'.*duplicates='off'"):
        speaker_folds(missing, "leave-one-speaker-out")
    with pytest.raises(ProtocolError, match="duplicates='name'; expected 'content' or 'off'"):
        speaker_folds(missing, "leave-one-speaker-out", duplicates="name")


def test_a_side_of_copies_alone_is_an_error():
    with pytest.raises(ProtocolError, match="'0-a' has no validation rows left: all are copies"):
        speaker_folds(columns("pqpqrs"), "leave-one-speaker-out")


def test_a_class_that_is_not_learned_is_an_error(caplog):
    only_a = columns("pqrstu", "xyxxxx")
    with pytest.raises(ProtocolError, match=r"fold '0-a' would train without 'y' \(test clips: 1\)"):
        speaker_folds(only_a, "leave-one-speaker-out")
    folds = speaker_folds(only_a, "leave-one-speaker-out", allow_missing_classes=True)
    assert len(folds) == 3
    assert "2 of 3 folds lack a class in training: fold '0-a' would train without 'y' (test clips: 1)" in caplog.text
    assert "fold '2-c' would train without 'y' (validation clips: 1)" in caplog.text


def test_a_class_whose_last_training_clip_is_a_copy_counts_as_not_learned():
    with pytest.raises(ProtocolError, match="'0-a' would train without 'y'"):
        speaker_folds(columns("pqrstp", "yxxxxy"), "leave-one-speaker-out")


def test_a_speaker_with_one_class_several_labels_and_no_label():
    assert len(speaker_folds(columns("pqrstuvw", "xyxxxyxy"), "leave-one-speaker-out")) == 4
    several = columns("pqrstuvw") | {"emotion": [["x", "y"], None, ["x"], ["y"], ["x"], ["y"], ["y"], ["x"]]}
    folds = speaker_folds(several, "leave-one-speaker-out")
    assert "x+y" in folds[0].describe()
    assert "unlabelled" in folds[0].describe()
    with pytest.raises(ProtocolError, match="without 'z'"):
        speaker_folds(several | {"emotion": [["x", "z"], *several["emotion"][1:]]}, "leave-one-speaker-out")


def test_a_column_of_several_emotions_counts_too():
    several = columns("pqrstuvw", "xyxyxyxy") | {"emotions": [["y", "x"], [], ["x"], None, ["x"], ["y"], ["z"], ["y"]]}
    with pytest.raises(ProtocolError, match=r"fold '2-c' would train without 'z' \(validation clips: 1\)"):
        speaker_folds(several, "leave-one-speaker-out")
    folds = speaker_folds(several, "leave-one-speaker-out", allow_missing_classes=True)
    assert folds[0].clips.emotions[:2] == ["x+y", "y"]
    assert folds[3].clips.emotions[6] == "x+z"
    assert len(speaker_folds(several, "grouped", k=3, allow_missing_classes=True)) == 3


def test_folds_know_what_made_them():
    fold = speaker_folds(columns("pqrstu"), "grouped", k=3)[0]
    assert (fold.protocol, fold.options) == ("grouped", {"k": 3, "seed": 0})
