"""Protocols: rows of a dataset -> train, validation and test sides with no speaker in common.

A protocol is one registered function. It sees speakers, not audio, and returns folds; what holds for all of them (no
copy of a recording on two sides, no class that is never learned, a fingerprint) is seen to afterwards.
"""

from .base import SpeakerTable, list_protocols, register_protocol, speaker_folds
from .clip_table import ClipTable, corpus_fingerprint
from .columns import ProtocolError, SpeakerOverlapError
from .cross_corpus import cross_corpus
from .fixed import fixed
from .fold import Fold
from .grouped import grouped
from .leave_one_out import leave_one_session_out, leave_one_speaker_out, leave_one_speaker_out_session_partner
from .official import official
from .published import luna_jimenez_5
from .random_split import random_split
from .saving import load_folds, save_folds

__all__ = [
    "ClipTable",
    "Fold",
    "ProtocolError",
    "SpeakerOverlapError",
    "SpeakerTable",
    "corpus_fingerprint",
    "cross_corpus",
    "fixed",
    "grouped",
    "leave_one_session_out",
    "leave_one_speaker_out",
    "leave_one_speaker_out_session_partner",
    "list_protocols",
    "load_folds",
    "luna_jimenez_5",
    "official",
    "random_split",
    "register_protocol",
    "save_folds",
    "speaker_folds",
]
