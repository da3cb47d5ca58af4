"""One fold per speaker, or per session."""

from collections import defaultdict

from .base import SpeakerTable, register_protocol
from .columns import ProtocolError, column
from .fold import Fold

__all__ = ["leave_one_session_out", "leave_one_speaker_out", "leave_one_speaker_out_session_partner"]

_NO_SESSIONS = (
    "add it (the recording session of each clip, as load_corpus gives it for IEMOCAP and MSP-IMPROV), or use "
    "'leave-one-speaker-out' or 'grouped'"
)


@register_protocol("leave-one-speaker-out")
def leave_one_speaker_out(table: SpeakerTable) -> list[Fold]:
    """One fold per speaker, sorted; the next speaker validates.

    Raises:
        ProtocolError: There are fewer than three speakers.
    """
    return table.cyclic_folds([[speaker] for speaker in table.speakers])


@register_protocol("leave-one-session-out")
def leave_one_session_out(table: SpeakerTable) -> list[Fold]:
    """One fold per session, sorted; the next session validates. EmoBox and most papers do so on IEMOCAP (5 folds).

    Raises:
        ProtocolError: There is no column `session`, fewer than three sessions, or a speaker of several sessions.
    """
    return table.cyclic_folds(list(_sessions(table).values()))


@register_protocol("leave-one-speaker-out-session-partner")
def leave_one_speaker_out_session_partner(table: SpeakerTable) -> list[Fold]:
    """One fold per speaker, sorted; the other speakers of the test speaker's session validate.

    So no voice of the test session's conversations is trained on: the ten runs of the AlexNet system on IEMOCAP.

    Raises:
        ProtocolError: There is no column `session`, a single session, a session of one speaker, or a speaker of
            several sessions.
    """
    sessions = _sessions(table)
    partners: dict[str, list[str]] = {}
    for session, speakers in sessions.items():
        if len(speakers) < 2:
            raise ProtocolError(
                f"session {session!r} has a single speaker ({speakers[0]}), who has no partner to validate on; use "
                "'leave-one-session-out' or 'leave-one-speaker-out'"
            )
        partners |= {speaker: [other for other in speakers if other != speaker] for speaker in speakers}
    if len(sessions) < 2:
        raise ProtocolError("the dataset has 1 session; with test and validation in one, at least 2 are needed")
    return [table.fold(number, partners[speaker], [speaker]) for number, speaker in enumerate(table.speakers)]


def _sessions(table: SpeakerTable) -> dict[str, list[str]]:
    """Speakers of each session, both sorted; sessions of two corpora are two even if they are named alike."""
    sessions = table.column("session", _NO_SESSIONS).tolist()
    corpora = column(table.dataset, "corpus") or [None] * len(sessions)
    of_speaker: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for code, corpus, session in zip(table.codes.tolist(), corpora, sessions, strict=True):
        of_speaker[code].add((str(corpus or ""), session))
    several = [table.speakers[code] for code, where in sorted(of_speaker.items()) if len(where) > 1]
    if several:
        raise ProtocolError(
            f"{len(several)} speaker(s) are in more than one session ({', '.join(several[:3])}), so sessions do not "
            "keep speakers apart; use 'leave-one-speaker-out' or 'grouped'"
        )
    members: dict[tuple[str, str], list[str]] = defaultdict(list)
    for code, where in sorted(of_speaker.items()):
        members[next(iter(where))].append(table.speakers[code])
    return {"/".join(filter(None, session)): members[session] for session in sorted(members)}
