"""JL-Corpus: "female" contains "male", primary and secondary emotions."""

import itertools
from collections import Counter

import pytest
from trees import check_complete, make_tree, parse, parse_all

from hf_ser.corpora import CorpusError, load_corpus, read_corpus
from hf_ser.corpora.jl import Jl

PRIMARY = ("angry", "sad", "neutral", "happy", "excited")
SECONDARY = ("anxious", "apologetic", "assertive", "concerned", "encouraging")
PLACE = "Raw JL corpus (unchecked and unannotated)/JL(wav+txt)"
CLIPS = [
    f"{PLACE}/{speaker}_{emotion}_{sentence}{session}_{repetition}.wav"
    for speaker, emotion, sentence, session, repetition in itertools.product(
        ("female1", "female2", "male1", "male2"), PRIMARY + SECONDARY, range(1, 16), "ab", (1, 2)
    )
]


def test_whole_corpus():
    rows = parse_all(Jl(), CLIPS)
    check_complete(Jl(), rows)
    assert set(Counter(row.emotion for row in rows).values()) == {240}
    assert set(Counter(row.speaker for row in rows).values()) == {600}
    assert {row.speaker: row.sex for row in rows} == {
        "female1": "female",
        "female2": "female",
        "male1": "male",
        "male2": "male",
    }


def test_names():
    row = parse(Jl(), f"{PLACE}/male2_concerned_6b_1.wav")
    assert (row.emotion, row.speaker, row.sex, row.label) == ("concerned", "male2", "male", "concerned")
    assert row.more == {"sentence": "6", "recording_session": "b", "repetition": 1}
    woman = parse(Jl(), "FEMALE1_Apologetic_15b_2.WAV")
    assert (woman.speaker, woman.sex) == ("female1", "female")


@pytest.mark.parametrize(
    "bad", ["male3_sad_1a_1", "emale1_sad_1a_1", "male1_sad_16a_1", "male1_sad_1_1", "male1_sad_1c_1"]
)
def test_other_names_do_not_fit(bad):
    assert parse(Jl(), f"{bad}.wav") is None


def test_primary_emotions_alone(tmp_path):
    folder = make_tree(tmp_path, CLIPS)
    (folder / PLACE / "male2_concerned_6b_1.txt").touch()
    primary = load_corpus("jl", folder, check_grid="error", primary_only=True)
    assert len(primary) == 1200
    assert set(primary["emotion"]) == set(PRIMARY)
    assert read_corpus("jl", folder, primary_only=True).set_aside == 1200
    merged = load_corpus("jl", folder, primary_only=True, merge={"excited": "happy"})
    assert Counter(merged["emotion"])["happy"] == 480
    with pytest.raises(CorpusError, match="primary_only='yes'; expected True or False"):
        load_corpus("jl", folder, primary_only="yes")
