"""Corpora of emotional speech, one file each, read from their authors' own folders."""

from .base import Corpus, CorpusError, CorpusInfo, Reading, Row, list_corpora, register_corpus
from .duplicates import find_duplicates
from .loading import load_corpus, read_corpus

__all__ = [
    "Corpus",
    "CorpusError",
    "CorpusInfo",
    "Reading",
    "Row",
    "find_duplicates",
    "list_corpora",
    "load_corpus",
    "read_corpus",
    "register_corpus",
]
