"""Which column of a user's table holds what: by common names, or as the user says."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from .base import CorpusError

__all__ = ["ROLES", "match_columns"]

# the first name of each role is ours, and wins where a table has several
ROLES: dict[str, tuple[str, ...]] = {
    "audio": ("audio", "path", "file", "filename", "filepath", "wav", "wavpath", "wavfile", "audiopath", "audiofile",
              "audiofilename", "audiofilepath", "recording"),
    "emotion": ("emotion", "label", "class", "emo", "emotionlabel", "category"),
    "emotions": ("emotions", "labels", "emotionlist"),
    "speaker": ("speaker", "speakerid", "spk", "spkid", "subject", "subjectid", "actor", "actorid", "clientid"),
    "sex": ("sex", "gender"),
    "label": ("label",),
    "clip": ("clip", "clipid", "utteranceid", "uttid"),
    "corpus": ("corpus",),
    "arousal": ("arousal", "activation"),
    "valence": ("valence",),
    "dominance": ("dominance",),
    "session": ("session", "sessionid"),
    "split": ("split", "partition", "splitset"),
    "text": ("text", "transcript", "transcription", "sentence"),
}  # fmt: skip


def match_columns(available: Sequence[str], said: Mapping[str, str | None], where: str) -> dict[str, str]:
    """Find the column of each role in a table.

    Args:
        available: The table's column names; case, blanks, hyphens and underscores do not matter.
        said: Role -> column that the user named, None where nothing was said.
        where: What messages call the table.

    Returns:
        Role -> column, for the roles that were found.

    Raises:
        CorpusError: A named column is not there, or a role fits several columns.
    """
    found: dict[str, str] = {}
    for role, column in said.items():
        if column is not None:
            found[role] = _named(available, role, column, where)
    taken = set(found.values())
    for role, names in ROLES.items():
        if role in found:
            continue
        fits = [column for column in available if _plain(column) in names and column not in taken]
        own = [column for column in fits if _plain(column) == names[0]]
        if len(fits) > 1 and len(own) != 1:
            raise CorpusError(
                f"{where} has several columns that could hold the {role}: {_listed(fits)}; "
                f"say which: {role}_column={fits[0]!r}"
            )
        if fits:
            found[role] = (own or fits)[0]
            taken.add(found[role])
    return found


def _named(available: Sequence[str], role: str, column: str, where: str) -> str:
    if column in available:
        return column
    near = difflib.get_close_matches(str(column), available, n=2)
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    raise CorpusError(f"{role}_column={column!r}: {where} has no such column; {hint}Its columns: {_listed(available)}")


def _plain(column: str) -> str:
    return "".join(letter for letter in str(column).lower() if letter.isalnum())


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(map(repr, columns)) or "none"
