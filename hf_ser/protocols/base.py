"""What protocols share: the dataset as they see it, their registry, and `speaker_folds`."""

import difflib
import inspect
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from .clip_table import ClipTable
from .columns import ProtocolError, classes_of, column, speaker_column
from .finishing import finish_folds
from .fold import Fold

__all__ = ["SpeakerTable", "list_protocols", "register_protocol", "speaker_folds"]


@dataclass(frozen=True)
class SpeakerTable:
    """A dataset as a protocol sees it.

    Attributes:
        speakers: Distinct speakers, sorted; "" is among them where a protocol goes without speakers and some are
            unknown.
        codes: Index into `speakers` of each row, shape (rows,).
        dataset: The dataset itself, for protocols that need further columns.
    """

    speakers: tuple[str, ...]
    codes: np.ndarray
    dataset: Any

    @cached_property
    def clips(self) -> ClipTable:
        """The clips of the dataset, for fingerprints and for orders that no shuffle changes."""
        return ClipTable.of(self.dataset)

    @cached_property
    def classes(self) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Names of the classes; row of each label and its class, both of shape (labels,)."""
        return classes_of(self.dataset)

    @cached_property
    def _rows(self) -> np.ndarray:
        # as objects, so that the row lists of all folds share their integers
        return np.arange(len(self.codes)).astype(object)

    @cached_property
    def _mixed(self) -> bool:
        # speakers of several corpora, whose names tell them apart only with the corpus in front
        return len({speaker.rpartition("/")[0] for speaker in self.speakers}) > 1

    def column(self, name: str, why: str) -> np.ndarray:
        """A column as stripped strings, shape (rows,), that every row must have.

        Args:
            name: Name of the column.
            why: What to do without it, the end of the error message.

        Raises:
            ProtocolError: There is no such column, or rows have no value in it.
        """
        values = column(self.dataset, name)
        if values is None:
            raise ProtocolError(f"the dataset has no column {name!r}; {why}")
        texts = ["" if value is None else str(value).strip() for value in values]
        if "" in texts:
            raise ProtocolError(
                f"{texts.count('')} of {len(texts)} rows have no {name} (the first is row {texts.index('')}); {why}"
            )
        return np.asarray(texts, dtype=object)

    def rows_of(self, speakers: Iterable[str]) -> np.ndarray:
        """Mask of shape (rows,): True where a row belongs to one of these speakers."""
        index = {speaker: code for code, speaker in enumerate(self.speakers)}
        chosen = np.zeros(len(self.speakers), dtype=bool)
        chosen[[index[speaker] for speaker in speakers]] = True
        return chosen[self.codes]

    def speakers_of(self, rows: np.ndarray) -> tuple[str, ...]:
        """Speakers of some rows (a mask or indices), sorted, unknown ones left out."""
        return tuple(self.speakers[code] for code in np.unique(self.codes[rows]).tolist() if self.speakers[code])

    def fold(self, number: int, validation: Iterable[str], test: Iterable[str]) -> Fold:
        """The fold with these validation and test speakers; all others train."""
        validation, test = sorted(validation), sorted(test)
        train = sorted(set(self.speakers) - set(validation) - set(test))
        return self.fold_of_rows(number, self.rows_of(train), self.rows_of(validation), self.rows_of(test))

    def fold_of_rows(
        self,
        number: int,
        train: np.ndarray,
        validation: np.ndarray,
        test: np.ndarray,
        *,
        title: Sequence[str] = (),
        speaker_independent: bool = True,
    ) -> Fold:
        """The fold with these rows; rows on no side are not used.

        Args:
            number: Number of the fold.
            train: Mask of its training rows, shape (rows,).
            validation: Mask of its validation rows.
            test: Mask of its test rows.
            title: What the fold is named by; its test speakers unless given.
            speaker_independent: False if a speaker may be on two sides.
        """
        if not title:
            speakers = self.speakers_of(test)
            title = speakers if self._mixed else [speaker.rsplit("/", 1)[-1] for speaker in speakers]
        return Fold(
            name=_fold_name(number, title),
            train=self._rows[train].tolist(),
            validation=self._rows[validation].tolist(),
            test=self._rows[test].tolist(),
            train_speakers=self.speakers_of(train),
            validation_speakers=self.speakers_of(validation),
            test_speakers=self.speakers_of(test),
            speaker_independent=speaker_independent,
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


def _fold_name(number: int, title: Sequence[str]) -> str:
    shown = title if len(title) <= 6 else [*title[:5], f"and-{len(title) - 5}-more"]
    name = "-".join([str(number), *shown])
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


Protocol = Callable[..., list[Fold]]


class _Registered(NamedTuple):
    function: Protocol
    options: frozenset[str]
    needs_speakers: bool


_PROTOCOLS: dict[str, _Registered] = {}


def register_protocol(
    name: str, *, options: Iterable[str] = (), needs_speakers: bool = True
) -> Callable[[Protocol], Protocol]:
    """Decorator that makes a function a protocol of `speaker_folds`.

    Args:
        name: Its name.
        options: Keyword arguments of the function that `speaker_folds` hands on.
        needs_speakers: Whether every row must have a speaker; if not, the function looks after those it needs.
    """

    def register(function: Protocol) -> Protocol:
        _PROTOCOLS[name] = _Registered(function, frozenset(options), needs_speakers)
        return function

    return register


def list_protocols() -> list[str]:
    """Names that `speaker_folds` takes."""
    return sorted(_PROTOCOLS)


def speaker_folds(
    dataset: Any,
    protocol: str = "grouped",
    *,
    k: int | None = None,
    seed: int = 0,
    duplicates: Literal["content", "off"] = "content",
    allow_missing_classes: bool = False,
    **options: Any,
) -> list[Fold]:
    """Split a dataset into folds of train, validation and test, no speaker on two sides.

    Protocols that test every clip exactly once over their folds; validation is the next fold, cyclic, unless said:

    - `"grouped"`: `k` folds (5 unless said), balanced by clips, classes, speakers and, where the dataset has a `sex`
      column, sexes; `seed` draws another of the many balanced splits.
    - `"leave-one-speaker-out"`: one fold per speaker, in sorted order.
    - `"leave-one-speaker-out-session-partner"`: the same, and the other speaker of the test speaker's session
      validates: "10 folds" on IEMOCAP.
    - `"leave-one-session-out"`: one fold per value of the column `session`: "5 folds" on IEMOCAP.
    - `"luna-jimenez-5"`: the five folds of Luna-Jimenez et al. 2021 on RAVDESS; `"emobox-ravdess-6"` and further
      `"emobox-..."`: those of EmoBox. With `allow_missing_speakers=True` a partial copy is accepted; folds none of
      whose test speakers are there are left out.
    - `"cross-corpus"`: one fold per value of the column `corpus`, trained on the other corpora, some of whose speakers
      validate (`validation_share`, `seed`). With `test="emodb"`, and `train=["ravdess", ...]`, one fold alone.

    Protocols of one fold:

    - `"fixed"`: `test_speakers=[...]`, `validation_speakers=[...]`; the others train.
    - `"official"`: the authors' own, from the column `split`; `test="test2"` for another of several test sets. If
      speakers overlap (MELD), only with `accept_speaker_overlap=True`.

    And one that is not speaker-independent: `"random"`, only with `accept_speaker_overlap=True`: `k` folds, or one
    with `validation_share` and `test_share`, stratified by class. Its folds say so (`fold.speaker_independent`).

    Args:
        dataset: A `datasets.Dataset`, or any mapping of columns, with a `speaker` column.
        protocol: Name of the protocol.
        k: Number of folds, for protocols that leave it open.
        seed: Seed of the protocols that draw, at least 0; the others give the same folds for any.
        duplicates: "content" compares audio files (or bytes) by size, then by content, and leaves a copy of a
            recording on another side out of the lesser one (train before validation before test), so that every clip
            is still tested: `fold.left_out`. "off" opens no file; nor does "content" without a column `audio`.
        allow_missing_classes: Accept folds whose training side lacks a class that is validated or tested.
        **options: Further options of the protocol, such as `allow_missing_speakers`.

    Returns:
        The folds, in order.

    Raises:
        ProtocolError: The protocol or an option is unknown, the dataset does not suit it, there are no speakers, a
            side is empty, or a training side lacks a class.
        SpeakerOverlapError: The authors' split has a speaker on two sides, and that was not accepted.
        FileNotFoundError: An audio file is not there, so copies of it cannot be found.
    """
    if protocol not in _PROTOCOLS:
        near = difflib.get_close_matches(str(protocol), _PROTOCOLS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ProtocolError(f"unknown protocol {protocol!r}; {hint}Known protocols: {', '.join(list_protocols())}")
    if duplicates not in ("content", "off"):
        raise ProtocolError(f"duplicates={duplicates!r}; expected 'content' or 'off'")
    function, known, needs_speakers = _PROTOCOLS[protocol]
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
    names = speaker_column(dataset, required=needs_speakers)
    speakers, codes = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    table = SpeakerTable(tuple(speakers.tolist()), codes, dataset)
    return finish_folds(
        function(table, **options),
        dataset,
        table.clips,
        table.classes,
        protocol=protocol,
        options=_recorded(function, options),
        by_content=duplicates == "content",
        allow_missing_classes=allow_missing_classes,
    )


def _recorded(function: Protocol, options: dict[str, Any]) -> dict[str, Any]:
    """All options with their defaults, those that say nothing left out, as the plain values that JSON gives back."""
    parameters = list(inspect.signature(function).parameters.items())[1:]
    every = {name: parameter.default for name, parameter in parameters} | options
    return json.loads(
        json.dumps({name: every[name] for name in sorted(every) if every[name] is not None}, default=_plain)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return sorted(map(str, value)) if isinstance(value, Iterable) else str(value)
