"""A sub-folder per emotion: levels, speakers from paths and metadata, and what lies beside."""

import shutil
from pathlib import Path

import pytest

from hf_ser.corpora import CorpusError, load_corpus
from hf_ser.labels import LabelError

NAMES = ("s1_a.wav", "s2_a.wav", "s3_a.wav")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two emotions, three speakers; the files are empty, since loading does not read audio."""
    root = tmp_path / "mine"
    for emotion in ("Anger", "sad"):
        (root / emotion).mkdir(parents=True)
        for name in NAMES:
            (root / emotion / name).touch()
    return root


def test_sub_folders_name_emotions(tree):
    with pytest.raises(CorpusError, match="without speakers no speaker-independent split can be made; give --speaker"):
        load_corpus("folder", tree)
    dataset = load_corpus("folder", tree, speaker_pattern=r"(s\d)_")
    assert list(dataset["clip"]) == [f"{emotion}/{name}" for emotion in ("Anger", "sad") for name in NAMES]
    assert list(dataset["emotion"]) == ["angry"] * 3 + ["sad"] * 3
    assert list(dataset["label"]) == ["Anger"] * 3 + ["sad"] * 3
    assert set(dataset["speaker"]) == {"mine/s1", "mine/s2", "mine/s3"}


def test_the_level_that_names_emotions_is_found_or_said(tree, tmp_path):
    outer = tmp_path / "outer"
    for part in ("clean", "noisy"):
        shutil.copytree(tree, outer / part)
    dataset = load_corpus("folder", outer, speaker_pattern=r"(s\d)_")
    assert list(dataset["emotion"]) == (["angry"] * 3 + ["sad"] * 3) * 2
    options = {"speaker_pattern": r"(s\d)_"}
    (tree / "sad" / "deep").mkdir()
    (tree / "Anger" / "deep").mkdir()
    (tree / "sad" / "deep" / "s4_.wav").touch()
    (tree / "Anger" / "deep" / "s4_.wav").touch()
    assert set(load_corpus("folder", tree, **options)["emotion"]) == {"angry", "sad"}
    with pytest.raises(LabelError, match=r"1 label\(s\).*'deep' \(2 rows"):
        load_corpus("folder", tree, emotion_level=-1, **options)
    with pytest.raises(CorpusError, match="expected 0 for the outermost"):
        load_corpus("folder", tree, emotion_level="deep", **options)


def test_inner_folders_name_emotions_below_speakers(tmp_path):
    for speaker in ("01", "02"):
        for emotion in ("wut", "happy"):
            (tmp_path / speaker / emotion).mkdir(parents=True)
            (tmp_path / speaker / emotion / "a.wav").touch()
    dataset = load_corpus("folder", tmp_path, speaker_pattern=r"^(\d+)/", labels={"Wut": "angry"}, corpus_name="x")
    assert list(dataset["emotion"]) == ["happy", "angry", "happy", "angry"]
    assert list(dataset["speaker"]) == ["x/01", "x/01", "x/02", "x/02"]


def test_unknown_folders_and_files_beside_them(tree, caplog):
    (tree / "sarcasm").mkdir()
    (tree / "sarcasm" / "s1_b.wav").touch()
    options = {"speaker_pattern": r"(s\d)_"}
    with pytest.raises(LabelError, match=r"1 label\(s\) .*'sarcasm' \(1 rows\).*new_labels=\['sarcasm'\]"):
        load_corpus("folder", tree, **options)
    assert "sarcasm" in set(load_corpus("folder", tree, new_labels=["sarcasm"], **options)["emotion"])
    (tree / "s1_x.wav").touch()
    options |= {"drop": ["sarcasm"], "new_labels": ["sarcasm"]}
    with pytest.raises(CorpusError, match=r"1 of 8 recordings lie in no sub-folder.*'s1_x.wav'.*angry/s1_x.wav"):
        load_corpus("folder", tree, **options)
    assert len(load_corpus("folder", tree, skip_unmatched=True, **options)) == 6
    assert "1 of 8 rows have no emotion" in caplog.text


def test_speakers_from_a_metadata_file(tree, caplog):
    lines = [f"{e}/{n},{n[:2]},{30 + i},F" for e in ("Anger", "sad") for i, n in enumerate(NAMES)]
    file = tree / "metadata.csv"
    file.write_text("\n".join(["file_name,speaker,age,sex", *lines]))
    dataset = load_corpus("folder", tree)
    assert list(dataset["speaker"]) == ["mine/s1", "mine/s2", "mine/s3"] * 2
    assert list(dataset["age"]) == ["30", "31", "32"] * 2
    assert set(dataset["sex"]) == {"female"}
    file.write_text("\n".join(["file_name,speaker", *(line.rsplit(",", 2)[0] for line in lines[:5]), "sad/no.wav,s9"]))
    with pytest.raises(CorpusError, match=r"1 of its rows name no recording below the folder.*'sad/no.wav'"):
        load_corpus("folder", tree, metadata="metadata.csv")
    assert len(load_corpus("folder", tree, skip_unmatched=True)) == 5
    assert "1 of 6 rows have no speaker in column 'speaker'" in caplog.text
    file.write_text("file_name,speaker\nsad/s1_a.wav,s1\nsad/s1_a.wav,s2\n")
    with pytest.raises(CorpusError, match=r"two rows for 'sad/s1_a.wav' \(row 2 is the second\)"):
        load_corpus("folder", tree)
    with pytest.raises(CorpusError, match=r"metadata='who.csv' is no file"):
        load_corpus("folder", tree, metadata="who.csv")


def test_metadata_by_file_name_and_its_own_emotions(tmp_path):
    root, table = tmp_path / "clips", tmp_path / "table.json"
    (root / "x").mkdir(parents=True)
    for name in NAMES:
        (root / "x" / name).touch()
    table.write_text(str([{"wav": name, "who": n, "mood": "joy"} for n, name in enumerate(NAMES)]).replace("'", '"'))
    options = {"metadata": str(table), "speaker_column": "who", "emotion_column": "mood"}
    dataset = load_corpus("folder", root, **options)
    assert list(dataset["speaker"]) == ["clips/0", "clips/1", "clips/2"]
    assert set(dataset["emotion"]) == {"happy"}


def test_folders_that_hold_nothing(tmp_path):
    with pytest.raises(CorpusError, match="is empty"):
        load_corpus("folder", tmp_path)
    with pytest.raises(CorpusError, match="does not exist"):
        load_corpus("folder", tmp_path / "none")
