"""SAVEE: two layouts, two-letter codes, and names that repeat across folders."""

import itertools
from collections import Counter

import pytest
from trees import check_complete, make_tree, parse, parse_all

from hf_ser.corpora import CorpusError, load_corpus, read_corpus
from hf_ser.corpora.savee import Savee

STEMS = [
    f"{code}{n:02d}" for code in ("a", "d", "f", "h", "n", "sa", "su") for n in range(1, 31 if code == "n" else 16)
]
SPEAKERS = ("DC", "JE", "JK", "KL")
FOLDERS = [f"AudioData/{speaker}/{stem}.wav" for speaker, stem in itertools.product(SPEAKERS, STEMS)]
FLAT = [f"ALL/{speaker}_{stem}.wav" for speaker, stem in itertools.product(SPEAKERS, STEMS)]


@pytest.mark.parametrize("clips", [FOLDERS, FLAT])
def test_both_layouts_are_the_whole_corpus(clips):
    rows = parse_all(Savee(), clips)
    check_complete(Savee(), rows)
    assert Counter(row.emotion for row in rows) == dict.fromkeys(set(Savee.info.emotions), 60) | {"neutral": 120}
    assert set(Counter(row.speaker for row in rows).values()) == {120}
    assert {row.sex for row in rows} == {"male"}


@pytest.mark.parametrize(
    ("clip", "emotion", "label", "speaker", "sentence"),
    [
        ("AudioData/DC/a01.wav", "angry", "a", "DC", "a01"),
        ("AudioData/JE/sa15.wav", "sad", "sa", "JE", "sa15"),
        ("audiodata/jk/SU02.WAV", "surprised", "su", "JK", "su02"),
        ("KL_su02.wav", "surprised", "su", "KL", "su02"),
        ("DC/KL_n30.wav", "neutral", "n", "KL", "n30"),
        ("KL/clean/d07.flac", "disgust", "d", "KL", "d07"),
    ],
)
def test_names(clip, emotion, label, speaker, sentence):
    row = parse(Savee(), clip)
    assert (row.emotion, row.label, row.speaker, row.more) == (emotion, label, speaker, {"sentence": sentence})


@pytest.mark.parametrize(
    "bad", ["a01.wav", "DC/s01.wav", "DC/a16.wav", "DC/n31.wav", "DC/a00.wav", "XX/a01.wav", "DC_a1.wav"]
)
def test_other_names_do_not_fit(bad):
    assert parse(Savee(), bad) is None


def test_both_copies_side_by_side_are_read_once_and_a_flat_copy_without_speakers_is_refused(tmp_path):
    both = make_tree(tmp_path / "both", FOLDERS + FLAT)
    reading = read_corpus("savee", both)
    assert len(reading.rows) == len(reading.duplicates) == 480
    assert reading.complete
    assert len(set(load_corpus("savee", both)["speaker"])) == 4
    with pytest.raises(CorpusError, match=r"expected names such as DC/a01.wav or DC_a01.wav"):
        load_corpus("savee", make_tree(tmp_path / "flat", [f"{stem}.wav" for stem in STEMS]))
