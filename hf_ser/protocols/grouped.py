"""k groups of speakers that are alike in clips, classes and sexes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .base import SpeakerTable, register_protocol
from .columns import ProtocolError, column
from .fold import Fold
from .options import folds_option, seed_option

__all__ = ["grouped"]

_MOST_TO_EXCHANGE = 500  # speakers; beyond, dealing out alone is even enough, and trying all pairs slow


@register_protocol("grouped", options=["k", "seed"])
def grouped(table: SpeakerTable, k: int = 5, seed: int = 0) -> list[Fold]:
    """`k` groups of speakers, balanced by clips, classes, speakers and sexes.

    Speakers are dealt out largest first, each to the group that leaves the sums of squares of all these shares
    smallest, ties broken by `seed`; then (up to 500 speakers) pairs are exchanged as long as that helps.

    Raises:
        ProtocolError: `k` is no integer, below 3 or above the number of speakers; `seed` is no integer, or negative.
    """
    count, k, seed = len(table.speakers), folds_option(k), seed_option(seed)
    if not 3 <= k <= count:
        raise ProtocolError(
            f"k={k} groups for {count} speaker(s); expected 3 (train, validation and test) to {count} "
            "(one group per speaker)"
        )
    group = balanced_groups(shares_of(table), k, np.random.default_rng(seed))
    return table.cyclic_folds([[table.speakers[s] for s in np.flatnonzero(group == g)] for g in range(k)])


def shares_of(
    table: SpeakerTable, speakers: np.ndarray | None = None, more: Mapping[str, Sequence[Any]] | None = None
) -> np.ndarray:
    """Of each quantity to balance, the share that each speaker holds.

    Args:
        table: The dataset.
        speakers: Codes of the speakers to share among; all if not given.
        more: Further quantities that speakers have, besides their sex: name -> value of each row.

    Returns:
        Shape (speakers, quantities); columns sum to 1.
    """
    count = len(table.speakers)
    columns = [np.ones(count), np.bincount(table.codes, minlength=count).astype(float)]
    names, rows, codes = table.classes
    held = np.zeros((count, len(names)))
    np.add.at(held, (table.codes[rows], codes), 1.0)
    columns += list(held.T)
    for values in (column(table.dataset, "sex"), *(more or {}).values()):
        if values is not None:
            kinds, kind = np.unique(np.asarray([str(value) for value in values]), return_inverse=True)
            held = np.zeros((count, len(kinds)))
            held[table.codes, kind] = 1.0
            columns += list(held.T)
    shares = np.stack(columns, axis=1)[slice(None) if speakers is None else speakers]
    totals = shares.sum(axis=0)
    return shares[:, totals > 0] / totals[totals > 0]


def balanced_groups(shares: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Deal speakers out to groups that are alike.

    Args:
        shares: What each speaker holds of each quantity, shape (speakers, quantities).
        k: Number of groups, at most as many as speakers.
        rng: Breaks ties.

    Returns:
        Group of each speaker, shape (speakers,); every group gets at least one.
    """
    order = rng.permutation(len(shares))
    order = order[np.argsort(-shares[order].sum(axis=1), kind="stable")]
    group = np.empty(len(shares), dtype=np.int64)
    totals = np.zeros((k, shares.shape[1]))
    for speaker in order:
        # adding x to a group's totals t raises the sum of squares by 2 t.x + x.x: an empty group always comes first
        group[speaker] = np.argmin(totals @ shares[speaker])
        totals[group[speaker]] += shares[speaker]
    if len(shares) <= _MOST_TO_EXCHANGE:
        _exchange(group, totals, shares)
    return group


def _exchange(group: np.ndarray, totals: np.ndarray, shares: np.ndarray) -> None:
    """Swap the two speakers whose exchange lowers the sum of squares most, until none does (in place)."""
    inner = shares @ shares.T
    squares = np.diag(inner)
    distance = squares[:, None] + squares[None, :] - 2 * inner
    for _ in range(10 * len(shares)):
        cross = totals[group] @ shares.T
        gain = cross + cross.T - np.diag(cross)[:, None] - np.diag(cross)[None, :] + distance
        gain[group[:, None] == group[None, :]] = 0.0
        one, other = np.unravel_index(np.argmin(gain), gain.shape)
        if gain[one, other] > -1e-12:
            return
        change = shares[other] - shares[one]
        totals[group[one]] += change
        totals[group[other]] -= change
        group[one], group[other] = group[other], group[one]
