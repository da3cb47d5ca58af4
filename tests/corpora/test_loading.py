"""Loading a corpus: columns, order, and a reasoned error for every folder that is not the corpus."""

import logging
import shutil
import subprocess
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest

from hf_ser.audio import load_audio
from hf_ser.corpora import CorpusError, load_corpus, read_corpus
from hf_ser.labels import EMOTIONS, LabelError

FIRST = ["audio", "emotion", "speaker", "sex", "label", "clip", "corpus"]


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """Six RAVDESS names of three actors; the files are empty, since loading does not read audio."""
    for actor in ("01", "02", "03"):
        folder = tmp_path / "Audio_Speech (1)" / f"Actor_{actor}"
        folder.mkdir(parents=True)
        for emotion in ("03", "05"):
            (folder / f"03-01-{emotion}-01-01-01-{actor}.wav").touch()
    return tmp_path


@pytest.mark.parametrize(("name", "tree"), [("ravdess", "ravdess_tree"), ("emodb", "emodb_tree")])
def test_dataset_is_what_every_room_expects(name, tree, request, caplog):
    folder = request.getfixturevalue(tree)
    dataset = load_corpus(name, folder)
    assert "is not the complete corpus" in caplog.text
    assert dataset.column_names[: len(FIRST)] == FIRST
    assert isinstance(dataset.features["audio"], datasets.Audio)
    assert dataset.features["audio"].decode is False
    assert set(dataset["emotion"]) <= set(EMOTIONS)
    assert all(speaker.startswith(f"{name}/") for speaker in dataset["speaker"])
    assert list(dataset["clip"]) == sorted(dataset["clip"])
    assert all((folder / clip).is_file() for clip in dataset["clip"])
    assert "doi.org" in dataset.info.citation
    assert dataset.info.license
    assert load_audio(dataset[0]).dtype == np.float32
    again = load_corpus(name, str(folder), check_grid="off")
    assert again.to_dict() == dataset.to_dict()


def test_corpora_can_be_joined(ravdess_tree, emodb_tree):
    parts = [load_corpus("ravdess", ravdess_tree), load_corpus("emodb", emodb_tree)]
    joined = datasets.concatenate_datasets(parts)
    assert len(joined) == 96 + 32
    assert len(set(joined["speaker"])) == 6 + 4
    assert len(load_audio(joined[127])) > 1000


def test_merge_and_drop_by_option(ravdess_tree):
    dataset = load_corpus("ravdess", ravdess_tree, merge={"calm": "neutral"}, drop=["disgust", "surprise"])
    assert sorted(set(dataset["emotion"])) == ["angry", "fearful", "happy", "neutral", "sad"]
    assert len(dataset) == 96 * 6 // 8
    assert list(dataset["emotion"]).count("neutral") == 24
    assert set(dataset["label"]) == {"01", "02", "03", "04", "05", "06"}  # the corpus's own codes stay
    with pytest.raises(LabelError, match="'excited'"):
        load_corpus("ravdess", ravdess_tree, drop=["excited"])
    with pytest.raises(CorpusError, match="leaves no clip"):
        load_corpus("ravdess", ravdess_tree, drop=sorted(set(load_corpus("ravdess", ravdess_tree)["emotion"])))


def test_misnamed_files_are_counted_and_skipped_only_if_asked(small_tree, caplog):
    for name in ("hello.wav", "03-01-09-01-01-01-01.wav", "03-01-03-01-01-01-25.wav", "03-01-01-02-01-01-01.wav"):
        (small_tree / name).touch()
    with pytest.raises(CorpusError, match=r"4 audio file\(s\) have names that do not fit.*03-01-06-01-02-01-12.wav"):
        load_corpus("ravdess", small_tree)
    with pytest.raises(CorpusError, match="skip_unmatched=True"):
        load_corpus("ravdess", small_tree)
    assert len(load_corpus("ravdess", small_tree, skip_unmatched=True)) == 6
    assert "4 audio file(s)" in caplog.text
    assert "hello.wav" in str(read_corpus("ravdess", small_tree).unmatched)


def test_junk_beside_the_clips_is_no_matter(small_tree):
    folder = next(small_tree.rglob("Actor_01"))
    for name in ("._03-01-03-01-01-01-01.wav", "Thumbs.db", ".DS_Store", "read me.txt"):
        (folder / name).touch()
    (small_tree / "__MACOSX").mkdir()
    (small_tree / "__MACOSX" / "x.wav").touch()
    reading = read_corpus("ravdess", small_tree)
    assert len(reading.rows) == 6
    assert not reading.unmatched


def test_a_nested_second_copy_is_counted_and_left_out(small_tree, caplog):
    inner = next(small_tree.glob("Audio*"))
    shutil.copytree(inner, small_tree / "a copy" / "deeper")
    dataset = load_corpus("ravdess", small_tree)
    assert len(dataset) == 6
    assert all(clip.startswith("Audio_Speech (1)/") for clip in dataset["clip"])
    assert "6 further copies" in caplog.text
    assert "may be damaged" not in caplog.text
    (inner / "Actor_01" / "03-01-03-01-01-01-01.wav").write_bytes(b"other")
    load_corpus("ravdess", small_tree)
    assert "differ in size" in caplog.text


def test_formats_beside_one_another_are_one_clip(small_tree):
    clip = next(small_tree.rglob("*-01.wav"))
    clip.with_suffix(".flac").touch()
    reading = read_corpus("ravdess", small_tree)
    assert len(reading.rows) == 6
    assert len(reading.duplicates) == 1


def test_case_spaces_and_other_alphabets_in_paths(tmp_path):
    folder = tmp_path / "Sprach daten" / "Émotions 音声"
    folder.mkdir(parents=True)
    (folder / "03A01FA.WAV").touch()
    (folder / "08b10Wb.Flac").touch()
    dataset = load_corpus("EmoDB", tmp_path)
    assert list(dataset["emotion"]) == ["happy", "angry"]
    assert dataset[0]["audio"]["path"].endswith("Émotions 音声/03A01FA.WAV")


def test_paths_in_the_dataset_outlive_the_working_directory(small_tree, tmp_path, monkeypatch):
    monkeypatch.chdir(small_tree.parent)
    monkeypatch.setenv("HOME", str(small_tree.parent))
    for folder in (small_tree.name, f"~/{small_tree.name}"):
        dataset = load_corpus("ravdess", folder)
        assert all(Path(audio["path"]).is_absolute() and Path(audio["path"]).exists() for audio in dataset["audio"])


def test_links_are_followed_once(small_tree):
    (small_tree / "again").symlink_to(small_tree, target_is_directory=True)
    assert len(read_corpus("ravdess", small_tree).rows) == 6
    link = small_tree.parent / f"{small_tree.name}-link"
    link.symlink_to(small_tree, target_is_directory=True)
    assert len(read_corpus("ravdess", link).rows) == 6


def test_folders_that_are_not_the_corpus(tmp_path, small_tree):
    empty = tmp_path / "empty"
    empty.mkdir()
    cases = [
        (tmp_path / "nowhere", "does not exist"),
        (empty, "is empty"),
        ("", "no folder was given"),
        (next(small_tree.rglob("*.wav")), "is a file"),
    ]
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "Audio_Speech_Actors_01-24.zip").touch()
    cases.append((texts, "no audio.*1 .zip.*unpack"))
    for folder, part in cases:
        with pytest.raises(CorpusError, match=part):
            load_corpus("ravdess", folder)
    with pytest.raises(CorpusError, match="folder of another corpus"):
        load_corpus("emodb", small_tree, skip_unmatched=True)


def test_unknown_corpora_and_options(small_tree):
    with pytest.raises(CorpusError, match=r"did you mean 'ravdess'\? Known corpora: .*emodb"):
        load_corpus("ravdes", small_tree)
    with pytest.raises(CorpusError, match="no option 'chanel'; its options: channel"):
        load_corpus("ravdess", small_tree, chanel="song")
    with pytest.raises(CorpusError, match="no option 'x'; its options: none"):
        load_corpus("emodb", small_tree, x=1)
    with pytest.raises(CorpusError, match="check_grid='maybe'"):
        load_corpus("ravdess", small_tree, check_grid="maybe")


def test_incomplete_corpora_warn_raise_or_pass(small_tree, caplog):
    with pytest.raises(CorpusError, match="1434 missing"):
        load_corpus("ravdess", small_tree, check_grid="error")
    load_corpus("ravdess", small_tree, check_grid="off")
    assert not caplog.records
    load_corpus("ravdess", small_tree)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_listing_corpora_imports_nothing_heavy():
    code = (
        "import sys\nfrom hf_ser.corpora import list_corpora\n"
        "names = [info.name for info in list_corpora()]\n"
        "assert {'emodb', 'ravdess'} <= set(names) and names == sorted(names)\n"
        "print([name for name in ('torch', 'transformers', 'datasets', 'numpy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
