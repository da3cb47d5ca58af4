"""nEMO on a generated tree: the published counts, blanks in the table, broken tables."""

from collections import Counter
from pathlib import Path

import pytest

from hf_ser.corpora import CorpusError, load_corpus, read_corpus

COUNTS = {"neutral": 809, "sadness": 769, "anger": 749, "happiness": 749, "fear": 736, "surprised": 669}
SMALL = {"neutral": 90, "sadness": 49, "surprised": 41, "happiness": 30, "anger": 29, "fear": 17}
HEADER = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage"
WOMEN = ("EB0", "IC0", "KD0", "MK0")
# which speakers lack which sentence follows no rule; these cells add up to the published sums
FULL = ("IC0", "KD0", "KS0", "EB0", "TP0", "WR0", "SM0", "MK0")


def make(folder: Path, rows: list[tuple[str, str, int]]) -> Path:
    (folder / "samples").mkdir()
    lines = [HEADER]
    for speaker, emotion, sentence in rows:
        name = f"{speaker}_{emotion}_{sentence}.wav"
        (folder / "samples" / name).touch()
        sex = "female" if speaker in WOMEN else "male"
        lines.append(f'{name}\t{emotion}\t"Cześć, {sentence}\tczesc\t        {speaker}\t{sex}\t25')
    (folder / "data.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def full_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [("MP0", emotion, n) for emotion, count in SMALL.items() for n in range(1, count + 1)]
    for emotion, count in COUNTS.items():
        speakers = [speaker for speaker in FULL if (speaker, emotion) != ("MK0", "surprised")]
        cells = [(speaker, emotion, n) for n in range(1, 91) for speaker in speakers]
        rows += cells[: count - SMALL[emotion]]
    return make(tmp_path_factory.mktemp("nemo"), rows)


def test_complete_corpus(full_tree):
    dataset = load_corpus("nemo", full_tree, check_grid="error")
    assert len(dataset) == 4481
    assert Counter(dataset["label"]) == COUNTS
    assert sorted(set(dataset["speaker"])) == sorted(f"nemo/{name}" for name in (*FULL, "MP0"))
    assert Counter(dict(zip(dataset["speaker"], dataset["sex"], strict=True)).values()) == {"female": 4, "male": 5}


def test_a_row_and_what_is_missing(tmp_path):
    make(tmp_path, [("EB0", "anger", 1), ("WR0", "surprised", 90)])
    (tmp_path / "samples" / "EB0_anger_1.wav").unlink()
    (tmp_path / "samples" / "EB0_anger_2.wav").touch()
    (tmp_path / "samples" / "EB0_rage_2.wav").touch()
    reading = read_corpus("nemo", tmp_path)
    (row,) = reading.rows
    assert (row.emotion, row.speaker, row.sex, row.label) == ("surprised", "WR0", "male", "surprised")
    assert row.more == {"sentence": 90, "text": '"Cześć, 90', "age": 25}
    assert reading.missing == ["eb0_anger_1"]
    assert reading.set_aside_by == {"no label in the tables": 1}
    assert reading.unmatched == ["samples/EB0_rage_2.wav"]
    assert reading.miscounted["angry"] == (1, 749)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("speaker_id", "speaker", r"data\.tsv has no column 'speaker_id' \(found: file_id, emotion"),
        ("\tanger\t", "\trage\t", "line 2, column 'emotion': got 'rage', expected one of neutral, happiness"),
        ("\tfemale\t", "\tf\t", "line 2, column 'gender': got 'f'"),
        ("EB0_anger_1.wav", "clip.wav", "column 'file_id': got 'clip.wav', expected a name such as EB0_anger_1.wav"),
        ("\t25", "", "line 2: 6 cells, expected 7"),
    ],
)
def test_broken_tables(old, new, message, tmp_path):
    make(tmp_path, [("EB0", "anger", 1)])
    table = tmp_path / "data.tsv"
    table.write_text(table.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(CorpusError, match=message):
        load_corpus("nemo", tmp_path)


def test_missing_or_undecodable_table(tmp_path):
    make(tmp_path, [("EB0", "anger", 1)])
    with pytest.raises(CorpusError, match=r"nEMO needs its table data\.tsv.*the folder that holds both"):
        load_corpus("nemo", tmp_path / "samples")
    (tmp_path / "data.tsv").write_bytes(b"file_id\temotion\xff\xfe\n")
    with pytest.raises(CorpusError, match="is not a table in utf-8"):
        load_corpus("nemo", tmp_path)
