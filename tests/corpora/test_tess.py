"""TESS: words, folders spelt unevenly, a misnamed file, a nested second copy."""

from collections import Counter

import pytest
from trees import check_complete, make_tree, parse, parse_all

from hf_ser.corpora import load_corpus, read_corpus
from hf_ser.corpora.tess import Tess

# fourteen folders of the widespread copy, as it spells them
FOLDERS = {
    "OAF": "OAF_angry OAF_disgust OAF_Fear OAF_happy OAF_neutral OAF_Pleasant_surprise OAF_Sad",
    "YAF": "YAF_angry YAF_disgust YAF_fear YAF_happy YAF_neutral YAF_pleasant_surprised YAF_sad",
}
CODES = ("angry", "disgust", "fear", "happy", "neutral", "ps", "sad")


def copy_of(words):
    return [
        f"{folder}/{speaker}_{word}_{code}.wav"
        for speaker, folders in FOLDERS.items()
        for folder, code in zip(folders.split(), CODES, strict=True)
        for word in words
    ]


def test_whole_corpus():
    words = sorted({key.split("_")[1] for key in Tess().expected_keys()})
    assert len(words) == 200
    rows = parse_all(Tess(), copy_of(words))
    check_complete(Tess(), rows)
    assert set(Counter(row.emotion for row in rows).values()) == {400}
    assert Counter(row.speaker for row in rows) == {"OAF": 1400, "YAF": 1400}
    assert {row.sex for row in rows} == {"female"}


def test_names():
    row = parse(Tess(), "YAF_pleasant_surprised/YAF_chair_ps.wav")
    assert (row.emotion, row.speaker, row.label) == ("surprised", "YAF", "ps")
    assert row.more == {"word": "chair", "text": "Say the word chair", "age": 26}
    assert parse(Tess(), "oaf_fear/oaf_lid_FEAR.WAV").emotion == "fearful"
    assert parse(Tess(), "OAF_Sad/OAF_lid_fear.wav").emotion == "fearful"  # the name, not the folder


@pytest.mark.parametrize(
    "bad", ["OAF_lid.wav", "AF_lid_fear.wav", "OAF_lid_fearful.wav", "OAF_lid_fear (1).wav", "OAF_l1d_ps.wav"]
)
def test_other_names_do_not_fit(bad):
    assert parse(Tess(), bad) is None


def test_misnamed_file_is_the_older_womans_and_the_nested_copy_is_left_out(tmp_path):
    clips = copy_of(["bite", "food"])
    clips[clips.index("OAF_neutral/OAF_bite_neutral.wav")] = "OAF_neutral/OA_bite_neutral.wav"
    folder = make_tree(tmp_path, clips + [f"TESS Toronto emotional speech set data/{clip}" for clip in clips])
    reading = read_corpus("tess", folder)
    assert len(reading.rows) == len(reading.duplicates) == 28
    assert not reading.unmatched
    assert len(reading.missing) == 2800 - 28
    dataset = load_corpus("tess", folder, check_grid="off")
    odd = dataset.filter(lambda clip: clip.endswith("OA_bite_neutral.wav"), input_columns="clip")
    assert odd["speaker"][0] == "tess/OAF"
    assert all(clip.count("/") == 1 for clip in dataset["clip"])


def test_words_outside_the_lists_are_extra_not_an_error(tmp_path):
    reading = read_corpus("tess", make_tree(tmp_path, ["OAF_zebra_sad.wav", "OAF_lid_sad.wav"]))
    assert reading.extra == ["OAF_zebra_sad.wav"]
