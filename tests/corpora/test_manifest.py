"""Reading of manifest files: shapes of JSON, cells of csv, and files that are neither."""

import pytest

from hf_ser.corpora import CorpusError
from hf_ser.corpora.manifest import manifest_files, read_table

EXPECTED = {"file": ["a.wav", "b.wav"], "n": [1, None]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.json", '[{"file": "a.wav", "n": 1}, {"file": "b.wav"}]'),
        ("m.json", '{"file": ["a.wav", "b.wav"], "n": [1, null]}'),
        ("m.json", '{"one": {"file": "a.wav", "n": 1}, "two": {"file": "b.wav", "n": ""}}'),
        ("m.jsonl", '{"file": "a.wav", "n": 1}\n\n{"file": "b.wav"}\n'),
        ("m.json", '{"file": "a.wav", "n": 1}\n{"file": "b.wav"}'),
    ],
)
def test_shapes_of_json(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_table([tmp_path / name]) == EXPECTED


def test_cells_of_csv_stay_text(tmp_path):
    path = tmp_path / "m.csv"
    path.write_bytes('\ufefffile ,speaker\r\n"a, b.wav", 01\r\n\r\nc.wav,""\r\n'.encode())
    assert read_table([path]) == {"file": ["a, b.wav", "c.wav"], "speaker": ["01", None]}
    path.write_bytes("file;text\nä.wav;x,y\n".encode("latin-1"))
    assert read_table([path], encoding="latin-1") == {"file": ["ä.wav"], "text": ["x,y"]}
    path.write_text("file|text\na.wav|x,y\n")
    assert read_table([path], delimiter="|") == {"file": ["a.wav"], "text": ["x,y"]}


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("m.csv", b"", "is empty"),
        ("m.csv", b"file,emotion\n", "has columns but no rows"),
        ("m.json", b"[]", "has columns but no rows"),
        ("m.csv", b"file,emotion\na.wav,sad\nb.wav\n", r"line 3: 1 cells, but the header has 2 \('file', 'emotion'\)"),
        ("m.csv", b"file,file\na.wav,b.wav\n", "column 'file' more than once"),
        ("m.csv", b"file,text\na.wav,\xe4\n", r"is not utf-8-sig \(byte 16\).*encoding='latin-1'"),
        ("m.json", b'[{"file": }]', "is no JSON: Expecting value in line 1"),
        ("m.jsonl", b'{"a": 1}\n{"a": 2}\n{"a": \n', "line 3 is no JSON"),
        ("m.json", b'["a.wav"]', "expected a list of objects"),
        ("m.json", b'{"file": ["a", "b"], "n": [1]}', r"unequal length \('file': 2, 'n': 1\)"),
    ],
)
def test_files_at_fault_are_named(tmp_path, name, content, part):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=part):
        read_table([tmp_path / name])


def test_folders_of_manifests(tmp_path):
    with pytest.raises(CorpusError, match="does not exist"):
        manifest_files("csv", tmp_path / "none.csv")
    (tmp_path / "b.csv").write_text("a\n1\n")
    (tmp_path / "a.tsv").write_text("b\n1\n")
    files = manifest_files("csv", tmp_path)
    assert [file.name for file in files] == ["a.tsv", "b.csv"]
    with pytest.raises(CorpusError, match=r"'a.tsv' and 'b.csv' differ in columns \(a, b\)"):
        read_table(files)
    with pytest.raises(CorpusError, match=r"holds no .parquet file \(it holds .csv, .tsv\)"):
        manifest_files("parquet", tmp_path)
