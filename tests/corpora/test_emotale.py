"""EmoTale on a generated tree: both languages, ratings of three raters, speakers, broken tables."""

from pathlib import Path, PurePosixPath

import pytest

from hf_ser.corpora import CorpusError, load_corpus, read_corpus
from hf_ser.corpora.emotale import EmoTale

SPEAKERS = [f"{n:03d}" for n in range(1, 20) if n != 2]
MEN = ("004", "005", "006", "015", "018", "019")
HEADER = "file," + ",".join(f"a{n}_{name}" for n in (1, 2, 3) for name in ("A", "V", "D", "cat")) + ",gt_emotion"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "wav").mkdir()
    lines = [HEADER]
    for language in ("DK", "EN"):
        for speaker in SPEAKERS:
            if language == "EN" and speaker in ("014", "015", "018", "019"):
                continue
            for emotion in "ABHNS":
                for sentence in range(1, 6):
                    name = f"{language}_{speaker}_{emotion}_{sentence}.wav"
                    (tmp_path / "wav" / name).touch()
                    lines.append(f"{name},3.0,2.5,1.0,{emotion},4.0,2.0,2.0,A,5.0,1.5,,N,{emotion}")
    (tmp_path / "annotations.csv").write_text("\n".join(lines))
    rows = [f"{speaker},{'M' if speaker in MEN else 'F'},{20 + int(speaker)}" for speaker in SPEAKERS]
    (tmp_path / "speaker_info.csv").write_text("\n".join(["speaker,gender,age", *rows]))
    return tmp_path


def test_complete_corpus(tree):
    dataset = load_corpus("emotale", tree, check_grid="error")
    assert len(dataset) == 800
    assert len(set(dataset["speaker"])) == 18  # the same people speak both languages
    women = {speaker for speaker, sex in zip(dataset["speaker"], dataset["sex"], strict=True) if sex == "female"}
    assert len(women) == 12
    row = next(row for row in dataset if row["clip"] == "wav/DK_004_A_1.wav")
    assert (row["emotion"], row["label"], row["sex"], row["age"]) == ("angry", "A", "male", 24)
    # A is arousal in a column's name
    assert (row["arousal"], row["valence"], row["dominance"], row["votes"]) == (4.0, 2.0, 1.5, "A|A|N")


@pytest.mark.parametrize(("language", "clips"), [("danish", 450), ("english", 350)])
def test_one_language(language, clips, tree):
    reading = read_corpus("emotale", tree, language=language)
    assert len(reading.rows) == clips
    assert reading.complete
    assert reading.set_aside == 800 - clips
    with pytest.raises(CorpusError, match="language='dansk'; expected"):
        load_corpus("emotale", tree, language="dansk")


@pytest.mark.parametrize("bad", ["DK_002_A_1", "DK_020_A_1", "SE_001_A_1", "DK_001_A_6", "DK_001_F_1"])
def test_other_names_do_not_fit(bad):
    assert EmoTale().parse(PurePosixPath(f"{bad}.wav")) is None


def test_missing_clips_are_named(tree):
    (tree / "wav" / "EN_017_S_5.wav").unlink()
    (tree / "wav" / "EN_014_S_5.wav").touch()
    reading = read_corpus("emotale", tree)
    assert reading.missing == ["en_017_s_5"]
    assert reading.extra == ["wav/EN_014_S_5.wav"]


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("annotations.csv", "a3_V", "a3_X", r"annotations\.csv has no column 'a3_V'"),
        (
            "annotations.csv",
            "3.0,2.5,1.0,A,",
            "high,2.5,1.0,A,",
            "line 2, column 'a1_A': got 'high', expected a number",
        ),
        ("speaker_info.csv", "gender", "sex", r"speaker_info\.csv has no column 'gender'"),
        ("speaker_info.csv", "001,F", "first,F", "column 'speaker': got 'first', expected a whole number"),
    ],
)
def test_broken_tables(table, old, new, message, tree):
    (tree / table).write_text((tree / table).read_text().replace(old, new))
    with pytest.raises(CorpusError, match=message):
        load_corpus("emotale", tree)


@pytest.mark.parametrize("table", ["annotations.csv", "speaker_info.csv"])
def test_missing_tables(table, tree):
    (tree / table).unlink()
    with pytest.raises(CorpusError, match=f"EmoTale needs its table {table}"):
        load_corpus("emotale", tree)
