"""Names in one form, and names that no two corpora share."""

import unicodedata
from pathlib import PurePosixPath

import pytest
from trees import parse

from hf_ser.corpora.base import corpus_class
from hf_ser.corpora.stems import plain_stem

BY_NAME = "ased cafe emodb emovo jl ravdess savee shemo subesco tess turev_db urdu"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_one_form(form):
    path = PurePosixPath("Dégoût") / unicodedata.normalize(form, " Gülüş_Ab].1.WAV")
    assert plain_stem(path) == unicodedata.normalize("NFC", "gülüş_ab].1")


@pytest.mark.parametrize("name", BY_NAME.split())
def test_a_corpus_takes_its_own_names_in_any_case_and_no_others(name):
    examples = corpus_class(name).info.example.split(" or ")
    for example in examples:
        own = parse(corpus_class(name)(), example)
        assert parse(corpus_class(name)(), example.upper()).key == own.key
        assert parse(corpus_class(name)(), f"Été (1)/ä b/{example}").key == own.key
        takers = [other for other in BY_NAME.split() if parse(corpus_class(other)(), example) is not None]
        assert takers == [name]


@pytest.mark.parametrize("name", BY_NAME.split())
def test_copies_with_a_mark_do_not_fit(name):
    example = corpus_class(name).info.example.split(" or ")[0]
    stem, suffix = example.rsplit(".", 1)
    for mark in (" (1)", " - Copy", "~"):
        assert parse(corpus_class(name)(), f"{stem}{mark}.{suffix}") is None, mark
