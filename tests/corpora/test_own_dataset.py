"""Any datasets dataset as a corpus: column kinds, splits, and recordings that stay where they are."""

import datasets
import pytest

from hf_ser.audio import load_audio
from hf_ser.corpora import CorpusError, load_corpus
from hf_ser.labels import LabelError


def recordings(tree, count: int = 4) -> list[bytes]:
    return [path.read_bytes() for path in sorted(tree.rglob("*.flac"))[:count]]


@pytest.fixture
def hub_like(ravdess_tree) -> datasets.Dataset:
    """Four recordings as datasets from the Hub hold them: bytes, a name, a ClassLabel, further columns."""
    rows = [
        {"audio": {"bytes": data, "path": f"{n}.flac"}, "label": n % 2, "speaker_id": n // 2, "take": n, "emb": [n, 1]}
        for n, data in enumerate(recordings(ravdess_tree))
    ]
    dataset = datasets.Dataset.from_list(rows).cast_column("audio", datasets.Audio())
    return dataset.cast_column("label", datasets.ClassLabel(names=["sadness", "joy"]))


def test_bytes_and_class_labels(hub_like, ravdess_tree):
    dataset = load_corpus("dataset", hub_like, corpus_name="hub")
    assert dataset.features["audio"].decode is False
    assert list(dataset["emotion"]) == ["sad", "happy", "sad", "happy"]
    assert list(dataset["label"]) == ["sadness", "joy", "sadness", "joy"]
    assert list(dataset["speaker"]) == ["hub/0", "hub/0", "hub/1", "hub/1"]
    assert list(dataset["clip"]) == ["0.flac", "1.flac", "2.flac", "3.flac"]
    assert list(dataset["take"]) == [0, 1, 2, 3]
    assert dataset[2]["emb"] == [2, 1]
    assert dataset[3]["audio"]["bytes"] == recordings(ravdess_tree)[3]
    assert len(load_audio(dataset[0])) > 1000


def test_rows_keep_their_recordings_when_some_are_left_out(hub_like, ravdess_tree):
    shuffled = hub_like.select([3, 0, 2, 1])
    dataset = load_corpus("dataset", shuffled, labels={"joy": None})
    assert list(dataset["take"]) == [0, 2]
    assert [row["bytes"] for row in dataset["audio"]] == [recordings(ravdess_tree)[n] for n in (0, 2)]


def test_columns_that_were_added_to_a_saved_dataset(hub_like, tmp_path, ravdess_tree):
    hub_like.remove_columns(["label", "speaker_id"]).save_to_disk(tmp_path / "saved")
    saved = datasets.load_from_disk(tmp_path / "saved")
    columns = {"speaker": ["a", "b", "a", "b"], "emotion": ["sad", "sad", "happy", "happy"]}
    for name, values in columns.items():
        saved = saved.add_column(name, values)
    for dataset in (saved, saved.select([0, 1, 2, 3]), datasets.concatenate_datasets([saved.select([0]), saved])):
        loaded = load_corpus("dataset", dataset)
        assert list(loaded["emotion"]) == list(dataset["emotion"])
        assert (
            loaded[2]["audio"]["bytes"]
            == dataset.cast_column("audio", datasets.Audio(decode=False))[2]["audio"]["bytes"]
        )


def test_saved_split_and_parquet(hub_like, tmp_path):
    both = datasets.DatasetDict({"train": hub_like.select([0, 1]), "validation": hub_like.select([2, 3])})
    both.save_to_disk(tmp_path / "saved")
    dataset = load_corpus("dataset", str(tmp_path / "saved"))
    assert list(dataset["split"]) == ["train", "train", "validation", "validation"]
    assert set(dataset["corpus"]) == {"saved"}
    assert len(load_corpus("dataset", both, split="train")) == 2
    with pytest.raises(CorpusError, match="split='test'; the dataset has 'train', 'validation'"):
        load_corpus("dataset", both, split="test")
    with pytest.raises(CorpusError, match="has no splits"):
        load_corpus("dataset", hub_like, split="train")
    hub_like.to_parquet(tmp_path / "clips.parquet")
    dataset = load_corpus("parquet", tmp_path / "clips.parquet")
    assert list(dataset["emotion"]) == ["sad", "happy", "sad", "happy"]
    assert len(load_audio(dataset[1])) > 1000
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(CorpusError, match=r"broken.parquet' cannot be read as parquet"):
        load_corpus("parquet", tmp_path / "broken.parquet")


def test_paths_in_a_dataset_are_files(ravdess_tree):
    paths = [str(path) for path in sorted(ravdess_tree.rglob("*.flac"))[:3]]
    columns = {"audio": paths, "emotion": [0, 1, 0], "speaker": ["a", "b", "c"]}
    plain = datasets.Dataset.from_dict(columns)
    for dataset in (plain, plain.cast_column("audio", datasets.Audio())):
        loaded = load_corpus("dataset", dataset, labels=["sad", "happy"])
        assert [row["path"] for row in loaded["audio"]] == paths
        assert list(loaded["emotion"]) == ["sad", "happy", "sad"]
    gone = datasets.Dataset.from_dict(columns | {"audio": [*paths[:2], "gone.wav"]})
    with pytest.raises(CorpusError, match="1 of 3 rows name files that do not exist"):
        load_corpus("dataset", gone, labels=["sad", "happy"])


def test_recordings_without_names_are_named_by_row(hub_like):
    nameless = [row | {"audio": {"bytes": b"x", "path": None}} for row in hub_like.remove_columns("audio")]
    dataset = datasets.Dataset.from_list(nameless).cast_column("label", hub_like.features["label"])
    assert load_corpus("dataset", dataset)["clip"][1] == "row-000001"


def test_unlabelled_rows_and_lists_of_class_labels(hub_like):
    rows = {"audio": [{"bytes": b"x", "path": str(n)} for n in range(3)], "speaker": [1, 2, 3]}
    names = datasets.ClassLabel(names=["sad", "happy"])
    dataset = datasets.Dataset.from_dict(rows | {"label": [0, -1, 1]}).cast_column("label", names)
    with pytest.raises(CorpusError, match=r"1 of 3 rows have no emotion in column 'label' \(row 2\)"):
        load_corpus("dataset", dataset)
    lists = datasets.Dataset.from_dict(rows | {"emotions": [[0], [1, 0], [1]]})
    lists = lists.cast_column("emotions", datasets.List(names))
    assert list(load_corpus("dataset", lists)["emotions"]) == [["sad"], ["happy", "sad"], ["happy"]]


@pytest.mark.parametrize(
    ("place", "part"),
    [
        ("nowhere", "is no folder"),
        (3, "got int; expected a datasets.Dataset"),
        (datasets.Dataset.from_dict({"audio": [[0.1]], "emotion": ["sad"], "speaker": ["1"]}), "cast_column"),
        (datasets.Dataset.from_dict({"audio": [], "emotion": [], "speaker": []}), "no rows"),
        (datasets.Dataset.from_dict({"audio": ["a"]}).to_iterable_dataset(), "is streamed"),
    ],
)
def test_what_is_no_dataset_of_recordings(place, part):
    with pytest.raises(CorpusError, match=part):
        load_corpus("dataset", place)


def test_a_folder_that_was_not_saved_by_datasets(ravdess_tree):
    with pytest.raises(CorpusError, match=r"holds no dataset written by save_to_disk.*'folder'"):
        load_corpus("dataset", ravdess_tree)


def test_unknown_class_labels(hub_like):
    named = hub_like.cast_column("label", datasets.ClassLabel(names=["grumpy", "joy"]))
    with pytest.raises(LabelError, match=r"'grumpy' \(2 rows"):
        load_corpus("dataset", named)
