"""ShEMO: counts, W for surprise, speakers of both sexes with one number, EmoBox's smaller list."""

import pytest
from trees import check_record, make_tree, parse, parse_all

from hf_ser.corpora import CorpusError, load_corpus, read_corpus
from hf_ser.corpora.shemo import Shemo

FULL = {"A": 1059, "N": 1028, "S": 449, "W": 225, "H": 201, "F": 38}
DROPPED_BY_EMOBOX = {"S": 89, "W": 26, "A": 25, "N": 10, "F": 9, "H": 3}


def names(counts):
    """As many names per emotion, spread over the 31 women and 56 men."""
    speakers = [("female", f"F{n:02d}") for n in range(1, 32)] + [("male", f"M{n:02d}") for n in range(1, 57)]
    for code, count in counts.items():
        for index in range(count):
            folder, speaker = speakers[index % len(speakers)]
            yield f"{folder}/{speaker}{code}{index // len(speakers) + 1:02d}.wav"


@pytest.mark.parametrize(
    ("name", "emotion", "sex"),
    [
        ("F21N23", "neutral", "female"),
        ("M36S02", "sad", "male"),
        ("M01W01", "surprised", "male"),
        ("f05f01", "fearful", "female"),
        ("M27H100", "happy", "male"),
    ],
)
def test_names(name, emotion, sex):
    row = parse(Shemo(), f"male/{name}.wav")
    assert (row.emotion, row.sex) == (emotion, sex)
    assert (row.speaker, row.label) == (name[:3].upper(), name[3].upper())
    check_record(Shemo())


@pytest.mark.parametrize("bad", ["X21N23", "F2N23", "F21D01", "F21N", "F21N23b", "F٢١N٢٣"])
def test_other_names_do_not_fit(bad):
    assert parse(Shemo(), f"{bad}.wav") is None


def test_both_editions(tmp_path):
    full = make_tree(tmp_path / "full", names(FULL))
    (full / "transcript" / "final text").mkdir(parents=True)
    (full / "transcript" / "final text" / "F01A01.ort").touch()
    dataset = load_corpus("shemo", full, check_grid="error")
    assert len(dataset) == 3000
    assert len(set(dataset["speaker"])) == 87
    assert len(load_corpus("shemo", full, drop=["fearful"])) == 2962
    smaller = {code: count - DROPPED_BY_EMOBOX[code] for code, count in FULL.items()}
    emobox = make_tree(tmp_path / "emobox", names(smaller))
    assert len(load_corpus("shemo", emobox, check_grid="error", edition="emobox")) == 2838
    assert read_corpus("shemo", emobox).miscounted["sad"] == (360, 449)
    with pytest.raises(CorpusError, match="edition='modified'; expected 'full'"):
        load_corpus("shemo", emobox, edition="modified")


def test_one_number_two_sexes():
    assert len({row.speaker for row in parse_all(Shemo(), ["male/M05A01.wav", "female/F05A01.wav"])}) == 2
