"""EMOVO: the full grid of names."""

import itertools
from collections import Counter

import pytest
from trees import check_complete, make_tree, parse, parse_all

from hf_ser.corpora import load_corpus
from hf_ser.corpora.emovo import Emovo

SENTENCES = ["b1", "b2", "b3", "l1", "l2", "l3", "l4", "n1", "n2", "n3", "n4", "n5", "d1", "d2"]
CLIPS = [
    f"EMOVO/{speaker}/{emotion}-{speaker}-{sentence}.wav"
    for speaker, emotion, sentence in itertools.product(
        ("f1", "f2", "f3", "m1", "m2", "m3"), ("dis", "gio", "neu", "pau", "rab", "sor", "tri"), SENTENCES
    )
]


def test_whole_corpus():
    rows = parse_all(Emovo(), CLIPS)
    check_complete(Emovo(), rows)
    assert set(Counter(row.emotion for row in rows).values()) == {84}
    assert set(Counter(row.speaker for row in rows).values()) == {98}
    assert set(Counter(row.more["sentence"] for row in rows).values()) == {42}


def test_names():
    row = parse(Emovo(), "EMOVO/m3/TRI-M3-N5.WAV")
    assert (row.emotion, row.speaker, row.sex, row.label) == ("sad", "m3", "male", "tri")
    assert row.more == {"sentence": "n5", "kind": "nonsense"}
    assert parse(Emovo(), "rab-f1-b1.wav").emotion == "angry"


@pytest.mark.parametrize("bad", ["dis-f4-b1", "dis-f1-b4", "dis-f1", "ang-f1-b1", "dis-f1-b1-2", "dis-f١-b1"])
def test_other_names_do_not_fit(bad):
    assert parse(Emovo(), f"{bad}.wav") is None


def test_loads_and_drops(tmp_path):
    dataset = load_corpus("emovo", make_tree(tmp_path, CLIPS), check_grid="error", drop=["disgust"])
    assert len(dataset) == 588 - 84
