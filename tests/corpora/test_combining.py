"""Several corpora as one: columns, labels, ids, and speakers that must not be mixed up."""

import datasets
import pytest

from hf_ser.audio import load_audio
from hf_ser.corpora import CorpusError, combine_corpora, load_corpus
from hf_ser.labels import LabelError
from hf_ser.protocols import speaker_folds


@pytest.fixture(scope="module")
def pair(ravdess_tree, emodb_tree):
    return [load_corpus(name, tree, check_grid="off") for name, tree in
            (("ravdess", ravdess_tree), ("emodb", emodb_tree))]  # fmt: skip


def own(tmp_path, name: str, rows: list[dict], **options) -> datasets.Dataset:
    folder = tmp_path / name
    folder.mkdir()
    columns = {key: [row.get(key) for row in rows] for key in rows[0]}
    columns["audio"] = [str(folder / f"{number}.wav") for number in range(len(rows))]
    return load_corpus("dataset", datasets.Dataset.from_dict(columns), check_files=False, corpus_name=name, **options)


def test_columns_of_all_and_labels_of_all(pair):
    both = combine_corpora(pair)
    assert len(both) == 96 + 32
    assert set(both.column_names) == set(pair[0].column_names) | set(pair[1].column_names)
    assert both[0]["statement"] is not None
    assert both[100]["statement"] is None
    assert both["clip"][0].startswith("ravdess/Actor_01/")
    assert len(set(both["clip"])) == len(both)
    assert both.info.dataset_name == "ravdess+emodb"
    assert len(load_audio(both[127])) > 1000
    again = combine_corpora([both.select(range(50)), both.select(range(50, 128))], same_speakers=True)
    assert list(again["clip"]) == list(both["clip"])
    folds = speaker_folds(both, "grouped", k=3)
    assert sum(len(fold.test) for fold in folds) == 128


def test_labels_shared_or_listed_or_merged(pair):
    shared = combine_corpora(pair, "shared")
    assert set(shared["emotion"]) == {"neutral", "happy", "sad", "angry"}
    assert set(shared["corpus"]) == {"ravdess", "emodb"}
    assert set(combine_corpora(pair, ["anger", "calm"])["emotion"]) == {"angry", "calm"}
    merged = combine_corpora(pair, "shared", merge={"calm": "neutral", "angry": "negative", "sad": "negative"},
                             drop=["happy"], new_labels=["negative"])  # fmt: skip
    assert set(merged["emotion"]) == {"neutral", "negative"}
    with pytest.raises(CorpusError, match="bored labels no clip; the datasets have neutral, calm"):
        combine_corpora(pair, ["bored"])
    with pytest.raises(LabelError, match="did you mean 'angry'"):
        combine_corpora(pair, ["angri"])
    with pytest.raises(CorpusError, match="expected 'all', 'shared' or a list"):
        combine_corpora(pair, "common")


def test_columns_of_different_types(tmp_path):
    first = own(tmp_path, "a", [{"emotion": "sad", "speaker": "1", "valence": 2.5, "take": 1, "room": 3, "age": 4}])
    second = own(tmp_path, "b", [{"emotion": "stress", "speaker": "1", "take": 2, "room": "x", "age": 4.5}],
                 new_labels=["stress"])  # fmt: skip
    both = combine_corpora([first, second])
    assert both.features["valence"] == datasets.Value("float32")
    assert list(both["valence"]) == [2.5, None]
    assert list(both["take"]) == [1, 2]
    assert list(both["room"]) == ["3", "x"]
    assert list(both["age"]) == [4.0, 4.5]
    assert list(both["speaker"]) == ["a/1", "b/1"]
    with pytest.raises(CorpusError, match=r"no emotion is in all of the datasets \(a: sad; b: stress\)"):
        combine_corpora([first, second], "shared")


def test_several_emotions_are_merged_too(tmp_path):
    parts = [own(tmp_path, name, [{"speaker": "1", "emotions": ["fear", "sad"]}]) for name in ("a", "b")]
    both = combine_corpora(parts, merge={"fear": "angry"}, drop=["sad"])
    assert list(both["emotions"]) == [["angry"], ["angry"]]
    assert list(both["emotion"]) == ["angry", "angry"]


def test_one_name_is_not_two_persons(pair, tmp_path):
    with pytest.raises(CorpusError, match=r"6 speaker\(s\) are in both dataset 1 \(ravdess\) and dataset 2.*same_spe"):
        combine_corpora([pair[0], pair[0]])
    with pytest.raises(CorpusError, match=r"96 clip\(s\) are in two of the datasets"):
        combine_corpora([pair[0], pair[0]], same_speakers=True)
    with pytest.raises(CorpusError, match="expected at least two"):
        combine_corpora(pair[:1])
    with pytest.raises(CorpusError, match=r"dataset 2 has no column 'clip'.*load_corpus\('dataset'"):
        combine_corpora([pair[0], pair[1].remove_columns("clip")])
    with pytest.raises(CorpusError, match="dataset 2 is a str"):
        combine_corpora([pair[0], "emodb"])


def test_files_beside_each_other_are_one_corpus(tmp_path):
    for name in ("train", "test"):
        (tmp_path / f"{name}.csv").write_text(f"file,emotion,speaker\n{name}.wav,sad,01\n")
    parts = [load_corpus("csv", tmp_path / f"{name}.csv", check_files=False) for name in ("train", "test")]
    with pytest.raises(CorpusError, match=r"1 speaker\(s\) are in both"):
        combine_corpora(parts)
    assert len(set(combine_corpora(parts, same_speakers=True)["speaker"])) == 1
