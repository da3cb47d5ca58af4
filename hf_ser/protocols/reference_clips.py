"""Which clips of a speaker serve as references, and are therefore not scored."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..audio import load_audio

LEAST_SECONDS = 0.5
# nothing but dither lies below, in dB of full scale
SILENT_DB = -80.0
_KEY = 8


class ReferenceClipError(ValueError):
    """A clip that tells nothing of a voice: too short, or silent."""


def is_known(speaker: str | None) -> bool:
    """Whether a column `speaker` says whose voice it is; corpora write "unknown" where nobody knows."""
    return bool(speaker) and str(speaker).rsplit("/", 1)[-1].lower() != "unknown"


def reference_order(speakers: Sequence[str], clips: int, seed: int) -> dict[str, list[int]]:
    """The order in which clips of each speaker are taken for references.

    Args:
        speakers: of each clip.
        clips: how many are wanted of each speaker.
        seed: of the draw; speakers draw in the order of their names.

    Returns:
        the places of all clips, shuffled, by speaker.

    Raises:
        ValueError: if a speaker is unknown, or none of a speaker's clips would be left to score.
    """
    names = np.array([str(speaker) for speaker in speakers])
    if not all(map(is_known, speakers)):
        raise ValueError(
            "a clip's speaker is not known, expected a name for each: references are clips of the same voice; name "
            "the speakers, or score without references (reference clips 0)"
        )
    generator = np.random.default_rng([seed, _KEY])
    drawn = {}
    for name in np.unique(names).tolist():
        members = np.flatnonzero(names == name)
        if len(members) <= clips:
            raise ValueError(
                f"{clips} reference clips are asked for, but speaker {name!r} has {len(members)} clips, which leaves "
                f"none to score; ask for at most {len(members) - 1}, or leave this speaker out"
            )
        drawn[name] = generator.permutation(members).tolist()
    return drawn


def check_reference_clip(waveform: np.ndarray, sampling_rate: int, name: str, least: float = LEAST_SECONDS) -> None:
    """Make sure that a clip tells something of a voice.

    Args:
        waveform: shape (samples,), in [-1, 1].
        sampling_rate: in Hz.
        name: what errors call it.
        least: shortest clip in s.

    Raises:
        ReferenceClipError: if it is shorter than that, or its peak lies below -80 dB of full scale.
    """
    seconds, peak = len(waveform) / sampling_rate, float(np.abs(waveform).max(initial=0.0))
    if seconds < least:
        raise ReferenceClipError(
            f"{name} lasts {seconds:.2f} s, expected at least {least:g} s of the voice; leave it out, or take "
            "a longer one"
        )
    level = 20.0 * np.log10(max(peak, 1e-10))
    if level < SILENT_DB:
        raise ReferenceClipError(
            f"{name} is silent: its peak is {level:.0f} dB of full scale, expected speech above {SILENT_DB:g} dB; "
            "leave it out, or record it again"
        )


def choose_references(
    audios: Sequence[Any],
    speakers: Sequence[str],
    clips: int,
    seed: int,
    sampling_rate: int = 16_000,
    least: float = LEAST_SECONDS,
) -> dict[str, list[int]]:
    """Draw reference clips of each speaker; clips that are too short or silent serve nobody.

    Args:
        audios: the clips, for `hf_ser.load_audio`.
        speakers: of each.
        clips: how many are wanted of each speaker.
        seed: of the draw, see `reference_order`; the next clip drawn takes the place of one that serves nobody.
        sampling_rate: in Hz, at which clips are read.
        least: shortest clip in s.

    Returns:
        the places of the clips drawn, by speaker.

    Raises:
        ValueError: if a speaker is unknown, or has too few clips.
        AudioError: if a clip cannot be read.
    """
    drawn: dict[str, list[int]] = {}
    for speaker, order in reference_order(speakers, clips, seed).items():
        usable: list[int] = []
        for place in order:
            if len(usable) < clips and _tells_of_a_voice(audios[place], sampling_rate, least):
                usable.append(place)
        if len(usable) < clips:
            raise ValueError(
                f"{clips} reference clips are asked for, but speaker {speaker!r} has {len(usable)} that are long "
                f"enough ({least:g} s) and not silent, among {len(order)} clips; ask for fewer"
            )
        drawn[speaker] = usable
    return drawn


def _tells_of_a_voice(audio: Any, sampling_rate: int, least: float) -> bool:
    try:
        check_reference_clip(load_audio(audio, sampling_rate), sampling_rate, "a clip", least)
    except ReferenceClipError:
        return False
    return True


def reference_protocol(clips: int, *seeds: int) -> str:
    """How a score with references came about, in a line for reports.

    Args:
        clips: of each speaker.
        seeds: of the draws; several where each run drew with its own.
    """
    drawn = f"seed{'' if len(seeds) == 1 else 's'} {', '.join(map(str, seeds))}"
    return (
        f"{clips} unlabelled clips of each speaker, drawn with {drawn}, are given to the model as references and are "
        "not scored"
    )


__all__ = [
    "LEAST_SECONDS",
    "ReferenceClipError",
    "check_reference_clip",
    "choose_references",
    "is_known",
    "reference_order",
    "reference_protocol",
]
