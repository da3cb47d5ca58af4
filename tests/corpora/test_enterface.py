"""eNTERFACE'05 on a generated tree with all the faults of the published one."""

from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from hf_ser.corpora import CorpusError, load_corpus, read_corpus
from hf_ser.corpora.enterface import Enterface

WORDS = {"an": "anger", "di": "disgust", "fe": "fear", "ha": "happiness", "sa": "sadness", "su": "surprise"}


def make(folder: Path, suffix: str = ".wav") -> Path:
    for subject in range(1, 45):
        if subject == 12:
            continue
        for code, word in WORDS.items():
            place = folder / f"subject {subject}" / word
            place.mkdir(parents=True)
            if subject == 6:
                (place / f"s6_{code}{suffix}").touch()
                continue
            for sentence in range(1, 6):
                if (subject, code) == (23, "ha") and sentence <= 3:
                    continue
                name = f"s{subject}_{code}_{sentence}"
                if subject == 11:
                    name = name.replace("s11", "s12")
                if subject == 3 and (code in ("su", "ha", "sa") or (code, sentence) == ("fe", 1)):
                    name = name.replace("s3", "s_3")
                if (subject, code) == (2, "an"):
                    name = f"s2_an_{ {1: 2, 2: 1}.get(sentence, sentence) }"
                if name == "s16_su_3":
                    name = "s16_su_3avi"
                (place / f"sentence {sentence}").mkdir()
                (place / f"sentence {sentence}" / f"{name}{suffix}").touch()
    return folder


def test_complete_corpus_with_its_faults(tmp_path):
    reading = read_corpus("enterface", make(tmp_path))
    assert len(reading.rows) == 1257
    assert reading.complete
    assert reading.set_aside_by == {"not cut into sentences": 6}
    assert len({row.speaker for row in reading.rows}) == 42
    assert Counter(row.emotion for row in reading.rows) == dict.fromkeys(
        ("angry", "disgust", "fearful", "sad", "surprised"), 210
    ) | {"happy": 207}
    dataset = load_corpus("eNTERFACE", tmp_path, check_grid="error")
    assert "enterface/11" in dataset["speaker"]
    assert "enterface/12" not in dataset["speaker"]
    swapped = next(row for row in dataset if row["clip"] == "subject 2/anger/sentence 1/s2_an_2.wav")
    assert swapped["sentence"] == 1


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("subject 11/fear/sentence 2/s12_fe_2.wav", "s11_fe_2"),
        ("s12_fe_2.wav", "s11_fe_2"),
        ("s_3_su_1.wav", "s3_su_1"),
        ("s16_su_3avi.wav", "s16_su_3"),
        ("wav/s2_an_2.wav", "s2_an_1"),
        ("Subject_19/s19_an_4.flac", "s19_an_4"),
    ],
)
def test_folders_first_names_where_they_are_gone(path, key):
    row = Enterface().parse(PurePosixPath(path))
    assert row.key == key
    assert row.speaker == key[1:].split("_")[0]
    assert row.sex is None


@pytest.mark.parametrize("bad", ["s45_an_1", "s19_an_6", "s19_xx_1", "subject 12/s12_an_1", "speech"])
def test_other_names_do_not_fit(bad):
    assert Enterface().parse(PurePosixPath(f"{bad}.wav")) is None


def test_videos_alone_are_told_how_to_become_sound(tmp_path):
    with pytest.raises(CorpusError, match=r"holds no audio \(found 1263 \.avi\).*keep the names.*\.avi.*ffmpeg"):
        load_corpus("enterface", make(tmp_path, ".avi"))


def test_clips_without_extracted_sound_are_missing(tmp_path):
    clip = next(make(tmp_path).rglob("s19_an_4.wav"))
    clip.rename(clip.with_suffix(".avi"))
    assert read_corpus("enterface", tmp_path).missing == ["s19_an_4"]
