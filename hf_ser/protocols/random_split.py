"""Clips dealt out whoever speaks them: not speaker-independent, and only by consent."""

import numpy as np

from .base import SpeakerTable, register_protocol
from .columns import ProtocolError
from .fold import Fold
from .options import consent, folds_option, seed_option, share_option

__all__ = ["random_split"]


@register_protocol(
    "random",
    options=["k", "seed", "validation_share", "test_share", "accept_speaker_overlap"],
    needs_speakers=False,
)
def random_split(
    table: SpeakerTable,
    k: int | None = None,
    seed: int = 0,
    validation_share: float | None = None,
    test_share: float | None = None,
    accept_speaker_overlap: bool = False,
) -> list[Fold]:
    """Clips at random, stratified by class: `k` folds (5 unless said), or one fold with the given shares.

    A speaker is on all sides, so figures are far higher than on new voices; the folds are marked
    (`speaker_independent` is False). Speakers need not be known.

    Args:
        table: The dataset.
        k: Number of folds, each tested once; the next one, cyclic, validates.
        seed: Draws another split. The order of rows does not matter where the dataset has a column `clip`.
        validation_share: In place of `k`: share of the clips that validates; 0.1 if only `test_share` is given.
        test_share: In place of `k`: share of the clips that is tested; 0.1 if only `validation_share` is given.
        accept_speaker_overlap: Must be True.

    Raises:
        ProtocolError: Speaker overlap is not accepted; `k` and shares are both given; a number is out of range.
    """
    consent(accept_speaker_overlap, "protocol 'random' puts clips of one speaker on all sides")
    rng = np.random.default_rng(seed_option(seed))
    shares = (validation_share, test_share)
    if k is not None and shares != (None, None):
        raise ProtocolError(
            f"k={k!r} with validation_share={validation_share!r} and test_share={test_share!r}; give the number of "
            "folds or the shares of one fold, not both"
        )
    order = _by_class(table, rng)
    if shares == (None, None):
        return _folds(table, order, folds_option(5 if k is None else k))
    validation, test = (
        share_option(name, 0.1 if share is None else share)
        for name, share in zip(("validation_share", "test_share"), shares, strict=True)
    )
    if validation + test >= 1:
        raise ProtocolError(f"validation_share={validation} and test_share={test} leave nothing to train on")
    side = np.empty(len(order), dtype=np.int64)
    side[order] = _dealt(len(order), (1 - validation - test, validation, test))
    return [table.fold_of_rows(0, side == 0, side == 1, side == 2, title=["random"], speaker_independent=False)]


def _by_class(table: SpeakerTable, rng: np.random.Generator) -> np.ndarray:
    """All rows, class after class, shuffled within each, shape (rows,)."""
    rows = np.argsort(table.clips.ranks)[rng.permutation(len(table.codes))]
    _, codes = np.unique(np.asarray(table.clips.emotions, dtype=str), return_inverse=True)
    return rows[np.argsort(codes[rows], kind="stable")]


def _folds(table: SpeakerTable, order: np.ndarray, k: int) -> list[Fold]:
    if not 3 <= k <= len(order):
        raise ProtocolError(
            f"k={k} folds for {len(order)} clip(s); expected 3 (train, validation and test) to {len(order)}"
        )
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.arange(len(order)) % k
    folds = []
    for number in range(k):
        test, validation = group == number, group == (number + 1) % k
        masks = (~test & ~validation, validation, test)
        folds.append(table.fold_of_rows(number, *masks, title=["random"], speaker_independent=False))
    return folds


def _dealt(count: int, shares: tuple[float, float, float]) -> list[int]:
    """Side of each clip in turn: always the one furthest behind its share, so that every stretch is even."""
    held, sides = [0, 0, 0], []
    for number in range(1, count + 1):
        behind = [share * number - got for share, got in zip(shares, held, strict=True)]
        side = behind.index(max(behind))
        held[side] += 1
        sides.append(side)
    return sides
