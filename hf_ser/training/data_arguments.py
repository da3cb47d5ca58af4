"""Which recordings to train on, and how their speakers are split."""

from dataclasses import dataclass, field
from typing import Any

import datasets

from ..corpora import combine_corpora, load_corpus
from ..corpora.own_sources import own_source
from ..protocols import Fold, ProtocolError, load_folds, speaker_folds
from .json_settings import json_object, json_value


@dataclass
class CorpusArguments:
    """Which recordings to read, and what to call their emotions.

    Raises:
        ValueError: if a JSON setting cannot be read, or corpora and folders do not pair up.
    """

    corpus: list[str] = field(
        default_factory=lambda: ["ravdess"],
        metadata={
            "help": "Corpora, see `hf-ser corpora`; or folder, csv, json, parquet for recordings of your own. Several "
            "are put together."
        },
    )
    data_dir: list[str] = field(
        default_factory=list, metadata={"help": "Folder (or manifest file) of each corpus, in the same order."}
    )
    corpus_options: dict | str | None = field(
        default=None,
        metadata={
            "help": 'JSON: options of load_corpus, such as \'{"channel": "song"}\'; for several corpora by name.'
        },
    )
    speaker_column: str | None = field(default=None, metadata={"help": "Column of a manifest that holds the speaker."})
    speaker_pattern: str | None = field(
        default=None, metadata={"help": "Regular expression that finds the speaker in a path, in its first group."}
    )
    merge: dict | str | None = field(
        default=None, metadata={"help": 'JSON: emotion -> the emotion that takes it in, \'{"calm": "neutral"}\'.'}
    )
    drop: list[str] = field(default_factory=list, metadata={"help": "Emotions to leave out."})
    new_labels: list[str] = field(
        default_factory=list, metadata={"help": "Classes of your own, outside the common vocabulary."}
    )
    combined_labels: list[str] = field(
        default_factory=lambda: ["all"],
        metadata={"help": "Emotions of several corpora put together: all, shared, or their names."},
    )

    def __post_init__(self) -> None:
        """Read JSON, and let one name stand for a list of one."""
        for name in ("corpus", "data_dir", "drop", "new_labels", "combined_labels"):
            value = getattr(self, name)
            if isinstance(value, str):
                setattr(self, name, [value] if value else [])
        if not isinstance(self.corpus_options, list):
            self.corpus_options = json_value("corpus_options", self.corpus_options)
        self.merge = json_object("merge", self.merge)

    @property
    def corpus_name(self) -> str:
        """The corpora in one word, for tables."""
        return "+".join(self.corpus)


@dataclass
class DataArguments(CorpusArguments):
    """Which recordings to train on, and how their speakers are split."""

    protocol: str = field(
        default="luna-jimenez-5", metadata={"help": "How speakers are split, see hf_ser.speaker_folds."}
    )
    num_folds: int | None = field(default=None, metadata={"help": "Number of folds, where the protocol asks."})
    fold_seed: int = field(default=0, metadata={"help": "Seed of the protocols that draw their folds."})
    protocol_options: dict | str | None = field(
        default=None, metadata={"help": 'JSON: further options of the protocol, \'{"test": "emodb"}\'.'}
    )
    test_speakers: list[str] = field(default_factory=list, metadata={"help": "Protocol 'fixed': who is tested."})
    validation_speakers: list[str] = field(
        default_factory=list, metadata={"help": "Protocol 'fixed': who is chosen on."}
    )
    accept_speaker_overlap: bool = field(
        default=False, metadata={"help": "Consent to folds that share speakers (protocol 'random'); results say so."}
    )
    allow_missing_classes: bool = field(
        default=False,
        metadata={"help": "Accept folds whose training side lacks a class that is validated or tested."},
    )
    folds_file: str | None = field(
        default=None, metadata={"help": "Take the folds that `hf-ser folds --save` wrote, instead of making them."}
    )
    train_on_validation: bool = field(
        default=False,
        metadata={
            "help": "Train on the validation speakers too and validate nothing: for settings that are fixed already."
        },
    )
    duplicates: str = field(
        default="content", metadata={"help": "Keep copies of a recording on one side: 'content', or 'off'."}
    )
    folds: str = field(
        default="0",
        metadata={
            "help": "Folds to run: numbers such as '0' or '0,2', 'all', or 'none' to train once on every speaker but "
            "the held-out ones, without validation or test."
        },
    )
    held_out_speakers: list[str] = field(
        default_factory=list, metadata={"help": "Speakers whose clips are left out altogether, such as ravdess/23."}
    )

    def __post_init__(self) -> None:
        """Read JSON, and let one name stand for a list of one."""
        super().__post_init__()
        for name in ("test_speakers", "validation_speakers", "held_out_speakers"):
            value = getattr(self, name)
            setattr(self, name, [value] if isinstance(value, str) else list(value))
        self.folds = str(self.folds)
        self.protocol_options = json_object("protocol_options", self.protocol_options)


def load_data(data: CorpusArguments) -> datasets.Dataset:
    """Read the recordings that the arguments name; several corpora are put together.

    Raises:
        ValueError: if there is not one folder for each corpus.
        CorpusError: as `load_corpus` and `combine_corpora`.
        LabelError: as `load_corpus` and `combine_corpora`.
    """
    if len(data.corpus) != len(data.data_dir):
        raise ValueError(
            f"corpus is {data.corpus} and data_dir is {data.data_dir}; name one folder for each corpus (--data_dir)"
        )
    naming: dict[str, Any] = {"merge": data.merge or None, "drop": data.drop, "new_labels": data.new_labels}
    if len(data.corpus) == 1:
        return load_corpus(data.corpus[0], data.data_dir[0], **naming, **_options(data, 0))
    parts = [
        load_corpus(name, folder, new_labels=data.new_labels, **_options(data, number))
        for number, (name, folder) in enumerate(zip(data.corpus, data.data_dir, strict=True))
    ]
    labels = data.combined_labels
    return combine_corpora(parts, labels[0] if labels in (["all"], ["shared"]) else labels, **naming)


def _options(data: CorpusArguments, number: int) -> dict[str, Any]:
    """Options of the corpus of this number; those about columns and speakers are for recordings of one's own."""
    name = data.corpus[number]
    given: Any = data.corpus_options
    if isinstance(given, list):
        if len(given) != len(data.corpus):
            raise ValueError(
                f"corpus_options lists options of {len(given)} corpora, but corpus is {data.corpus}; give one object "
                "for each, {} for none"
            )
        options = dict(given[number])
    else:
        options = dict(given) if len(data.corpus) == 1 else dict(given.get(name, {}))
    if own_source(name) is not None:
        own: dict[str, Any] = {"speaker_column": data.speaker_column, "speaker_pattern": data.speaker_pattern}
        own["allow_unknown_speakers"] = getattr(data, "protocol", None) == "random" or None
        options = {option: value for option, value in own.items() if value is not None} | options
    return options


def choose_folds(corpus: datasets.Dataset, data: DataArguments) -> list[tuple[int, Fold]]:
    """The folds to run, with their numbers.

    Raises:
        ValueError: if a fold is asked for that the protocol does not have.
        ProtocolError: if the protocol or the file of folds does not suit the corpus or the other settings.
        FileNotFoundError: if there is no such file of folds.
    """
    return pick_folds(every_fold(corpus, data), data)


def pick_folds(folds: list[Fold], data: DataArguments) -> list[tuple[int, Fold]]:
    """Those of all folds that `data.folds` names, with their numbers.

    Raises:
        ValueError: if a fold is asked for that is not there.
    """
    wanted = [str(number) for number in range(len(folds))] if data.folds == "all" else data.folds.split(",")
    bad = [number for number in wanted if not number.strip().isdigit() or int(number) >= len(folds)]
    if bad:
        raise ValueError(f"folds is {data.folds!r}, expected numbers from 0 to {len(folds) - 1}, 'all' or 'none'")
    return [(int(number), folds[int(number)]) for number in wanted]


def every_fold(corpus: datasets.Dataset, data: DataArguments) -> list[Fold]:
    """All folds of the protocol, or of the file that `data.folds_file` names.

    Raises:
        ProtocolError: if the protocol or the file does not suit the corpus or the other settings.
        FileNotFoundError: if there is no such file.
    """
    if data.folds_file is not None:
        return _saved_folds(corpus, data, data.folds_file)
    named: dict[str, Any] = {"k": data.num_folds, "accept_speaker_overlap": data.accept_speaker_overlap}
    named |= {"test_speakers": data.test_speakers, "validation_speakers": data.validation_speakers}
    options: dict[str, Any] = json_object("protocol_options", data.protocol_options)
    options |= {name: value for name, value in named.items() if value not in (None, [], False)}
    options |= {"duplicates": data.duplicates, "allow_missing_classes": data.allow_missing_classes}
    return speaker_folds(corpus, protocol=data.protocol, seed=data.fold_seed, **options)


# settings that say how folds are made
_MAKING = (
    *("num_folds", "fold_seed", "protocol_options", "test_speakers", "validation_speakers"),
    *("allow_missing_classes", "duplicates"),
)


def _saved_folds(corpus: datasets.Dataset, data: DataArguments, file: str) -> list[Fold]:
    """Folds out of a file; settings that it would silently win over are refused."""
    usual = DataArguments()
    making = [name for name in _MAKING if getattr(data, name) != getattr(usual, name)]
    if making:
        raise ProtocolError(
            f"folds_file is {file!r}, whose folds are made already, but {', '.join(making)} would make others; leave "
            "that out, or leave folds_file out"
        )
    folds = load_folds(file, corpus)
    others = sorted({fold.protocol or "none" for fold in folds} - {data.protocol})
    if others and data.protocol != usual.protocol:
        raise ProtocolError(
            f"protocol is {data.protocol!r}, but the folds in {file!r} are of protocol {others[0]!r}; leave protocol "
            "out, or name a file of its folds"
        )
    if not data.accept_speaker_overlap and not all(fold.speaker_independent for fold in folds):
        raise ProtocolError(
            f"the folds in {file!r} may have a speaker on two sides; accept it with --accept_speaker_overlap, which "
            "results will say, or name a file of speaker-independent folds"
        )
    return folds
