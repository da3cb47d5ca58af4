"""A fold is printed as a table."""

import dataclasses

from hf_ser.protocols import Fold, speaker_folds

COLUMNS = {
    "clip": [f"{row}.wav" for row in range(8)],
    "audio": [b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"0"],
    "speaker": [*"aabbccdd"],
    "emotion": ["sad", "cold", "sad", "cold", "neutral", "cold", "neutral", "sad"],
}


def test_sides_classes_copies_and_speakers():
    fold = speaker_folds(COLUMNS, "fixed", test_speakers="a", validation_speakers="b", allow_missing_classes=True)[0]
    assert fold.describe().splitlines() == [
        f"fold 0-a (fixed, validation_speakers=['b'], test_speakers=['a']), fingerprint {fold.fingerprint}",
        "side        clips  speakers  neutral  sad  cold",
        "train           3         2        2    0     1",
        "validation      2         1        0    1     1",
        "test            2         1        0    1     1",
        "left out as copies of clips on another side: 1 (7.wav)",
        "train speakers: c, d",
        "validation speakers: b",
        "test speakers: a",
    ]
    assert str(fold) == "fold 0-a: 3 train, 2 validation (b), 2 test (a), 1 left out"


def test_a_fold_by_hand_and_one_that_is_not_speaker_independent():
    fold = Fold("x", [0, 1], [2], [3], (), (), (), speaker_independent=False)
    assert fold.describe().splitlines()[1:] == [
        "NOT speaker-independent: a speaker may be on several sides",
        "side        clips  speakers",
        "train           2         0",
        "validation      1         0",
        "test            1         0",
        "train speakers: not known",
        "validation speakers: not known",
        "test speakers: not known",
    ]


def test_many_speakers_are_cut_short():
    fold = Fold("x", list(range(60)), [60], [61], tuple(f"s{number}" for number in range(60)), ("y",), ("z",))
    assert "s39 and 20 more" in fold.describe()
    many = dataclasses.replace(
        fold, train=[61], test=fold.train, train_speakers=("z",), test_speakers=fold.train_speakers
    )
    assert str(many).endswith("s7 and 52 more)")
