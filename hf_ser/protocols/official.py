"""The split that a corpus's authors publish, from the column `split`."""

import logging
from collections import Counter

import numpy as np

from .base import SpeakerTable, register_protocol
from .columns import ProtocolError, SpeakerOverlapError
from .fold import Fold

__all__ = ["official"]

logger = logging.getLogger(__name__)

_SPELLINGS = {"training": "train"} | dict.fromkeys(("valid", "val", "dev", "development"), "validation")


@register_protocol("official", options=["test", "accept_speaker_overlap"], needs_speakers=False)
def official(table: SpeakerTable, test: str = "test", accept_speaker_overlap: bool = False) -> list[Fold]:
    """One fold: rows of the splits "train" and "validation" (also "dev", "development") and of a test split.

    Rows of other splits are not used. The fold is named by its test split.

    Args:
        table: The dataset.
        test: Name of the test split; corpora with several call them "test", "test2", ...
        accept_speaker_overlap: Take a split whose speakers overlap or are not all known; the fold is then marked.

    Raises:
        ProtocolError: There is no column `split`, a side is empty, or rows have no speaker.
        SpeakerOverlapError: A speaker is on two sides.
    """
    why = "its corpus publishes no split; use 'grouped' or 'leave-one-speaker-out'"
    named = table.column("split", why)
    splits = np.array([_SPELLINGS.get(name.lower(), name.lower()) for name in named.tolist()], dtype=object)
    counts = Counter(splits.tolist())
    wanted = ["train", "validation", str(test).strip().lower()]
    if wanted[2] in wanted[:2] or not all(counts[side] for side in wanted):
        found = ", ".join(f"{name!r} ({count} rows)" for name, count in sorted(counts.items()))
        raise ProtocolError(
            f"the official split needs 'train', 'validation' and test={test!r}; the column 'split' has {found}; name "
            "one of the others with test=..., or use 'grouped'"
        )
    masks = [splits == side for side in wanted]
    unused = sorted(counts.keys() - set(wanted))
    if unused:
        logger.info("official: rows of the splits %s are not used", ", ".join(unused))
    on = np.stack([np.bincount(table.codes[mask], minlength=len(table.speakers)) > 0 for mask in masks])
    shared = [table.speakers[code] for code in np.flatnonzero(on.sum(axis=0) > 1).tolist() if table.speakers[code]]
    unknown = "" in table.speakers and bool(on[:, table.speakers.index("")].any())
    accept = "pass accept_speaker_overlap=True (results then say so), or use 'grouped'"
    if shared and accept_speaker_overlap is not True:
        raise SpeakerOverlapError(
            f"the official split has {len(shared)} speaker(s) on two sides ({', '.join(shared[:5])}"
            f"{', ...' if len(shared) > 5 else ''}), so it is not speaker-independent; {accept}"
        )
    if unknown and accept_speaker_overlap is not True:
        raise ProtocolError(
            f"rows of the official split have no speaker, so it cannot be told to be speaker-independent; {accept}"
        )
    return [
        table.fold_of_rows(0, *masks, title=[wanted[2]], speaker_independent=not (shared or unknown))  # type: ignore[arg-type]
    ]
