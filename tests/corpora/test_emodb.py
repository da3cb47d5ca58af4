"""EmoDB: names, speakers, and the real recordings."""

from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from hf_ser.corpora import load_corpus, read_corpus
from hf_ser.corpora.emodb import EmoDb


@pytest.mark.parametrize(
    ("name", "emotion"),
    [
        ("03a01Fa", "happy"),
        ("08a02Ab", "fearful"),
        ("16b10Wb", "angry"),
        ("09b09Lf", "bored"),
        ("10a07Ea", "disgust"),
        ("11b03Tc", "sad"),
        ("12a05Nd", "neutral"),
    ],
)
def test_german_initials(name, emotion):
    row = EmoDb().parse(PurePosixPath(f"wav/{name}.wav"))
    assert row.emotion == emotion
    assert row.speaker == name[:2]
    assert row.label == name[5]
    assert row.more["text_id"] == name[2:5]


def test_sex_of_the_speakers_that_an_early_table_confuses():
    sexes = {name: EmoDb().parse(PurePosixPath(f"{name}a01Fa.wav")).sex for name in ("09", "10", "12", "13")}
    assert sexes == {"09": "female", "10": "male", "12": "male", "13": "female"}


@pytest.mark.parametrize("bad", ["04a01Fa", "03a03Fa", "03a01Xa", "03a01F", "03a01Faa", "03c01Fa"])
def test_other_names_do_not_fit(bad):
    assert EmoDb().parse(PurePosixPath(f"{bad}.wav")) is None


def test_missing_classes_are_named(emodb_tree, caplog):
    dataset = load_corpus("emodb", emodb_tree)
    assert len(dataset) == 32
    assert "neutral 8 of 79" in caplog.text
    assert "bored 0 of 81" in caplog.text
    assert sum(total for _, total in read_corpus("emodb", emodb_tree).miscounted.values()) == 535


@pytest.mark.recordings
def test_real_recordings(recordings: Path):
    dataset = load_corpus("emodb", recordings / "emodb")
    assert Counter(dataset["emotion"]) == {"angry": 127, "neutral": 79, "happy": 71, "sad": 62}
    assert len(set(dataset["speaker"])) == 10
    assert Counter(dict(zip(dataset["speaker"], dataset["sex"], strict=True)).values()) == {"male": 5, "female": 5}
