"""Speaker-independent protocols: rows of a dataset -> train, validation and test sides with no speaker in common.

A protocol is one registered function. It sees speakers, not audio, and returns folds; `Fold` refuses a speaker on two
sides however it was made.
"""

import difflib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "Fold",
    "ProtocolError",
    "SpeakerOverlapError",
    "SpeakerTable",
    "list_protocols",
    "register_protocol",
    "speaker_folds",
]

logger = logging.getLogger(__name__)

# test actors of the five folds of Luna-Jimenez et al. 2021, "Multimodal Emotion Recognition on RAVDESS Dataset Using
# Transfer Learning", Sensors 21(22), 7665
_LUNA_JIMENEZ = ((2, 5, 14, 15, 16), (3, 6, 7, 13, 18), (10, 11, 12, 19, 20), (8, 17, 21, 23, 24), (1, 4, 9, 22))


class ProtocolError(ValueError):
    """A protocol is unknown, or the dataset or the options do not suit it."""


class SpeakerOverlapError(ValueError):
    """A speaker, or a row, is on more than one side of a split, so a score would not be speaker-independent."""


@dataclass(frozen=True)
class Fold:
    """One split of a dataset's rows, its speakers disjoint.

    Attributes:
        name: Number of the fold and its test speakers, fit for a folder name.
        train: Row indices to learn from.
        validation: Row indices to choose on.
        test: Row indices to report.
        train_speakers: Speakers of these rows, sorted.
        validation_speakers: Speakers of the validation rows.
        test_speakers: Speakers of the test rows.

    Raises:
        SpeakerOverlapError: A speaker or a row is on two sides.
        ProtocolError: A side is empty.
    """

    name: str
    train: list[int]
    validation: list[int]
    test: list[int]
    train_speakers: tuple[str, ...]
    validation_speakers: tuple[str, ...]
    test_speakers: tuple[str, ...]

    def __post_init__(self) -> None:
        sides = {"train": self.train, "validation": self.validation, "test": self.test}
        for side, rows in sides.items():
            if len(rows) == 0:
                raise ProtocolError(f"fold {self.name!r} has no {side} rows; use fewer folds or more speakers")
        _refuse_overlap(
            self.name,
            {"train": self.train_speakers, "validation": self.validation_speakers, "test": self.test_speakers},
        )
        every = np.concatenate([np.asarray(rows, dtype=np.int64) for rows in sides.values()])
        unique, counts = np.unique(every, return_counts=True)
        if len(unique) < len(every):
            raise SpeakerOverlapError(
                f"fold {self.name!r} has {int((counts > 1).sum())} row(s) more than once (such as row "
                f"{int(unique[counts > 1][0])}); give each row to at most one side"
            )

    def check(self, dataset: Any) -> None:
        """Make sure that the fold still fits a dataset, for instance right before training.

        Args:
            dataset: The dataset whose rows the fold numbers.

        Raises:
            SpeakerOverlapError: In this dataset, a speaker is on two sides.
            ProtocolError: The dataset has no speakers, or too few rows.
        """
        speakers = np.asarray(_speaker_column(dataset), dtype=object)
        last = max(max(self.train), max(self.validation), max(self.test))
        if last >= len(speakers):
            raise ProtocolError(
                f"fold {self.name!r} has row {last}, but the dataset has {len(speakers)} rows; "
                "pass the dataset that the fold was made from"
            )
        _refuse_overlap(
            self.name,
            {side: set(speakers[getattr(self, side)].tolist()) for side in ("train", "validation", "test")},
        )

    def __str__(self) -> str:
        return (
            f"fold {self.name}: {len(self.train)} train, {len(self.validation)} validation "
            f"({', '.join(self.validation_speakers)}), {len(self.test)} test ({', '.join(self.test_speakers)})"
        )


def _refuse_overlap(fold: str, sides: Mapping[str, Iterable[str]]) -> None:
    names = list(sides)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        shared = sorted(set(sides[names[first]]) & set(sides[names[second]]))
        if shared:
            raise SpeakerOverlapError(
                f"fold {fold!r} has {len(shared)} speaker(s) in both {names[first]} and {names[second]}: "
                f"{', '.join(shared[:5])}{', ...' if len(shared) > 5 else ''}; move all their clips to one side"
            )


@dataclass(frozen=True)
class SpeakerTable:
    """A dataset as a protocol sees it.

    Attributes:
        speakers: Distinct speakers, sorted.
        codes: Index into `speakers` of each row, shape (rows,).
        dataset: The dataset itself, for protocols that need further columns.
    """

    speakers: tuple[str, ...]
    codes: np.ndarray
    dataset: Any

    def rows_of(self, speakers: Iterable[str]) -> np.ndarray:
        """Mask of shape (rows,): True where a row belongs to one of these speakers."""
        index = {speaker: code for code, speaker in enumerate(self.speakers)}
        chosen = np.zeros(len(self.speakers), dtype=bool)
        chosen[[index[speaker] for speaker in speakers]] = True
        return chosen[self.codes]

    def fold(self, number: int, validation: Iterable[str], test: Iterable[str]) -> Fold:
        """The fold with these validation and test speakers; all others train."""
        validation, test = sorted(validation), sorted(test)
        train = sorted(set(self.speakers) - set(validation) - set(test))
        return Fold(
            name=_fold_name(number, test),
            train=np.flatnonzero(self.rows_of(train)).tolist(),
            validation=np.flatnonzero(self.rows_of(validation)).tolist(),
            test=np.flatnonzero(self.rows_of(test)).tolist(),
            train_speakers=tuple(train),
            validation_speakers=tuple(validation),
            test_speakers=tuple(test),
        )

    def cyclic_folds(self, groups: Sequence[Sequence[str]]) -> list[Fold]:
        """One fold per group of speakers: that group tests, the next one (cyclic) validates, the others train.

        Raises:
            ProtocolError: There are fewer than three groups, so a side would be empty.
        """
        if len(groups) < 3:
            raise ProtocolError(
                f"{len(groups)} group(s) of speakers cannot fill train, validation and test; at least 3 are needed"
            )
        return [self.fold(number, groups[(number + 1) % len(groups)], group) for number, group in enumerate(groups)]


def _fold_name(number: int, test: Sequence[str]) -> str:
    own = [speaker.rsplit("/", 1)[-1] for speaker in test]
    own = own if len(own) <= 6 else [*own[:5], f"and-{len(own) - 5}-more"]
    name = "-".join([str(number), *own])
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


Protocol = Callable[..., list[Fold]]
_PROTOCOLS: dict[str, tuple[Protocol, frozenset[str]]] = {}


def register_protocol(name: str, *, options: Iterable[str] = ()) -> Callable[[Protocol], Protocol]:
    """Decorator that makes a function a protocol of `speaker_folds`.

    Args:
        name: Its name.
        options: Keyword arguments of the function that `speaker_folds` hands on.
    """

    def register(function: Protocol) -> Protocol:
        _PROTOCOLS[name] = (function, frozenset(options))
        return function

    return register


def list_protocols() -> list[str]:
    """Names that `speaker_folds` takes."""
    return sorted(_PROTOCOLS)


def speaker_folds(
    dataset: Any, protocol: str = "grouped", *, k: int | None = None, seed: int = 0, **options: Any
) -> list[Fold]:
    """Split a dataset into speaker-independent folds.

    Every clip is tested exactly once over the folds, and validation is the next fold, cyclic.

    - `"luna-jimenez-5"`: the five folds of Luna-Jimenez et al. 2021 on RAVDESS. With `allow_missing_speakers=True` a
      partial copy is accepted; folds none of whose test actors are there are left out.
    - `"leave-one-speaker-out"`: one fold per speaker, in sorted order.
    - `"grouped"`: `k` folds (5 unless said), balanced by clips, classes, speakers and, where the dataset has a `sex`
      column, sexes; `seed` draws another of the many balanced splits.

    Args:
        dataset: A `datasets.Dataset`, or any mapping of columns, with a `speaker` column.
        protocol: Name of the protocol.
        k: Number of folds, for protocols that leave it open.
        seed: Seed of the protocols that draw; the others give the same folds for any.
        **options: Further options of the protocol, such as `allow_missing_speakers`.

    Returns:
        The folds, in order.

    Raises:
        ProtocolError: The protocol or an option is unknown, the dataset does not suit it, or there are no speakers.
    """
    if protocol not in _PROTOCOLS:
        near = difflib.get_close_matches(str(protocol), _PROTOCOLS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ProtocolError(f"unknown protocol {protocol!r}; {hint}Known protocols: {', '.join(list_protocols())}")
    function, known = _PROTOCOLS[protocol]
    if k is not None:
        options["k"] = k
    if "seed" in known:
        options["seed"] = seed
    unknown = sorted(options.keys() - known)
    if unknown:
        raise ProtocolError(
            f"protocol {protocol!r} has no option {', '.join(map(repr, unknown))}; "
            f"its options: {', '.join(sorted(known)) or 'none'}"
        )
    speakers, codes = np.unique(np.asarray(_speaker_column(dataset), dtype=str), return_inverse=True)
    return function(SpeakerTable(tuple(speakers.tolist()), codes, dataset), **options)


def _column(dataset: Any, name: str) -> list[Any] | None:
    columns = getattr(dataset, "column_names", None)
    if columns is None:
        columns = list(dataset) if isinstance(dataset, Mapping) else []
    return list(dataset[name][:]) if name in columns else None


def _speaker_column(dataset: Any) -> list[str]:
    speakers = _column(dataset, "speaker")
    why = "without speakers no speaker-independent split can be made"
    if speakers is None:
        raise ProtocolError(f"the dataset has no column 'speaker'; {why}. Rename or add the column")
    if not speakers:
        raise ProtocolError("the dataset has no rows; expected at least three speakers")
    unnamed = [row for row, speaker in enumerate(speakers) if speaker is None or not str(speaker).strip()]
    if unnamed:
        raise ProtocolError(
            f"{len(unnamed)} of {len(speakers)} rows have no speaker (the first is row {unnamed[0]}); {why}. "
            "Name their speakers or leave these rows out"
        )
    return [str(speaker) for speaker in speakers]


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


@register_protocol("grouped", options=["k", "seed"])
def grouped(table: SpeakerTable, k: int = 5, seed: int = 0) -> list[Fold]:
    """`k` groups of speakers, balanced by clips, classes, speakers and sexes.

    Speakers are dealt out largest first, each to the group that leaves the sums of squares of all these shares
    smallest, ties broken by `seed`; then pairs are exchanged as long as that helps.

    Raises:
        ProtocolError: `k` is below 3 or above the number of speakers.
    """
    count = len(table.speakers)
    if not 3 <= k <= count:
        raise ProtocolError(
            f"k={k} groups for {count} speaker(s); expected 3 (train, validation and test) to {count} "
            "(one group per speaker)"
        )
    group = _balanced_groups(_shares(table), k, np.random.default_rng(seed))
    return table.cyclic_folds([[table.speakers[s] for s in np.flatnonzero(group == g)] for g in range(k)])


def _shares(table: SpeakerTable) -> np.ndarray:
    """Of each quantity to balance, the share that each speaker holds: (speakers, quantities), columns sum to 1."""
    count = len(table.speakers)
    columns = [np.ones(count), np.bincount(table.codes, minlength=count).astype(float)]
    for name, per_speaker in (("emotion", False), ("sex", True)):
        values = _column(table.dataset, name)
        if values is None:
            continue
        names, codes = np.unique(np.asarray([str(value) for value in values]), return_inverse=True)
        held = np.zeros((count, len(names)))
        np.add.at(held, (table.codes, codes), 1.0)
        columns += list((held > 0).astype(float).T if per_speaker else held.T)
    shares = np.stack(columns, axis=1)
    return shares / shares.sum(axis=0)


def _balanced_groups(shares: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Group of each speaker, shape (speakers,); every group gets at least one."""
    order = rng.permutation(len(shares))
    order = order[np.argsort(-shares[order].sum(axis=1), kind="stable")]
    group = np.empty(len(shares), dtype=np.int64)
    totals = np.zeros((k, shares.shape[1]))
    for speaker in order:
        # adding x to a group's total t raises the sum of squares by 2 t.x + x.x: an empty group always comes first
        group[speaker] = np.argmin(totals @ shares[speaker])
        totals[group[speaker]] += shares[speaker]
    return group
