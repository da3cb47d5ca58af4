"""What holds for every registered corpus, whoever wrote it."""

import inspect
from pathlib import PurePosixPath

import pytest

from hf_ser.corpora import list_corpora
from hf_ser.corpora.base import Corpus, TableCorpus, corpus_class
from hf_ser.labels import EMOTIONS

SHARED = {"audio", "emotion", "speaker", "sex", "label", "clip", "corpus"}
# names that protocols and training rely on, with their types
TYPED = {
    "arousal": "float32", "valence": "float32", "dominance": "float32", "session": "string", "split": "string",
    "text": "string",
}  # fmt: skip
NAMES = [info.name for info in list_corpora()]


@pytest.fixture(params=NAMES)
def corpus(request) -> Corpus:
    return corpus_class(request.param)()


def test_the_list_holds_the_corpora_of_the_field():
    assert set(NAMES) >= {
        "ravdess", "emodb", "iemocap", "msp_podcast", "msp_improv", "meld", "crema_d", "esd", "enterface", "nemo",
        "emotale",
    }  # fmt: skip


def test_every_corpus_describes_itself_in_full(corpus):
    info = corpus.info
    for text in (info.name, info.title, info.language, info.licence, info.citation, info.homepage, info.example):
        assert text.strip() == text != "", info.name
    assert info.homepage.startswith("https://") or info.homepage.startswith("http://")
    assert any(char.isdigit() for char in info.citation), "a citation names a year"
    assert info.faults
    assert info.clips > info.speakers > 1
    assert corpus.__doc__
    assert len(set(info.emotions)) == len(info.emotions) > 1
    assert list(info.emotions) == sorted(info.emotions, key=EMOTIONS.index)


def test_every_parser_says_honestly_how_it_was_checked(corpus):
    # only these two have been read from real recordings
    if corpus.info.verified == "recordings":
        assert corpus.info.name in ("ravdess", "emodb")
    else:
        assert corpus.info.verified in ("names", "documentation")


def test_columns_have_the_shared_names_and_types(corpus):
    columns = corpus.columns
    assert not SHARED & columns.keys()
    for name, kind in columns.items():
        assert kind == TYPED.get(name, kind)
        assert kind in ("string", "int32", "float32", "bool")
    for dimension, (low, high) in corpus.info.dimensions.items():
        assert low < high
        assert columns[dimension] == "float32"
    for dimension in ("arousal", "valence", "dominance"):
        assert (dimension in columns) == (dimension in corpus.info.dimensions)
    if corpus.info.splits:
        assert columns["split"] == "string"
        assert set(corpus.info.splits) <= {"train", "validation", "test", "test2", "test3"}


def test_the_example_is_a_name_that_fits(corpus):
    for example in corpus.info.example.split(" or "):
        path = PurePosixPath(example)
        if corpus.info.labels_in == "tables":
            assert isinstance(corpus, TableCorpus)
            assert corpus.key(path)
            assert corpus.key(PurePosixPath("a folder/notes.wav")) is None
            continue
        row = corpus.parse(path)
        assert row is not None
        assert row.clip == str(path)
        assert row.emotion in corpus.info.emotions
        assert row.speaker
        assert row.label
        assert row.key
        assert row.sex in ("female", "male", None)
        assert row.more.keys() <= corpus.columns.keys()
        assert corpus.parse(PurePosixPath("a folder/notes.wav")) is None
        # other formats and a folder more are the same recording
        again = corpus.parse(PurePosixPath("copy") / path.with_suffix(".flac"))
        assert again is not None
        assert (again.key, again.emotion, again.speaker) == (row.key, row.emotion, row.speaker)


def test_the_published_grid_agrees_with_the_number_of_clips(corpus):
    if isinstance(corpus, TableCorpus):
        counts = corpus.expected_counts()
        assert counts is None or set(counts) <= set(corpus.info.emotions)
        return
    keys, counts = corpus.expected_keys(), corpus.expected_counts()
    assert keys is not None or counts is not None
    found = len(keys) if keys is not None else sum(counts.values())
    assert found == corpus.info.clips
    if counts is not None:
        assert set(counts) <= set(corpus.info.emotions)


def test_options_have_defaults(corpus):
    for option in inspect.signature(type(corpus)).parameters.values():
        if option.kind in (option.POSITIONAL_OR_KEYWORD, option.KEYWORD_ONLY):
            assert option.default is not option.empty
            assert f"{option.name}:" in (corpus.__doc__ or "")
