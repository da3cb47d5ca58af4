"""What protocols share: the dataset as they see it, their registry, and `speaker_folds`."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .fold import Fold, ProtocolError, speaker_column

__all__ = ["SpeakerTable", "list_protocols", "register_protocol", "speaker_folds"]


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

    @cached_property
    def _rows(self) -> np.ndarray:
        # as objects, so that the row lists of all folds share their integers
        return np.arange(len(self.codes)).astype(object)

    @cached_property
    def _mixed(self) -> bool:
        # speakers of several corpora, whose names tell them apart only with the corpus in front
        return len({speaker.rpartition("/")[0] for speaker in self.speakers}) > 1

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
            name=_fold_name(number, test if self._mixed else [speaker.rsplit("/", 1)[-1] for speaker in test]),
            train=self._rows[self.rows_of(train)].tolist(),
            validation=self._rows[self.rows_of(validation)].tolist(),
            test=self._rows[self.rows_of(test)].tolist(),
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
    shown = test if len(test) <= 6 else [*test[:5], f"and-{len(test) - 5}-more"]
    name = "-".join([str(number), *shown])
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
        seed: Seed of the protocols that draw, at least 0; the others give the same folds for any.
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
    speakers, codes = np.unique(np.asarray(speaker_column(dataset), dtype=str), return_inverse=True)
    return function(SpeakerTable(tuple(speakers.tolist()), codes, dataset), **options)
