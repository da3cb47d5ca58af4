"""ASED: counts, a capital letter, women coded male once, sentences of one emotion."""

import itertools
from collections import Counter

import pytest
from trees import check_complete, make_tree, parse, parse_all

from hf_ser.corpora import find_duplicates, load_corpus, read_corpus
from hf_ser.corpora.ased import Ased

FOLDERS = {"n": "01Neutral", "f": "02Fearful", "h": "03Happy", "s": "04Sad", "a": "05Angry"}
COUNTS = {"n": 522, "f": 510, "h": 486, "s": 470, "a": 486}
WOMEN = range(1, 26)


def names():
    """As many names per emotion, spread over all speakers; the first 25 speakers are women here."""
    for number, (code, count) in enumerate(COUNTS.items(), start=1):
        grid = itertools.product((1, 2), range(1, 8), range(1, 66))
        for repetition, sentence, speaker in itertools.islice(grid, count):
            sex = 1 if speaker in WOMEN else 2
            yield f"{FOLDERS[code]}/{code}{number}-{sentence:02d}-{repetition:02d}-{sex:02d}-{speaker:02d}.wav"


def test_whole_corpus():
    check_complete(Ased(), parse_all(Ased(), names()))


def test_names_and_the_capital_letter():
    row = parse(Ased(), "04Sad/S4-04-02-01-29.wav")
    assert (row.emotion, row.speaker, row.sex, row.label, row.key) == ("sad", "29", "female", "s", "s4-04-02-01-29")
    assert row.more == {"sentence": "s04", "repetition": 2}
    assert parse(Ased(), "05Angry/a5-07-02-02-65.wav").sex == "male"


def test_sentences_said_in_one_emotion_are_told_apart():
    rows = parse_all(
        Ased(), [f"{code}-{text}-01-01-03.wav" for text in ("01", "02", "03") for code in ("n1", "f2", "a5")]
    )
    assert Counter(row.more["sentence"] for row in rows) == {"01": 3, "02": 3, "n03": 1, "f03": 1, "a03": 1}


@pytest.mark.parametrize("speaker", ["09", "15", "21", "23", "25"])
def test_one_speaker_has_one_sex(speaker):
    rows = parse_all(
        Ased(), [f"n1-01-01-01-{speaker}.wav", f"n1-01-02-01-{speaker}.wav", f"h3-05-01-02-{speaker}.wav"]
    )
    assert [row.sex for row in rows] == ["female"] * 3


@pytest.mark.parametrize(
    "bad", ["n2-01-01-01-03", "n1-08-01-01-03", "n1-01-03-01-03", "n1-01-01-03-03", "n1-01-01-01-66", "n1-01-01-01-00"]
)
def test_other_names_do_not_fit(bad):
    assert parse(Ased(), f"01Neutral/{bad}.wav") is None


def test_pairs_of_one_recording_are_two_clips_that_can_be_found(tmp_path):
    folder = make_tree(tmp_path, names())
    for index, path in enumerate(sorted(folder.rglob("*.wav"))):
        path.write_text(str(index))
    pair = [folder / f"05Angry/a5-07-0{repetition}-01-05.wav" for repetition in (1, 2)]
    for path in pair:
        path.write_text("the same")
    reading = read_corpus("ased", folder)
    assert not reading.duplicates
    dataset = load_corpus("ased", folder)
    assert [[dataset[row]["clip"] for row in rows] for rows in find_duplicates(dataset)] == [
        [path.relative_to(folder).as_posix() for path in pair]
    ]
