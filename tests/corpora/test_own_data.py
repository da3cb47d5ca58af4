"""Manifests as corpora: columns, speakers, labels, and a reasoned error for every row that cannot be used."""

import csv
import json
from pathlib import Path

import datasets
import numpy as np
import pytest

from hf_ser import load_audio
from hf_ser.corpora import CorpusError, load_corpus, read_corpus
from hf_ser.labels import LabelError

FIRST = ["audio", "emotion", "speaker", "sex", "label", "clip", "corpus"]
ROWS = [
    {"file": "a.wav", "emotion": "Anger", "speaker": "01"},
    {"file": "b.wav", "emotion": "sad", "speaker": "01"},
    {"file": "sub/c.wav", "emotion": "angry", "speaker": "02"},
    {"file": "d.wav", "emotion": "sadness", "speaker": "3"},
]


def write(folder: Path, rows: list[dict], name: str = "clips.csv", files: bool = True, delimiter: str = ",") -> Path:
    """A manifest in a folder called `calls`, with empty files beside it."""
    place = folder / "calls"
    (place / "sub").mkdir(parents=True, exist_ok=True)
    path = place / name
    if name.endswith(".json"):
        path.write_text(json.dumps(rows))
    elif name.endswith(".jsonl"):
        path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    else:
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    for row in rows if files else []:
        for key in ("file", "path"):
            if row.get(key):
                (place / row[key]).touch()
    return path


def changed(row: int, **values) -> list[dict]:
    rows = [dict(each) for each in ROWS]
    rows[row] |= values
    return rows


@pytest.mark.parametrize(
    ("kind", "name", "delimiter"),
    [
        ("csv", "clips.csv", ","),
        ("csv", "clips.csv", ";"),
        ("tsv", "clips.tsv", "\t"),
        ("json", "clips.json", ""),
        ("jsonl", "clips.jsonl", ""),
        ("json", "folder", ""),
        ("CSV", "folder", ","),
        ("parquet", "clips.parquet", ""),
    ],
)
def test_every_kind_of_manifest_is_one_dataset(tmp_path, kind, name, delimiter):
    if kind == "parquet":
        path = write(tmp_path, ROWS).with_name(name)
        datasets.Dataset.from_list(ROWS).to_parquet(path)
    elif name == "folder":
        suffix = ".csv" if kind == "CSV" else ".json"
        write(tmp_path, ROWS[:2], f"1{suffix}")
        path = write(tmp_path, ROWS[2:], f"2{suffix}").parent
    else:
        path = write(tmp_path, ROWS, name, delimiter=delimiter)
    dataset = load_corpus(kind, path)
    assert dataset.column_names == FIRST
    assert dataset.features["audio"].decode is False
    assert list(dataset["emotion"]) == ["angry", "sad", "angry", "sad"]
    assert list(dataset["label"]) == ["Anger", "sad", "angry", "sadness"]
    assert list(dataset["speaker"]) == ["calls/01", "calls/01", "calls/02", "calls/3"]
    assert list(dataset["clip"]) == ["a.wav", "b.wav", "sub/c.wav", "d.wav"]
    assert dataset[2]["audio"] == {"bytes": None, "path": str(tmp_path / "calls" / "sub" / "c.wav")}
    assert set(dataset["corpus"]) == {"calls"}


def test_columns_by_other_names_and_by_option(tmp_path):
    rows = [
        {"path": "a.wav", "Speaker ID": 7, "Emo": "x", "Gender": "F", "Activation": "3.5", "valence": "", "dev?": "q",
         "Partition": "dev", "Transcript": "hello, you", "Session_ID": 2, "mood": "joy"},
        {"path": "b.wav", "Speaker ID": 8, "Emo": "y", "Gender": "Male", "Activation": 1, "valence": "-2", "dev?": "r",
         "Partition": "Train", "Transcript": "", "Session_ID": 2, "mood": "sorrow"},
    ]  # fmt: skip
    dataset = load_corpus("csv", write(tmp_path, rows), emotion_column="mood", corpus_name="mine")
    assert dataset[0] | {"audio": None} == {
        "audio": None, "emotion": "happy", "speaker": "mine/7", "sex": "female", "label": "joy", "clip": "a.wav",
        "corpus": "mine", "arousal": 3.5, "valence": None, "session": "2", "split": "validation",
        "text": "hello, you", "Emo": "x", "dev?": "q",
    }  # fmt: skip
    assert dataset.features["arousal"] == datasets.Value("float32")
    assert dataset[1]["sex"] == "male"
    assert dataset[1]["split"] == "train"
    assert dataset[1]["text"] is None


@pytest.mark.parametrize(
    ("rows", "options", "part"),
    [
        ([{"file": "a.wav", "emotion": "sad"}], {}, r"columns: 'file', 'emotion'\. without speakers no "
         "speaker-independent split can be made; give --speaker-column or accept --protocol random, which the card "
         "will say"),
        ([{"who": "1", "emotion": "sad"}], {}, r"hold the recordings; its columns: 'who', 'emotion'.*audio_column="),
        ([{"file": "a.wav", "speaker": "1"}], {}, "hold the emotion.*emotion_column="),
        ([{"file": "a.wav", "path": "a.wav"}], {}, "several columns.*audio: 'file', 'path'; say which: audio_column="),
        (ROWS, {"speaker_column": "speeker"}, r"speaker_column='speeker'.*did you mean 'speaker'\?"),
        (ROWS, {"colour": 1}, "no option 'colour'; its options: encoding, delimiter, audio_column"),
        (ROWS, {"speaker_pattern": "x"}, "has no group"),
        (ROWS, {"speaker_pattern": "("}, "is no regular expression"),
        (ROWS, {"speaker_pattern": r"^(\w)\.wav"}, r"1 of 4 rows have no speaker: speaker_pattern.*'sub/c.wav'"),
        (ROWS, {"check_files": "no"}, "expected true or false"),
        (ROWS, {"corpus_name": "a/b"}, "without '/'"),
        (ROWS, {"delimiter": ";;"}, "expected one character"),
        (ROWS, {"encoding": "utf-99"}, "encoding='utf-99' is not known"),
        (ROWS, {"dimension_range": [5, 1]}, "expected such as"),
        (changed(1, emotion=""), {}, r"1 of 4 rows have no emotion in column 'emotion' \(row 2\).*skip_unmatched"),
        (changed(3, speaker=" "), {}, "1 of 4 rows have no speaker in column 'speaker'; without speakers"),
        (changed(0, file=""), {}, "1 of 4 rows have no file in column 'file'"),
        ([*ROWS, ROWS[0] | {"emotion": "sad"}], {}, r"2 of 5 rows contradict each other.*\('a.wav'\)"),
        ([*ROWS, ROWS[0] | {"speaker": "9"}], {}, "contradict each other"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_with_the_fix(tmp_path, rows, options, part):
    with pytest.raises(CorpusError, match=part):
        load_corpus("csv", write(tmp_path, rows), **options)


def test_rows_at_fault_are_left_out_by_consent(tmp_path, caplog):
    rows = [*ROWS, ROWS[0] | {"emotion": "sad"}, {"file": "gone.wav", "emotion": "sad", "speaker": "1"}]
    rows.append({"file": "e.wav", "emotion": "", "speaker": "1"})
    path = write(tmp_path, rows)
    (path.parent / "gone.wav").unlink()
    with pytest.raises(CorpusError, match=r"1 of 7 rows name files that do not exist.*audio_root.*'gone.wav'"):
        load_corpus("csv", path)
    dataset = load_corpus("csv", path, skip_unmatched=True)
    assert list(dataset["clip"]) == ["b.wav", "sub/c.wav", "d.wav"]
    assert "1 of 7 rows name files" in caplog.text
    assert "2 of 7 rows contradict" in caplog.text
    assert "gone.wav" in list(load_corpus("csv", path, skip_unmatched=True, check_files=False)["clip"])
    with pytest.raises(CorpusError, match="No row is left"):
        load_corpus("csv", path, skip_unmatched=True, audio_root=str(tmp_path / "elsewhere"))


def test_a_repeated_row_is_taken_once(tmp_path, caplog):
    dataset = load_corpus("csv", write(tmp_path, [*ROWS, ROWS[1], {**ROWS[0], "file": "./a.wav"}]))
    assert len(dataset) == 4
    assert "2 rows repeat an earlier row ('b.wav')" in caplog.text


def test_speakers_from_paths_or_unknown_by_consent(tmp_path, caplog):
    rows = [{"file": row["file"], "emotion": row["emotion"]} for row in ROWS]
    path = write(tmp_path, rows)
    dataset = load_corpus("csv", path, speaker_pattern=r"(?P<speaker>\w)\.wav$")
    assert list(dataset["speaker"]) == ["calls/a", "calls/b", "calls/c", "calls/d"]
    dataset = load_corpus("csv", path, allow_unknown_speakers=True)
    assert list(dataset["speaker"]) == [None] * 4
    assert "only the protocol 'random'" in caplog.text
    assert load_corpus("csv", write(tmp_path, ROWS), allow_unknown_speakers=True)[0]["speaker"] == "calls/01"


def test_unknown_labels_are_counted_and_mapped(tmp_path, caplog):
    rows = [
        ROWS[0] | {"file": f"{n}.wav", "emotion": word} for n, word in enumerate(["Wut", "wut", "angyr", "xxx", 4])
    ]
    path = write(tmp_path, rows)
    with pytest.raises(LabelError) as caught:
        load_corpus("csv", path)
    for part in ("5 label(s)", "'angyr' (1 rows, near 'angry')", "labels={'Wut': 'angry'", "new_labels=['wut'", "'4'"):
        assert part in str(caught.value)
    labels = {"WUT": "anger", "angyr": "angry", "xxx": None, "4": "mock serious", "unused": "sad"}
    dataset = load_corpus("csv", path, labels=labels, new_labels=["Mock_Serious"])
    assert list(dataset["emotion"]) == ["angry", "angry", "angry", "mock serious"]
    assert list(dataset["label"]) == ["Wut", "wut", "angyr", "4"]
    assert "labels maps 'unused', which no row has" in caplog.text
    with pytest.raises(LabelError, match=r"labels maps 'xxx' to 'agnry'.*did you mean 'angry'"):
        load_corpus("csv", path, labels={"xxx": "agnry"})
    numbers = write(tmp_path, [row | {"emotion": n} for n, row in enumerate(ROWS[:2])])
    assert list(load_corpus("csv", numbers, labels=["sad", "happy"])["emotion"]) == ["sad", "happy"]
    with pytest.raises(LabelError, match="say what the numbers mean"):
        load_corpus("csv", numbers)


def test_classes_are_merged_dropped_and_made(tmp_path):
    path = write(tmp_path, [*ROWS, {"file": "e.wav", "emotion": "sarcasm", "speaker": "3"}])
    options = {"labels": {"sarcasm": "sarcastic"}, "new_labels": ["sarcastic", "negative"]}
    dataset = load_corpus("csv", path, merge={"angry": "negative", "sad": "negative"}, **options)
    assert list(dataset["emotion"]) == ["negative"] * 4 + ["sarcastic"]
    assert set(load_corpus("csv", path, drop=["sarcastic"], **options)["emotion"]) == {"angry", "sad"}
    with pytest.raises(CorpusError, match="leaves no row"):
        load_corpus("csv", path, drop=["sarcastic", "angry", "sad"], **options)
    with pytest.raises(LabelError, match="'happy' is to be merged or dropped but labels no clip"):
        load_corpus("csv", path, drop=["happy"], **options)


def test_several_emotions_a_clip(tmp_path):
    cells = ["sad;anger", "['happy']", "anger, other", "xxx|sad"]
    rows = [{"file": row["file"], "speaker": row["speaker"], "emotions": cell}
            for row, cell in zip(ROWS, cells, strict=True)]  # fmt: skip
    dataset = load_corpus("csv", write(tmp_path, rows), labels={"xxx": None, "'happy'": "happy"}, drop=["other"])
    assert list(dataset["emotions"]) == [["sad", "angry"], ["happy"], ["angry"], ["sad"]]
    assert list(dataset["emotion"]) == ["sad", "happy", "angry", "sad"]  # the one named first
    lists = [row | {"emotions": ["fear", "sad"]} for row in ROWS]
    dataset = load_corpus("json", write(tmp_path, lists, "clips.json"), merge={"fear": "angry"})
    assert list(dataset["emotion"]) == ["angry", "sad", "angry", "sad"]
    assert list(dataset["emotions"]) == [["sad", "angry"]] * 4


def test_dimensions_alone_or_beside_emotions(tmp_path):
    rows = [{"file": row["file"], "speaker": row["speaker"], "valence": n} for n, row in enumerate(ROWS)]
    path = write(tmp_path, rows)
    dataset = load_corpus("csv", path, dimension_range=[0, 3])
    assert list(dataset["valence"]) == [0, 1, 2, 3]
    assert list(dataset["emotion"]) == [None] * 4
    with pytest.raises(CorpusError, match=r"valence is outside dimension_range 1 to 7 in 1 row\(s\) \(row 1 has 0\)"):
        load_corpus("csv", path, dimension_range={"valence": [1, 7]})
    with pytest.raises(LabelError, match="no emotions to merge or drop"):
        load_corpus("csv", path, drop=["sad"])
    for cell in ("high", "nan", "3,5"):
        with pytest.raises(CorpusError, match=f"valence is '{cell}' in row 1; expected a number"):
            load_corpus("csv", write(tmp_path, [ROWS[0] | {"valence": cell}]))


def test_one_class_speakers_and_odd_sexes_load(tmp_path, caplog):
    rows = [row | {"sex": sex} for row, sex in zip(ROWS, ["w", "M", "", "1"], strict=True)]
    dataset = load_corpus("csv", write(tmp_path, rows))  # speaker 02 is only angry, 3 only sad
    assert list(dataset["sex"]) == ["female", "male", None, None]
    assert "sex is taken as unknown where it says '1' (1)" in caplog.text


def test_paths_outlive_the_working_directory(tmp_path, monkeypatch):
    path = write(tmp_path, ROWS)
    monkeypatch.chdir(path.parent)
    dataset = load_corpus("csv", "clips.csv")
    assert dataset[0]["audio"]["path"] == str(path.parent / "a.wav")
    absolute = [row | {"file": str(path.parent / row["file"])} for row in ROWS]
    assert list(load_corpus("csv", write(tmp_path, absolute, files=False))["clip"]) == list(dataset["clip"])


def test_a_loaded_corpus_comes_back_from_disk(ravdess_tree, tmp_path):
    dataset = load_corpus("ravdess", ravdess_tree, check_grid="off")
    dataset.save_to_disk(tmp_path / "saved")  # the recordings go into it
    again = load_corpus("dataset", tmp_path / "saved")
    assert again.remove_columns("audio").to_dict() == dataset.remove_columns("audio").to_dict()
    assert np.array_equal(load_audio(again[5]), load_audio(dataset[5]))


def test_own_sources_are_named_beside_the_corpora(tmp_path):
    with pytest.raises(
        CorpusError, match=r"for your own data: folder, csv, json, parquet, dataset \(did you mean 'fo"
    ):
        load_corpus("foldr", tmp_path)
    with pytest.raises(CorpusError, match="'csv' is no published corpus"):
        read_corpus("csv", tmp_path)
    with pytest.raises(CorpusError, match=r"got dict; expected the path of a csv file"):
        load_corpus("csv", {})
    with pytest.raises(CorpusError, match="expected a path"):
        load_corpus("ravdess", datasets.Dataset.from_dict({"a": [1]}))
