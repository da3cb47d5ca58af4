"""SUBESCO: a stray bracket, numbers that repeat across the sexes, 7,000 names."""

import itertools
from collections import Counter

import pytest
from trees import check_complete, make_tree, parse, parse_all

from hf_ser.corpora import read_corpus
from hf_ser.corpora.subesco import Subesco

EMOTIONS = ("ANGRY", "DISGUST", "FEAR", "HAPPY", "NEUTRAL", "SAD", "SURPRISE")
CLIPS = [
    f"SUBESCO/{sex}_{number:02d}_NAME_S_{sentence}_{emotion}_{take}.wav"
    for sex, number, sentence, emotion, take in itertools.product(
        "FM", range(1, 11), range(1, 11), EMOTIONS, range(1, 6)
    )
]


def test_whole_corpus_with_its_bracket():
    clips = list(CLIPS)
    clips[clips.index("SUBESCO/F_02_NAME_S_2_SURPRISE_3.wav")] = "SUBESCO/F_02_MONIKA_S_2_SURPRISE_3].wav"
    rows = parse_all(Subesco(), clips)
    check_complete(Subesco(), rows)
    assert set(Counter(row.emotion for row in rows).values()) == {1000}
    assert set(Counter(row.speaker for row in rows).values()) == {350}
    assert Counter(row.sex for row in rows) == {"female": 3500, "male": 3500}


def test_names():
    row = parse(Subesco(), "M_10_EVAN_S_8_DISGUST_2.wav")
    assert (row.emotion, row.speaker, row.sex, row.label) == ("disgust", "M10", "male", "DISGUST")
    assert row.more == {"sentence": "8", "repetition": 2}
    assert parse(Subesco(), "f_10_fahmee_s_10_fear_5.WAV").speaker == "F10"
    assert parse(Subesco(), "SUBESCO/F_02_MONIKA_S_2_SURPRISE_3].wav").key == "f02_2_surprise_3"


@pytest.mark.parametrize(
    "bad",
    [
        "F_11_X_S_1_FEAR_1",
        "F_01_X_S_11_FEAR_1",
        "F_01_X_S_1_FEAR_6",
        "F_01_X_S_1_CALM_1",
        "F_01_S_1_FEAR_1",
        "F_01_X_S_1_FEAR_1]]",
        "F_01_X_S_1_FEAR_1 (1)",
    ],
)
def test_other_names_do_not_fit(bad):
    assert parse(Subesco(), f"{bad}.wav") is None


def test_the_bracket_and_a_renamed_copy_are_one_clip(tmp_path):
    clips = ["F_02_MONIKA_S_2_SURPRISE_3].wav", "F_02_MONIKA_S_2_SURPRISE_3.wav", "F_02_MONIKA_S_2_SURPRISE_4.wav"]
    reading = read_corpus("subesco", make_tree(tmp_path, clips))
    assert len(reading.rows) == 2
    assert len(reading.duplicates) == 1
    assert len(reading.missing) == 6998
