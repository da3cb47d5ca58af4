"""Folds that others published, test speakers as they list them."""

import logging
from collections.abc import Callable, Sequence

from .base import SpeakerTable, register_protocol
from .columns import ProtocolError
from .fold import Fold

__all__ = ["luna_jimenez_5"]

logger = logging.getLogger(__name__)

# test actors of the five folds of Luna-Jiménez et al. 2021, "Multimodal Emotion Recognition on RAVDESS Dataset Using
# Transfer Learning", Sensors 21(22), 7665, section 3.1, https://doi.org/10.3390/s21227665
_LUNA_JIMENEZ = ((2, 5, 14, 15, 16), (3, 6, 7, 13, 18), (10, 11, 12, 19, 20), (8, 17, 21, 23, 24), (1, 4, 9, 22))

# test speakers of the fold lists of EmoBox (Ma et al. 2024, "EmoBox: Multilingual Multi-corpus Speech Emotion
# Recognition Toolkit and Benchmark", Interspeech); its IEMOCAP folds are leave-one-session-out
_EMOBOX: dict[str, tuple[str, str, tuple[tuple[int | str, ...], ...]]] = {
    "emobox-ravdess-6": (
        "RAVDESS",
        "ravdess",
        ((1, 11, 20, 21), (4, 10, 12, 14), (8, 9, 19, 23), (3, 5, 7, 24), (2, 15, 16, 18), (6, 13, 17, 22)),
    ),
    "emobox-cafe-3": ("CaFE", "cafe", ((1, 7, 8, 10), (2, 4, 9, 12), (3, 5, 6, 11))),
    "emobox-emovo-6": ("EMOVO", "emovo", (("f2",), ("m3",), ("m2",), ("f3",), ("f1",), ("m1",))),
    "emobox-esd-5": (
        "ESD",
        "esd",
        ((5, 11, 16, 18), (12, 14, 15, 19), (3, 4, 6, 9), (7, 8, 13, 20), (1, 2, 10, 17)),
    ),
    "emobox-jl-4": ("JL-Corpus", "jl", (("male2",), ("female1",), ("male1",), ("female2",))),
    "emobox-savee-4": ("SAVEE", "savee", (("je",), ("kl",), ("dc",), ("jk",))),
}


def _published_folds(
    table: SpeakerTable,
    protocol: str,
    title: str,
    corpus: str,
    groups: Sequence[Sequence[int | str]],
    allow_missing_speakers: bool,
) -> list[Fold]:
    """Cyclic folds over published groups of speakers: numbers, or names whose case does not matter."""
    members = [member for group in groups for member in group]
    known = {_plain(speaker, corpus): speaker for speaker in table.speakers}
    strange = sorted(speaker for plain, speaker in known.items() if plain not in members)
    shown = {
        member: f"{corpus}/{member:02d}" if isinstance(member, int) else f"{corpus}/{member}" for member in members
    }
    if strange:
        raise ProtocolError(
            f"{protocol} is a protocol of {title} (speakers {min(shown.values())} to {max(shown.values())}), the "
            f"dataset has {', '.join(strange[:3])}{', ...' if len(strange) > 3 else ''}; use 'leave-one-speaker-out' "
            "or 'grouped'"
        )
    missing = sorted(shown[member] for member in members if member not in known)
    if missing and not allow_missing_speakers:
        raise ProtocolError(
            f"{protocol} needs all {len(members)} speakers of {title}; missing: {', '.join(missing)}. Complete the "
            "copy, or pass allow_missing_speakers=True (the result is then no longer comparable with published ones)"
        )
    if missing:
        logger.warning(
            "%s without %d of %d speakers: not comparable with published results", protocol, len(missing), len(members)
        )
    present = [[known[member] for member in group if member in known] for group in groups]
    return table.cyclic_folds([group for group in present if group])


def _plain(speaker: str, corpus: str) -> int | str:
    whose, _, name = speaker.rpartition("/")
    if whose != corpus:
        return speaker
    return int(name) if name.isdecimal() else name.lower()


@register_protocol("luna-jimenez-5", options=["allow_missing_speakers"])
def luna_jimenez_5(table: SpeakerTable, allow_missing_speakers: bool = False) -> list[Fold]:
    """The five folds of Luna-Jimenez et al. 2021 over the 24 actors of RAVDESS.

    Raises:
        ProtocolError: There are speakers of another corpus, or actors are missing.
    """
    return _published_folds(table, "luna-jimenez-5", "RAVDESS", "ravdess", _LUNA_JIMENEZ, allow_missing_speakers)


def _emobox(name: str) -> Callable[..., list[Fold]]:
    title, corpus, groups = _EMOBOX[name]

    @register_protocol(name, options=["allow_missing_speakers"])
    def protocol(table: SpeakerTable, allow_missing_speakers: bool = False) -> list[Fold]:
        return _published_folds(table, name, title, corpus, groups, allow_missing_speakers)

    protocol.__doc__ = f"""The folds of EmoBox over the speakers of {title}; EmoBox names no validation side.

    Raises:
        ProtocolError: There are speakers of another corpus, or speakers are missing.
    """
    return protocol


for _name in _EMOBOX:
    _emobox(_name)
