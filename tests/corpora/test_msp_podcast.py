"""MSP-Podcast on generated trees: both table names and the JSON twin, splits, unknown speakers, withheld labels."""

import json
from pathlib import Path

import pytest

from hf_ser.corpora import CorpusError, load_corpus, read_corpus

HEADER = "FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set"
ROWS = [
    ("0001_0008", "H", "4.2", "5.5", "4.0", "12", "Male", "Train"),
    ("0001_0009", "X", "3.0", "3.5", "", "12", "Male", "Train"),
    ("0001_0010", "O", "3.0", "3.5", "NaN", "12", "Male", "Train"),
    ("0002_0033", "C", "5.0", "2.0", "6.0", "Unknown", "Unknown", "Development"),
    ("0002_0034", "N", "4.0", "4.0", "4.0", "Unknown", "Female", "Validation"),
    ("0003_0001", "A", "6.0", "2.0", "6.5", "7", "Female", "Test1"),
    ("0003_0002", "S", "2.0", "2.0", "3.0", "7", "Female", "Test2"),
    ("0003_0003", "", "", "", "", "", "", "Test3"),
]
COLUMNS = HEADER.split(",")


def make(folder: Path, table: str = "labels_consensus.csv", rows: list[tuple[str, ...]] = ROWS) -> Path:
    (folder / "Audios").mkdir(exist_ok=True)
    (folder / "Labels").mkdir(exist_ok=True)
    for name, *_ in rows:
        (folder / "Audios" / f"MSP-PODCAST_{name}.wav").touch()
    named = [(f"MSP-PODCAST_{name}.wav", *rest) for name, *rest in rows]
    if table.endswith(".json"):
        content = {name: dict(zip(COLUMNS[1:], rest, strict=True)) for name, *rest in named}
        (folder / "Labels" / table).write_text(json.dumps(content))
    else:
        (folder / "Labels" / table).write_text("\n".join([HEADER, *map(",".join, named)]) + "\n")
    return folder


@pytest.mark.parametrize(
    "table", ["labels_consensus.csv", "labels_concensus.csv", "labels_consensus.json", "labels_concensus.json"]
)
def test_all_spellings_of_the_table_say_the_same(table, tmp_path):
    reading = read_corpus("msp-podcast", make(tmp_path, table))
    rows = {row.key[-9:]: row for row in reading.rows}
    assert list(rows) == ["0001_0008", "0002_0033", "0002_0034", "0003_0001", "0003_0002"]
    assert [row.emotion for row in rows.values()] == ["happy", "contempt", "neutral", "angry", "sad"]
    assert [row.more["split"] for row in rows.values()] == ["train", "validation", "validation", "test", "test2"]
    assert reading.set_aside_by == {"no agreement (X)": 1, "label O": 1, "labels withheld": 1}
    assert reading.complete
    first = rows["0001_0008"]
    assert (first.speaker, first.sex, first.label) == ("12", "male", "H")
    assert (first.more["arousal"], first.more["valence"], first.more["dominance"]) == (4.2, 5.5, 4.0)


def test_unknown_speakers_are_one_of_their_podcast_or_dropped(tmp_path):
    make(tmp_path)
    dataset = load_corpus("msp_podcast", tmp_path)
    unknown = [row for row in dataset if "unknown" in row["speaker"]]
    assert {row["speaker"] for row in unknown} == {"msp_podcast/unknown-0002"}
    assert [row["sex"] for row in unknown] == [None, "female"]
    reading = read_corpus("msp_podcast", tmp_path, unknown_speakers="drop")
    assert len(reading.rows) == 3
    assert reading.set_aside_by["unknown speaker"] == 2
    assert reading.complete


def test_label_sets_and_clips_without_agreement(tmp_path):
    make(tmp_path)
    assert {row.emotion for row in read_corpus("msp_podcast", tmp_path, labels="4").rows} == {
        "happy", "neutral", "angry", "sad",
    }  # fmt: skip
    every = load_corpus("msp_podcast", tmp_path, labels="all", no_agreement=True)
    assert len(every) == 7  # all but the one without labels
    assert list(every["label"]).count("X") == 1
    assert list(every["emotion"]).count("other") == 2
    assert list(every["dominance"])[1:3] == [None, None]


def test_clips_without_audio_or_without_label_are_named(tmp_path):
    make(tmp_path)
    (tmp_path / "Audios" / "MSP-PODCAST_0001_0008.wav").unlink()
    (tmp_path / "Audios" / "MSP-PODCAST_9999_0001.wav").touch()
    (tmp_path / "Audios" / "other.wav").touch()
    reading = read_corpus("msp_podcast", tmp_path)
    assert reading.missing == ["msp-podcast_0001_0008"]
    assert reading.set_aside_by["no label in the tables"] == 1
    assert reading.unmatched == ["Audios/other.wav"]


def test_transcripts_on_request(tmp_path):
    make(tmp_path)
    (tmp_path / "Transcripts").mkdir()
    (tmp_path / "Transcripts" / "MSP-PODCAST_0001_0008.txt").write_text("So good!\n")
    assert set(load_corpus("msp_podcast", tmp_path)["text"]) == {None}
    assert list(load_corpus("msp_podcast", tmp_path, transcripts=True)["text"])[:2] == ["So good!", None]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (1, "Z", r"line 2, column 'EmoClass': got 'Z', expected one of N, H"),
        (2, "much", r"line 2, column 'EmoAct': got 'much', expected a number"),
        (7, "Exam", r"line 2, column 'Split_Set': got 'Exam', expected one of train, validation"),
        (6, "5", r"line 2, column 'Gender'"),
    ],
)
def test_cells_that_cannot_be_read_are_named(column, value, message, tmp_path):
    row = (*ROWS[0][:column], value, *ROWS[0][column + 1 :])
    with pytest.raises(CorpusError, match=message):
        load_corpus("msp_podcast", make(tmp_path, rows=[row]))


def test_broken_or_missing_tables(tmp_path):
    make(tmp_path)
    table = tmp_path / "Labels" / "labels_consensus.csv"
    table.write_text(table.read_text().replace("EmoAct", "Act"))
    with pytest.raises(CorpusError, match=r"labels_consensus.csv has no column 'EmoAct' \(found: FileName, EmoClass"):
        load_corpus("msp_podcast", tmp_path)
    table.unlink()
    with pytest.raises(CorpusError, match=r"needs its table labels_consensus.csv or labels_concensus.csv"):
        load_corpus("msp_podcast", tmp_path)
    twin = tmp_path / "Labels" / "labels_consensus.json"
    twin.write_text('{"MSP-PODCAST_0001_0008.wav": {"EmoClass": "H"}}')
    with pytest.raises(CorpusError, match=r"entry 'MSP-PODCAST_0001_0008.wav' has no 'EmoAct'"):
        load_corpus("msp_podcast", tmp_path)
    twin.write_text("{")
    with pytest.raises(CorpusError, match="is not JSON"):
        load_corpus("msp_podcast", tmp_path)
    for options in ({"labels": "5"}, {"unknown_speakers": "keep"}):
        with pytest.raises(CorpusError, match="expected '"):
            load_corpus("msp_podcast", tmp_path, **options)
