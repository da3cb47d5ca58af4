"""Recordings under two names are found by content."""

import datasets
import numpy as np
import pytest

from hf_ser.corpora import duplicates, find_duplicates, load_corpus


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
    # as datasets hands its own audio out, nothing is decoded
    assert find_duplicates(dataset.cast_column("audio", datasets.Audio())) == [[0, 1]]
    assert find_duplicates(dataset.select([2, 1, 0])) == [[1, 2]]


@pytest.mark.parametrize(
    "audio",
    [
        [b"one", b"two", bytearray(b"one")],
        [np.array([0.5, 1.0]), np.array([0.5, 0.5]), np.array([0.5, 1.0])],
        [{"array": [0.5, 1.0], "sampling_rate": 16_000}, {"array": [0.0, 1.0]}, {"array": [0.5, 1.0]}],
    ],
)
def test_whatever_a_column_holds(audio):
    assert find_duplicates({"audio": audio}) == [[0, 2]]


def test_paths_as_text(tmp_path):
    for name, content in (("a", b"x" * 10_000), ("b", b"x" * 9_999 + b"y"), ("c", b"x" * 10_000), ("d", b"")):
        (tmp_path / name).write_bytes(content)
    assert find_duplicates({"audio": [str(tmp_path / name) for name in "abcdd"]}) == [[0, 2], [3, 4]]


def test_only_recordings_that_agree_in_size_and_middle_are_read_whole(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for number in range(6):
        (tmp_path / str(number)).write_bytes(rng.bytes(50_000 + number // 3))
    (tmp_path / "5").write_bytes((tmp_path / "4").read_bytes())
    read = []
    digest = duplicates._Audio.digest
    monkeypatch.setattr(duplicates._Audio, "digest", lambda self, row: read.append(row) or digest(self, row))
    assert find_duplicates({"audio": [tmp_path / str(number) for number in range(6)]}) == [[4, 5]]
    assert read == [4, 5]


def test_missing_files_and_rows_without_audio(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"row 1: the audio file '.*gone.wav' cannot be looked at \(No such file"
    ):
        find_duplicates({"audio": [b"one", str(tmp_path / "gone.wav")]})
    for nothing in (None, {"path": None, "bytes": None}, 3):
        with pytest.raises(TypeError, match=r"row 1 has audio of type .*expected a path, bytes.*duplicates='off'"):
            find_duplicates({"audio": [b"one", nothing]})
