"""Options of protocols, checked with errors that teach."""

from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

from .columns import ProtocolError

__all__ = ["consent", "folds_option", "names_option", "resolve_speakers", "seed_option", "share_option"]


def seed_option(seed: Any) -> int:
    """A seed, checked.

    Raises:
        ProtocolError: It is no integer, or negative.
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise ProtocolError(f"seed={seed!r}; expected an integer of at least 0, such as 0: equal seeds, equal folds")
    return int(seed)


def folds_option(k: Any) -> int:
    """A number of folds, checked to be an integer.

    Raises:
        ProtocolError: It is none.
    """
    if isinstance(k, bool) or not isinstance(k, Integral):
        raise ProtocolError(f"k={k!r}; expected the number of groups, an integer such as 5")
    return int(k)


def share_option(name: str, share: Any) -> float:
    """A share of the clips or speakers, checked to lie between 0 and 1.

    Raises:
        ProtocolError: It does not.
    """
    if isinstance(share, bool) or not isinstance(share, Real) or not 0 < float(share) < 1:
        raise ProtocolError(f"{name}={share!r}; expected a number between 0 and 1, such as 0.2")
    return float(share)


def consent(given: Any, why: str) -> None:
    """Go on only if speakers on two sides are accepted in so many words.

    Raises:
        ProtocolError: They are not: `accept_speaker_overlap` is anything but True.
    """
    if given is not True:
        raise ProtocolError(
            f"{why}: figures say how well known voices are recognised, not new ones. Use 'grouped' or another "
            f"speaker-independent protocol, or pass accept_speaker_overlap=True (got {given!r})"
        )


def names_option(name: str, value: Any, example: str) -> list[str]:
    """One name, several with commas between, or a list of names, as a list without repetitions.

    Raises:
        ProtocolError: There is none.
    """
    if isinstance(value, str):
        parts: Iterable[Any] = value.split(",")
    else:
        parts = value if isinstance(value, Iterable) else [] if value is None else [value]
    names = list(dict.fromkeys(str(part).strip() for part in parts if str(part).strip()))
    if not names:
        raise ProtocolError(f"{name}={value!r}; expected one name or more, such as {name}={example}")
    return names


def resolve_speakers(option: str, wanted: Iterable[str], speakers: Sequence[str]) -> list[str]:
    """Speakers as the dataset names them, from names with the corpus ("ravdess/03") or without ("03").

    Raises:
        ProtocolError: A name fits no speaker, or speakers of several corpora.
    """
    found = []
    for name in wanted:
        fits = [name] if name in speakers else [each for each in speakers if each.rsplit("/", 1)[-1] == name]
        if len(fits) != 1:
            known = ", ".join(fits or speakers[:8]) + (", ..." if not fits and len(speakers) > 8 else "")
            what = "fits several speakers; write the corpus in front" if fits else "is no speaker of the dataset"
            raise ProtocolError(f"{option} names {name!r}, which {what}: {known}")
        found.append(fits[0])
    return found
