"""A user's own words for emotions, as common names or classes of their own."""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..labels import EMOTIONS, LabelError, near_emotions, normalize_emotion

__all__ = ["map_words", "split_words"]

logger = logging.getLogger(__name__)


def map_words(
    words: Sequence[Any],
    labels: Mapping[str, str | None] | Sequence[str] | None = None,
    new_labels: Collection[str] = (),
) -> list[str | None]:
    """The emotion of each row.

    Args:
        words: The user's word in each row; numbers count as their digits.
        labels: Own word -> emotion, or None to leave its rows out; or, where the words are the numbers 0, 1, ..., the
            list of their names. Words that are not listed are looked up in the common vocabulary.
        new_labels: Classes outside the vocabulary, as `check_new_labels` gives them.

    Returns:
        One entry per row: the emotion, or None where `labels` leaves the row out.

    Raises:
        LabelError: Words are neither known nor mapped: each is named with its count and the fix; or `labels` maps to a
            name that is not known.
    """
    own = _targets(labels, new_labels)
    counts = Counter(_word(word) for word in words)
    target: dict[str, str | None] = {}
    unknown: dict[str, int] = {}
    lower = {word.lower(): word for word in own}
    used = set()
    for word, count in counts.most_common():
        key = word if word in own else lower.get(word.lower())
        if key is not None:
            target[word] = own[key]
            used.add(key)
            continue
        try:
            target[word] = normalize_emotion(word, new_labels)
        except LabelError:
            unknown[word] = count
    if unknown:
        raise LabelError(_unknown(unknown, new_labels))
    unused = sorted(own.keys() - used)
    if unused:
        logger.warning("labels maps %s, which no row has", ", ".join(map(repr, unused[:5])))
    return [target[_word(word)] for word in words]


def split_words(value: Any) -> list[str]:
    """The words of a multi-label cell: a list, or one string with `;`, `,`, `|` or `/` between them.

    Raises:
        LabelError: It is neither.
    """
    if value is None:
        return []
    if isinstance(value, str):
        for mark in ",|/":
            value = value.replace(mark, ";")
        return [part.strip() for part in value.strip("[] ").split(";") if part.strip(" '\"")]
    if isinstance(value, Collection) and not isinstance(value, Mapping | bytes):
        return [_word(part) for part in value]
    raise LabelError(f"emotions {value!r} is a {type(value).__name__}; expected a list such as ['angry', 'sad']")


def _word(word: Any) -> str:
    if isinstance(word, float) and word.is_integer():
        word = int(word)
    return str(word).strip()


def _targets(
    labels: Mapping[str, str | None] | Sequence[str] | None, new_labels: Collection[str]
) -> dict[str, str | None]:
    if labels is None:
        return {}
    if isinstance(labels, str) or not isinstance(labels, Mapping | Sequence):
        raise LabelError(f"labels={labels!r}; expected a map such as {{'ang': 'angry', 'xxx': None}}, or a list")
    pairs = labels.items() if isinstance(labels, Mapping) else enumerate(labels)
    targets: dict[str, str | None] = {}
    for word, name in pairs:
        try:
            targets[_word(word)] = None if name is None else normalize_emotion(name, new_labels)
        except LabelError as error:
            raise LabelError(f"labels maps {word!r} to {name!r}: {error}") from None
    return targets


def _unknown(unknown: Mapping[str, int], new_labels: Collection[str]) -> str:
    shown = []
    for word, count in list(unknown.items())[:10]:
        near = near_emotions(word, new_labels)
        shown.append(f"{word!r} ({count} rows{f', near {near[0]!r}' if near else ''})")
    more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
    word = next(iter(unknown))
    if all(name.isdecimal() for name in unknown):
        keep = "say what the numbers mean"
    else:
        keep = f"keep them as classes of their own with new_labels={[name.lower() for name in list(unknown)[:3]]!r}"
    return (
        f"{len(unknown)} label(s) are not in the common vocabulary: {', '.join(shown)}{more}. Map them with "
        f"labels={{{word!r}: 'angry', ...}} (None leaves a label's rows out), or {keep}. "
        f"The vocabulary: {', '.join([*EMOTIONS, *new_labels])}"
    )
