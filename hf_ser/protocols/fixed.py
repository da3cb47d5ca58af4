"""Speakers for validation and test that the caller names."""

import dataclasses
from collections.abc import Iterable

from .base import SpeakerTable, register_protocol
from .fold import Fold
from .options import names_option, resolve_speakers

__all__ = ["fixed"]


@register_protocol("fixed", options=["test_speakers", "validation_speakers"])
def fixed(
    table: SpeakerTable,
    test_speakers: str | Iterable[str] | None = None,
    validation_speakers: str | Iterable[str] | None = None,
) -> list[Fold]:
    """One fold: these speakers test, those validate, the others train (`--val_id --test_id` of the AlexNet system).

    Args:
        table: The dataset.
        test_speakers: Names, with the corpus in front ("ravdess/03") or without ("03").
        validation_speakers: Likewise.

    Raises:
        ProtocolError: A side is not named, or a name fits no speaker, or several.
        SpeakerOverlapError: A speaker is named for both.
    """
    example = repr([table.speakers[0].rsplit("/", 1)[-1]])
    sides = [
        resolve_speakers(option, names_option(option, names, example), table.speakers)
        for option, names in (("validation_speakers", validation_speakers), ("test_speakers", test_speakers))
    ]
    # however they were written, the same speakers are the same split
    names = {"validation_speakers": sorted(sides[0]), "test_speakers": sorted(sides[1])}
    return [dataclasses.replace(table.fold(0, *sides), options=names)]
