"""Recordings under two names are found by content."""

import datasets

from hf_ser.corpora import find_duplicates, load_corpus


def test_same_bytes_are_grouped_and_same_size_alone_is_not(make_emodb_tree, tmp_path):
    folder = make_emodb_tree(tmp_path, speakers=("03", "08"), emotions=("sad",), texts=("a01",)) / "wav"
    original = (folder / "03a01Ta.wav").read_bytes()
    (folder / "03a01Tb.wav").write_bytes(original)
    (folder / "08b01Ta.wav").write_bytes(original)
    (folder / "08b02Ta.wav").write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
    dataset = load_corpus("emodb", folder)
    clips = [[dataset[row]["clip"] for row in rows] for rows in find_duplicates(dataset)]
    assert clips == [["03a01Ta.wav", "03a01Tb.wav", "08b01Ta.wav"]]


def test_bytes_in_the_dataset_count_too(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    rows = [
        {"path": None, "bytes": b"one"},
        {"path": str(tmp_path / "a"), "bytes": None},
        {"path": None, "bytes": b"two"},
    ]
    dataset = datasets.Dataset.from_list([{"audio": row} for row in rows])
    assert find_duplicates(dataset) == [[0, 1]]
