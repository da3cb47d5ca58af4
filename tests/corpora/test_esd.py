"""ESD: the number tells the emotion, both editions, languages, transcripts in four encodings."""

from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from hf_ser.corpora import CorpusError, load_corpus, read_corpus
from hf_ser.corpora.esd import Esd


@pytest.mark.parametrize(
    ("name", "emotion", "sentence"),
    [
        ("0005_000001", "neutral", 1),
        ("0005_000350", "neutral", 350),
        ("0005_000351", "angry", 1),
        ("0019_001050", "happy", 350),
        ("0019_001051", "sad", 1),
        ("0020_001750", "surprised", 350),
    ],
)
def test_the_number_tells_the_emotion(name, emotion, sentence):
    row = Esd().parse(PurePosixPath(f"{name}.wav"))
    assert (row.emotion, row.more["sentence"], row.speaker) == (emotion, sentence, name[:4])


@pytest.mark.parametrize("bad", ["0000_000001", "0021_000001", "0001_000000", "0001_001751", "0001_1"])
def test_other_names_do_not_fit(bad):
    assert Esd().parse(PurePosixPath(f"{bad}.wav")) is None


@pytest.mark.parametrize("parts", [("", "", ""), ("train", "evaluation", "test")])
def test_both_editions(parts, tmp_path):
    for number, part in zip((1, 21, 340), parts, strict=True):
        folder = tmp_path / "Emotion Speech Dataset" / "0011" / "Neutral" / part
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"0011_{number:06d}.wav").touch()
    rows = {row.key: row for row in read_corpus("esd", tmp_path).rows}
    splits = [rows[f"0011_{number:06d}"].more["split"] for number in (1, 21, 340)]
    assert splits == (["train", "validation", "test"] if parts[0] else [None] * 3)


def test_the_whole_grid_and_the_languages(tmp_path):
    keys = Esd().expected_keys()
    assert len(keys) == 35000
    rows = [Esd().parse(PurePosixPath(f"{key}.wav")) for key in keys]
    assert Counter(row.emotion for row in rows) == dict.fromkeys(
        ("neutral", "angry", "happy", "sad", "surprised"), 7000
    )
    assert Counter({row.speaker: row.sex for row in rows}.values()) == {"male": 10, "female": 10}
    for speaker in (1, 11):
        (tmp_path / f"{speaker:04d}_000001.wav").touch()
    reading = read_corpus("esd", tmp_path, language="english")
    assert [row.speaker for row in reading.rows] == ["0011"]
    assert reading.set_aside_by == {"language mandarin": 1}
    assert len(reading.missing) == 17500 - 1
    with pytest.raises(CorpusError, match="language='danish'; expected"):
        load_corpus("esd", tmp_path, language="danish")


@pytest.mark.parametrize(
    ("speaker", "encoding", "text", "word"),
    [
        ("0001", "gb2312", "打远一看", "中立"),
        ("0002", "utf-8", "打远一看", "中立"),
        ("0003", "utf-16", "打远一看", "中立"),
        ("0012", "latin-1", "The café was all white.", "Neutral"),
        ("0013", "utf-8-sig", "The nine the eggs, I keep.", "Neutral"),
    ],
)
def test_transcripts_in_all_encodings(speaker, encoding, text, word, tmp_path):
    (tmp_path / speaker).mkdir()
    (tmp_path / speaker / f"{speaker}_000001.wav").touch()
    (tmp_path / speaker / f"{speaker}_000002.wav").touch()
    lines = f"{speaker}_000001\t{text}\t{word}\r\n\r\n{speaker}_000002\r\nnonsense\r\n"
    (tmp_path / speaker / f"{speaker}.txt").write_bytes(lines.encode(encoding))
    dataset = load_corpus("esd", tmp_path)
    assert list(dataset["text"]) == [text, None]
    assert dataset[0]["language"] == ("mandarin" if speaker <= "0010" else "english")


def test_sex_of_the_speakers():
    sexes = {n: Esd().parse(PurePosixPath(f"{n:04d}_000001.wav")).sex for n in range(1, 21)}
    assert [n for n, sex in sexes.items() if sex == "male"] == [4, 5, 6, 8, 10, 11, 12, 13, 14, 20]


def test_a_speakers_copy_is_taken_once(tmp_path: Path):
    for part in ("Neutral", "Neutral/train"):
        (tmp_path / "0011" / part).mkdir(parents=True, exist_ok=True)
        (tmp_path / "0011" / part / "0011_000005.wav").touch()
    assert read_corpus("esd", tmp_path).duplicates == {
        "0011/Neutral/train/0011_000005.wav": "0011/Neutral/0011_000005.wav"
    }
