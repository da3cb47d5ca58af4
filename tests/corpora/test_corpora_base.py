"""The registry and the default reading, on a corpus made up here."""

from pathlib import PurePosixPath
from typing import ClassVar

import pytest

import hf_ser.corpora
from hf_ser.corpora import (
    Corpus,
    CorpusError,
    CorpusInfo,
    Row,
    base,
    list_corpora,
    load_corpus,
    read_corpus,
    register_corpus,
)


def info(name: str, emotions: tuple[str, ...] = ("happy", "sad")) -> CorpusInfo:
    return CorpusInfo(
        name=name, title="Toy", language="none", licence="CC0", citation="nobody", homepage="", emotions=emotions,
        speakers=2, clips=4, verified="documentation", example="x-h.wav",
    )  # fmt: skip


@pytest.fixture
def toy(monkeypatch):
    """A registered corpus of one file's worth of code, unregistered afterwards."""
    monkeypatch.setattr(base, "_CORPORA", dict(base._registry()))

    @register_corpus
    class Toy(Corpus):
        info = info("toy-corpus")
        columns: ClassVar = {"loud": "int32"}

        def __init__(self, loud: int = 1) -> None:
            self.loud = loud

        def parse(self, path: PurePosixPath) -> Row | None:
            speaker, _, code = path.stem.partition("-")
            if code not in ("h", "s"):
                return None
            emotion = "happy" if code == "h" else "sad"
            return Row(clip=str(path), emotion=emotion, speaker=speaker, label=code, key=path.stem, more={"loud": 1})

        def expected_counts(self) -> dict[str, int]:
            return {"happy": 2, "sad": 2}

    return Toy


def test_one_decorated_class_is_a_corpus(toy, tmp_path, caplog):
    for name in ("a-h.wav", "b-h.wav", "b-s.ogg"):
        (tmp_path / name).touch()
    dataset = load_corpus("Toy_Corpus", tmp_path, loud=3)
    assert list(dataset["speaker"]) == ["toy-corpus/a", "toy-corpus/b", "toy-corpus/b"]
    assert list(dataset["sex"]) == [None] * 3
    assert list(dataset["loud"]) == [1] * 3
    assert "sad 1 of 2" in caplog.text
    assert "happy" not in caplog.text
    assert "toy-corpus" in [record.name for record in list_corpora()]


def test_one_clip_too_many_is_not_the_published_corpus(toy, tmp_path, caplog):
    for name in ("a-h.wav", "b-h.wav", "a-s.wav", "b-s.wav"):
        (tmp_path / name).touch()
    assert read_corpus("toy-corpus", tmp_path).complete
    load_corpus("toy-corpus", tmp_path, check_grid="error")
    (tmp_path / "c-s.wav").touch()
    assert read_corpus("toy-corpus", tmp_path).miscounted == {"sad": (3, 2)}
    assert not read_corpus("toy-corpus", tmp_path).complete
    with pytest.raises(CorpusError, match="not complete: sad 3 of 2; add or remove clips"):
        load_corpus("toy-corpus", tmp_path, check_grid="error")
    load_corpus("toy-corpus", tmp_path)
    assert "5 clips read; sad 3 of 2" in caplog.text


def test_names_are_taken_once_and_emotions_known(toy):
    with pytest.raises(CorpusError, match="taken by Toy"):
        register_corpus(type("Other", (Corpus,), {"info": info("toy-corpus")}))
    with pytest.raises(CorpusError, match="outside the vocabulary: glee"):
        register_corpus(type("Glee", (Corpus,), {"info": info("glee", ("glee",))}))


def test_every_corpus_describes_itself():
    for record in list_corpora():
        assert record.licence, record
        assert record.citation, record
        assert record.example, record
        assert record.speakers > 1
        assert record.clips > record.speakers
        assert record.verified in ("recordings", "names", "documentation")
        assert list(record.emotions) == sorted(record.emotions, key=base.EMOTIONS.index)


def test_what_a_corpus_of_ones_own_derives_from_is_public():
    for name in ("Corpus", "TableCorpus", "CorpusInfo", "Row", "register_corpus"):
        assert name in hf_ser.corpora.__all__
        assert hasattr(hf_ser.corpora, name)
    assert issubclass(hf_ser.corpora.TableCorpus, Corpus)
