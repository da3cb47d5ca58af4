"""Speaker-independent protocols: rows of a dataset -> train, validation and test sides with no speaker in common.

A protocol is one registered function. It sees speakers, not audio, and returns folds.
"""

from .base import SpeakerTable, list_protocols, register_protocol, speaker_folds
from .fold import Fold, ProtocolError, SpeakerOverlapError
from .grouped import grouped
from .named import leave_one_speaker_out, luna_jimenez_5

__all__ = [
    "Fold",
    "ProtocolError",
    "SpeakerOverlapError",
    "SpeakerTable",
    "grouped",
    "leave_one_speaker_out",
    "list_protocols",
    "luna_jimenez_5",
    "register_protocol",
    "speaker_folds",
]
