"""CaFE: garbled accents in folders, neutral without intensity, the edition in AIFF."""

import itertools
import unicodedata
from collections import Counter

import pytest
from trees import check_complete, make_tree, parse, parse_all

from hf_ser.corpora import load_corpus, read_corpus
from hf_ser.corpora.cafe import Cafe

FOLDERS = {"C": "Colère", "D": "Dégoût", "J": "Joie", "P": "Peur", "S": "Surprise", "T": "Tristesse"}
LEVELS = {1: "Faible", 2: "Fort"}
# what unpacking makes of accents: another code page, UTF-8 read as Latin-1, letters and accents apart
GARBLED = [
    {"Colère": "ColŠre", "Dégoût": "D‚go–t"},
    {"Colère": "ColÃ¨re", "Dégoût": "DÃ©goÃ»t"},
    {name: unicodedata.normalize("NFD", name) for name in ("Colère", "Dégoût")},
    {},
]


def copy_of(names=FOLDERS, suffix=".wav"):
    speakers, sentences = [f"{n:02d}" for n in range(1, 13)], range(1, 7)
    clips = [
        f"{names.get(folder, folder)}/{LEVELS[level]}/{speaker}-{code}-{level}-{sentence}{suffix}"
        for (code, folder), level, speaker, sentence in itertools.product(FOLDERS.items(), LEVELS, speakers, sentences)
    ]
    return clips + [f"Neutre/{speaker}-N-1-{n}{suffix}" for speaker, n in itertools.product(speakers, sentences)]


@pytest.mark.parametrize("garbled", GARBLED)
def test_whole_corpus_whatever_became_of_the_accents(garbled):
    rows = parse_all(Cafe(), copy_of(garbled))
    check_complete(Cafe(), rows)
    assert Counter(row.emotion for row in rows) == dict.fromkeys(set(Cafe.info.emotions), 144) | {"neutral": 72}
    assert set(Counter(row.speaker for row in rows).values()) == {78}
    assert Counter(row.sex for row in rows) == {"female": 468, "male": 468}
    assert Counter(row.more["intensity"] for row in rows) == {"mild": 432, "strong": 432, None: 72}


def test_names():
    row = parse(Cafe(), "ColŠre/Fort/12-C-2-5.wav")
    assert (row.emotion, row.speaker, row.sex, row.label) == ("angry", "12", "female", "C")
    assert row.more == {"intensity": "strong", "sentence": "5", "text": "Cinq pumas fiers et passionnés"}
    assert parse(Cafe(), "Neutre/03-n-1-1.AIFF").more["intensity"] is None


@pytest.mark.parametrize("bad", ["12-N-2-5", "13-C-1-1", "00-C-1-1", "01-A-1-1", "01-C-3-1", "01-C-1-7", "1-C-1-1"])
def test_other_names_do_not_fit(bad):
    assert parse(Cafe(), f"{bad}.wav") is None


def test_both_editions_side_by_side_are_one_corpus(tmp_path):
    folder = make_tree(tmp_path, [f"CaFE_48k/{clip}" for clip in copy_of(GARBLED[0])])
    make_tree(tmp_path, [f"CaFE_192k/{clip}" for clip in copy_of(suffix=".aiff")])
    reading = read_corpus("cafe", folder)
    assert reading.complete
    assert len(reading.rows) == len(reading.duplicates) == 936
    assert len(load_corpus("cafe", folder / "CaFE_192k", check_grid="error")) == 936
