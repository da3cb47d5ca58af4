"""MELD on generated trees: three splits with the same ids, replaced, corrupt and missing clips, videos only."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from hf_ser.corpora import CorpusError, load_corpus, read_corpus

COUNTS = {
    "train": (4710, 1743, 1205, 1109, 683, 271, 268),
    "dev": (470, 163, 150, 153, 111, 22, 40),
    "test": (1256, 402, 281, 345, 208, 68, 50),
}
WORDS = ("neutral", "joy", "surprise", "anger", "sadness", "disgust", "fear")
FOLDERS = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
HEADER = [
    "Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode",
    "StartTime", "EndTime",
]  # fmt: skip


def write_table(folder: Path, split: str, rows: list[tuple[str, str, str, int, int]]) -> None:
    with (folder / f"{split}_sent_emo.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(HEADER)
        for number, (text, speaker, emotion, dialogue, utterance) in enumerate(rows, start=1):
            times = ["00:16:16,059", "00:16:21,731"]
            writer.writerow([number, text, speaker, emotion, "neutral", dialogue, utterance, 8, 21, *times])


def touch(folder: Path, split: str, name: str, suffix: str = ".wav") -> Path:
    place = folder / FOLDERS[split]
    place.mkdir(exist_ok=True)
    path = place / f"{name}{suffix}"
    path.touch()
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for split in COUNTS:
        rows = [(f'Oh, "{split}"', "Chandler", "joy", 0, 0), ("No…", "All", "sadness", 0, 1)]
        rows += {"train": [("x", "Ross", "anger", 125, 3)], "dev": [("x", "Ross", "anger", 110, 7)]}.get(split, [])
        write_table(tmp_path, split, rows)
        for name in ("dia0_utt0", "dia0_utt1"):
            touch(tmp_path, split, name)
            touch(tmp_path, split, name, ".mp4")  # sound beside the videos
    touch(tmp_path, "train", "dia125_utt3")
    return tmp_path


def test_ids_restart_in_every_split(tree):
    reading = read_corpus("meld", tree)
    assert sorted(row.key for row in reading.rows) == [
        f"{split}/dia0_utt{n}" for split in ("dev", "test", "train") for n in (0, 1)
    ]
    assert not reading.missing
    assert not reading.duplicates
    dataset = load_corpus("meld", tree, check_grid="off")
    assert Counter(dataset["split"]) == {"train": 2, "validation": 2, "test": 2}
    row = next(row for row in dataset if row["split"] == "train" and row["utterance"] == 0)
    assert (row["emotion"], row["label"], row["speaker"], row["sex"]) == ("happy", "joy", "meld/Chandler", None)
    assert (row["text"], row["dialogue"], row["season"], row["episode"]) == ('Oh, "train"', "train/dia0", "8", "21")


def test_corrupt_and_missing_clips_are_no_surprise(tree):
    reading = read_corpus("meld", tree)
    assert reading.set_aside_by == {"train/dia125_utt3 (corrupt in the release)": 1}
    (tree / "test" / "audio").mkdir(parents=True)
    (tree / FOLDERS["dev"] / "dia0_utt1.wav").unlink()
    assert read_corpus("meld", tree).missing == ["dev/dia0_utt1"]


def test_final_videos_replace_clips_of_the_same_number(tree):
    touch(tree, "test", "final_videos_testdia0_utt1", ".mp4")  # not extracted: nothing to replace with
    assert len(read_corpus("meld", tree, split="test").rows) == 2
    touch(tree, "test", "final_videos_testdia0_utt1")
    reading = read_corpus("meld", tree, split="test")
    assert [Path(row.clip).name for row in reading.rows] == ["dia0_utt0.wav", "final_videos_testdia0_utt1.wav"]
    assert reading.rows[1].key == "test/dia0_utt1"
    assert reading.set_aside_by["replaced by its final_videos_ file"] == 1
    assert not reading.missing
    assert not reading.duplicates


def test_one_split_needs_one_table(tree):
    (tree / "train_sent_emo.csv").unlink()
    with pytest.raises(CorpusError, match=r"needs its table train_sent_emo\.csv"):
        load_corpus("meld", tree)
    reading = read_corpus("meld", tree, split="validation")
    assert {row.more["split"] for row in reading.rows} == {"validation"}
    assert reading.set_aside_by == {"split train": 3, "split test": 2}
    with pytest.raises(CorpusError, match="split='dev'; expected"):
        load_corpus("meld", tree, split="dev")


@pytest.mark.parametrize("folder", ["audio/train", "TRAIN", "meld-train-16k", "train/wav"])
def test_other_folders_that_name_the_split(folder, tree):
    names = sorted((tree / FOLDERS["train"]).glob("*.wav"))
    (tree / folder).mkdir(parents=True)
    for path in names:
        path.rename(tree / folder / path.name)
    assert len([row for row in read_corpus("meld", tree).rows if row.key.startswith("train/")]) == 2


def test_clips_of_no_known_split_do_not_fit(tree):
    (tree / "latest").mkdir()
    (tree / "latest" / "dia0_utt0.wav").touch()
    (tree / "train_splits" / "intro.wav").touch()
    assert read_corpus("meld", tree).unmatched == ["latest/dia0_utt0.wav", "train_splits/intro.wav"]


def test_videos_alone_are_told_how_to_become_sound(tree):
    for path in tree.rglob("*.wav"):
        path.unlink()
    with pytest.raises(CorpusError, match=r"holds no audio.*6 \.mp4.*extract the sound.*ffmpeg"):
        load_corpus("meld", tree)


def test_broken_tables(tree):
    table = tree / "dev_sent_emo.csv"
    text = table.read_text()
    for old, new, message in (
        ("Dialogue_ID", "Dialogue", "dev_sent_emo.csv has no column 'Dialogue_ID'"),
        ("joy", "glee", "line 2, column 'Emotion': got 'glee', expected one of neutral, joy"),
        (",0,0,8,", ",zero,0,8,", "column 'Dialogue_ID': got 'zero', expected a whole number"),
        (',"00:16:21,731"', "", "line 2: 10 cells, expected 11"),
    ):
        table.write_text(text.replace(old, new))
        with pytest.raises(CorpusError, match=message):
            load_corpus("meld", tree)


def test_published_counts(tmp_path):
    for split, counts in COUNTS.items():
        labels = [word for word, count in zip(WORDS, counts, strict=True) for _ in range(count)]
        # dialogues of ten utterances hold both numbers that are known to be unusable
        write_table(tmp_path, split, [("x", "Ross", word, n // 10, n % 10) for n, word in enumerate(labels)])
    touch(tmp_path, "train", "dia0_utt0")
    reading = read_corpus("meld", tmp_path)
    assert not reading.miscounted
    assert len(reading.missing) == 13706 - 1
    assert read_corpus("meld", tmp_path, split="train").miscounted == {}
    (tmp_path / "dev_sent_emo.csv").write_text((tmp_path / "dev_sent_emo.csv").read_text()[:50000].rpartition("\n")[0])
    assert read_corpus("meld", tmp_path).miscounted
