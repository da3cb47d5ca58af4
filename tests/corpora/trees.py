"""Corpus folders made of empty files: readers take all they know from names, so nothing has to be recorded."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from hf_ser.corpora.base import Corpus, Row
from hf_ser.labels import EMOTIONS


def make_tree(folder: Path, clips: Iterable[str]) -> Path:
    """Write an empty file for each path below `folder` and return the folder."""
    for clip in clips:
        path = folder / clip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def parse(corpus: Corpus, clip: str) -> Row | None:
    """What the corpus makes of one path."""
    return corpus.parse(PurePosixPath(clip))


def parse_all(corpus: Corpus, clips: Iterable[str]) -> list[Row]:
    """Rows of names that all must fit, checked for what holds in every corpus."""
    rows = []
    for clip in clips:
        row = parse(corpus, clip)
        assert row is not None, f"{clip} does not fit"
        rows.append(row)
    for row in rows:
        assert row.emotion in corpus.info.emotions
        assert set(row.more) <= set(corpus.columns), row.clip
        assert row.sex in (None, "female", "male")
        assert row.key == row.key.lower()
    assert len({row.key for row in rows}) == len(rows)
    return rows


def check_complete(corpus: Corpus, rows: list[Row]) -> None:
    """The rows are the whole corpus as its record describes it."""
    info = corpus.info
    keys, counts = corpus.expected_keys(), corpus.expected_counts()
    assert (keys is None) != (counts is None)
    if keys is not None:
        assert {row.key for row in rows} == set(keys)
        assert len(keys) == info.clips
    else:
        assert Counter(row.emotion for row in rows) == counts
        assert sum(counts.values()) == info.clips
    assert len(rows) == info.clips
    assert len({row.speaker for row in rows}) == info.speakers
    assert {row.emotion for row in rows} == set(info.emotions)
    check_record(corpus)


def check_record(corpus: Corpus) -> None:
    """The record is filled in, in the order of the vocabulary, and its example fits."""
    info = corpus.info
    assert list(info.emotions) == sorted(info.emotions, key=EMOTIONS.index)
    assert info.citation
    assert info.licence
    assert info.homepage.startswith("http")
    assert all(parse(corpus, example) for example in info.example.split(" or "))
