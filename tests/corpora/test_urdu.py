"""URDU: noughts before numbers, speakers of both sexes with one number, the whole list."""

from collections import Counter

import pytest
from trees import check_complete, make_tree, parse, parse_all

from hf_ser.corpora import load_corpus, read_corpus
from hf_ser.corpora.urdu import Urdu

FOLDERS = {"a": "Angry", "h": "Happy", "n": "Neutral", "s": "Sad"}


def authors_name(key):
    """The authors put one nought before the last number, whatever its length."""
    speaker, file, code = key.split("_")
    return f"{FOLDERS[code[0]]}/{speaker.upper()}_{file.upper()}_{code[0].upper()}0{code[1:]}.wav"


def test_whole_corpus_has_the_published_confounds():
    rows = parse_all(Urdu(), map(authors_name, Urdu().expected_keys()))
    check_complete(Urdu(), rows)
    assert set(Counter(row.emotion for row in rows).values()) == {100}
    clips = Counter(row.speaker for row in rows)
    assert clips.most_common(4) == [("SM5", 80), ("SM4", 48), ("SM25", 40), ("SM24", 38)]
    assert sum(count == 2 for count in clips.values()) == 9
    assert Counter(speaker[1] for speaker in clips) == {"M": 18, "F": 11}
    assert Counter(row.emotion for row in rows if row.sex == "female") == {"happy": 46, "sad": 6, "neutral": 4}


@pytest.mark.parametrize(
    ("clip", "key"),
    [
        ("Angry/SM1_F10_A010.wav", "sm1_f10_a10"),
        ("Angry/SM1_F10_A10.wav", "sm1_f10_a10"),
        ("sm01_f010_a0010.WAV", "sm1_f10_a10"),
        ("Neutral/SF9_F1_N01.wav", "sf9_f1_n1"),
        ("Neutral/SM5_F72_N0100.wav", "sm5_f72_n100"),
    ],
)
def test_noughts_do_not_matter(clip, key):
    row = parse(Urdu(), clip)
    assert row.key == key
    assert row.key in Urdu().expected_keys()


def test_names():
    row = parse(Urdu(), "Happy/SF1_F3_H03.wav")
    assert (row.emotion, row.speaker, row.sex, row.label) == ("happy", "SF1", "female", "H")
    assert parse(Urdu(), "Angry/SM1_F3_A03.wav").speaker == "SM1"


@pytest.mark.parametrize("bad", ["SM1_F10", "SX1_F1_A01", "SM1_F1_D01", "SM0_F1_A01", "SM1_F1_A01 copy", "SM1-F1-A01"])
def test_other_names_do_not_fit(bad):
    assert parse(Urdu(), f"{bad}.wav") is None


def test_missing_and_extra_clips_are_named(tmp_path):
    clips = sorted(map(authors_name, Urdu().expected_keys()))
    folder = make_tree(tmp_path, [*clips[1:], "Angry/SM9_F1_A01.wav"])
    reading = read_corpus("urdu", folder)
    assert reading.missing == ["sm1_f10_a10"]
    assert reading.extra == ["Angry/SM9_F1_A01.wav"]
    (folder / clips[0]).touch()
    (folder / "Angry/SM9_F1_A01.wav").unlink()
    assert len(load_corpus("urdu", folder, check_grid="error")) == 400
