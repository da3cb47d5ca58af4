"""Tables: what may vary, and errors that name file, line and column."""

import pytest

from hf_ser.corpora import CorpusError
from hf_ser.corpora.tables import find_table, read_table, read_text


def test_blanks_empty_lines_and_marks_do_not_matter(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes('\ufeff file , value\r\n a.wav ,"1,5 \r\n x"\r\n\r\n , \r\nb.wav,\r\n'.encode())
    lines = read_table(path, ("file", "value"))
    assert [(line["file"], line.number) for line in lines] == [("a.wav", 3), ("b.wav", 6)]
    assert lines[0]["value"] == "1,5 \r\n x"


def test_cells(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text('n\tsex\n2.5\tMale\nNaN\t\n\t"x\ninf\tf\n')
    lines = read_table(path, ("n", "sex"), delimiter="\t", quoted=False)
    assert [line.decimal("n") for line in lines] == [2.5, None, None, None]
    assert lines[0].choice("sex", {"male": "m"}) == "m"
    assert lines[2]["sex"] == '"x'
    with pytest.raises(CorpusError, match=r"t\.tsv, line 2, column 'n': got '2.5', expected a whole number; correct"):
        lines[0].whole("n")
    with pytest.raises(CorpusError, match="line 2, column 'sex': got 'Male', expected a number"):
        lines[0].decimal("sex")
    with pytest.raises(CorpusError, match="line 5, column 'sex': got 'f', expected one of male, female"):
        lines[3].choice("sex", {"male": "m", "female": "f", "": None})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"has no column 'a', 'b' \(found: none\)"),
        (b"a;b\n", r"has no column 'a', 'b' \(found: a;b\)"),
        (b"a,b\n1\n", "line 2: 1 cells, expected 2 .*damaged"),
        (b'a,b\n1,"2\n3,4\n5,6\n', "is not a table in utf-8-sig .unexpected end of data"),
        (b"a,b\n\xff\xfe,1\n", "is not a table in utf-8-sig"),
    ],
)
def test_broken_tables_are_named(content, message, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        read_table(path, ("a", "b"))


def test_the_nearest_table_is_taken(tmp_path):
    with pytest.raises(CorpusError, match=r"Toy needs its table a\.csv or b\.csv, which does not lie in"):
        find_table(tmp_path, "a.csv", "b.csv", corpus="Toy")
    (tmp_path / "old").mkdir()
    for path in (tmp_path / "old" / "a.csv", tmp_path / "b.csv"):
        path.touch()
    assert find_table(tmp_path, "a.csv", "b.csv", corpus="Toy") == tmp_path / "b.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_text_in_any_of_the_usual_encodings(encoding, tmp_path):
    (tmp_path / "t.txt").write_bytes("naïve café".encode(encoding))
    assert read_text(tmp_path / "t.txt") == "naïve café"
