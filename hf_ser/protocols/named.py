"""Protocols that leave nothing to chance: published folds, and one fold per speaker."""

import logging

from .base import SpeakerTable, register_protocol
from .fold import Fold, ProtocolError

__all__ = ["leave_one_speaker_out", "luna_jimenez_5"]

logger = logging.getLogger(__name__)

# test actors of the five folds of Luna-Jiménez et al. 2021, "Multimodal Emotion Recognition on RAVDESS Dataset Using
# Transfer Learning", Sensors 21(22), 7665, section 3.1, https://doi.org/10.3390/s21227665
_LUNA_JIMENEZ = ((2, 5, 14, 15, 16), (3, 6, 7, 13, 18), (10, 11, 12, 19, 20), (8, 17, 21, 23, 24), (1, 4, 9, 22))


@register_protocol("luna-jimenez-5", options=["allow_missing_speakers"])
def luna_jimenez_5(table: SpeakerTable, allow_missing_speakers: bool = False) -> list[Fold]:
    """The five folds of Luna-Jimenez et al. 2021 over the 24 actors of RAVDESS.

    Raises:
        ProtocolError: There are speakers of another corpus, or actors are missing.
    """
    groups = [[f"ravdess/{actor:02d}" for actor in actors] for actors in _LUNA_JIMENEZ]
    strange = sorted(set(table.speakers) - {speaker for group in groups for speaker in group})
    if strange:
        raise ProtocolError(
            f"luna-jimenez-5 is a protocol of RAVDESS (speakers ravdess/01 to ravdess/24), the dataset has "
            f"{', '.join(strange[:3])}{', ...' if len(strange) > 3 else ''}; use 'leave-one-speaker-out' or 'grouped'"
        )
    present = set(table.speakers)
    missing = sorted(speaker for group in groups for speaker in group if speaker not in present)
    if missing and not allow_missing_speakers:
        raise ProtocolError(
            f"luna-jimenez-5 needs all 24 actors of RAVDESS; missing: {', '.join(missing)}. Complete the copy, or "
            "pass allow_missing_speakers=True (the result is then no longer comparable with published ones)"
        )
    if missing:
        logger.warning("luna-jimenez-5 without %d of 24 actors: not comparable with published results", len(missing))
    groups = [[speaker for speaker in group if speaker in present] for group in groups]
    return table.cyclic_folds([group for group in groups if group])


@register_protocol("leave-one-speaker-out")
def leave_one_speaker_out(table: SpeakerTable) -> list[Fold]:
    """One fold per speaker, sorted; the next speaker validates.

    Raises:
        ProtocolError: There are fewer than three speakers.
    """
    return table.cyclic_folds([[speaker] for speaker in table.speakers])
