"""Corpora of emotional speech, one file each, read from their authors' own folders."""

from .audio_check import AudioReport, check_audio
from .base import Corpus, CorpusError, CorpusInfo, Reading, Row, TableCorpus, list_corpora, register_corpus
from .combining import combine_corpora
from .duplicates import find_duplicates
from .loading import load_corpus, read_corpus
from .own_options import OwnOptions
from .own_sources import OWN_SOURCES

__all__ = [
    "OWN_SOURCES",
    "AudioReport",
    "Corpus",
    "CorpusError",
    "CorpusInfo",
    "OwnOptions",
    "Reading",
    "Row",
    "TableCorpus",
    "check_audio",
    "combine_corpora",
    "find_duplicates",
    "list_corpora",
    "load_corpus",
    "read_corpus",
    "register_corpus",
]
