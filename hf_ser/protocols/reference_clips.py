"""Which clips of a speaker serve as references, and are therefore not scored."""

from collections.abc import Sequence

import numpy as np

_KEY = 8


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


__all__ = ["is_known", "reference_order"]
