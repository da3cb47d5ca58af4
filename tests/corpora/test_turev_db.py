"""TurEV-DB: counts by speaker, `ogul1`, spectrograms with the same names."""

from collections import Counter

import pytest
from trees import check_complete, make_tree, parse, parse_all

from hf_ser.corpora import read_corpus
from hf_ser.corpora.base import corpus_class
from hf_ser.corpora.turev_db import TurevDb

FOLDERS = {"kz": "Angry", "sk": "Calm", "mt": "Happy", "hl": "Sad"}
# words of each speaker and emotion; they add up to the published counts of both
WORDS = {speaker: dict.fromkeys(FOLDERS, 82) for speaker in ("1234", "1358", "1984", "6783")}
WORDS |= {"1157": {"kz": 77, "hl": 73}, "7895": {"kz": 82, "sk": 80, "mt": 29, "hl": 82}}


def names():
    letters = "abcdefghij"
    for speaker, counts in WORDS.items():
        for code, count in counts.items():
            for word in range(count):
                yield f"Sound Source/{FOLDERS[code]}/{speaker}_{code}_{letters[word // 10]}{letters[word % 10]}.wav"


def test_whole_corpus():
    rows = parse_all(TurevDb(), names())
    check_complete(TurevDb(), rows)
    clips = Counter(row.speaker for row in rows)
    assert clips == dict.fromkeys(("1234", "1358", "1984", "6783"), 328) | {"7895": 273, "1157": 150}


def test_names():
    row = parse(TurevDb(), "Sound Source/Angry/1157_kz_acik.wav")
    assert (row.emotion, row.speaker, row.sex, row.label) == ("angry", "1157", None, "kz")
    assert row.more == {"word": "acik"}
    assert parse(TurevDb(), "Sound Source/Happy/7895_HL_zeytin.WAV").emotion == "sad"  # the name, not the folder
    once, again = parse_all(TurevDb(), ["1234_sk_ogul.wav", "1234_sk_ogul1.wav"])
    assert once.more == again.more == {"word": "ogul"}


@pytest.mark.parametrize("bad", ["1157_kz", "9999_kz_acik", "1157_xx_acik", "1157_kz_acik_2", "1157-kz-acik"])
def test_other_names_do_not_fit(bad):
    assert parse(TurevDb(), f"Sound Source/Angry/{bad}.wav") is None


def test_spectrograms_beside_the_sounds_are_no_matter(tmp_path):
    folder = make_tree(tmp_path, names())
    make_tree(tmp_path, [name.replace("Sound Source", "Spectrograms").replace(".wav", ".png") for name in names()])
    assert read_corpus("turev_db", folder).complete
    assert corpus_class("TurEV-DB") is TurevDb
