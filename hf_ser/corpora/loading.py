"""A corpus or a user's own data as a `datasets.Dataset`, with everything that does not fit counted and named."""

import inspect
import logging
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..labels import check_new_labels, label_names, merge_labels
from .audio_check import check_audio as audio_report
from .base import Corpus, CorpusError, Reading, Row, corpus_class
from .own_sources import OWN_SOURCES, load_own, near_source, own_source

if TYPE_CHECKING:
    import datasets

__all__ = ["load_corpus", "read_corpus"]

logger = logging.getLogger(__name__)


def load_corpus(
    name: str,
    folder: "str | os.PathLike | datasets.Dataset",
    *,
    skip_unmatched: bool = False,
    check_grid: Literal["warn", "error", "off"] = "warn",
    check_audio: bool = False,
    merge: Mapping[str, str] | None = None,
    drop: Collection[str] = (),
    new_labels: Collection[str] = (),
    **options: Any,
) -> "datasets.Dataset":
    """Read a corpus from its authors' own folder layout, or your own data.

    Every dataset has the columns `audio` (path, not decoded; `hf_ser.load_audio` reads a row), `emotion` (common
    name), `speaker` (unique across corpora, such as "ravdess/03"), `sex`, `label` (the corpus's own code), `clip`
    (path below the folder, a stable id) and `corpus`, then whatever else the corpus knows. Rows of a corpus are sorted
    by clip, those of your own table stay in its order.

    Copies in any format that libsndfile reads are accepted as long as the file names are the authors'. A recording
    that lies there twice (a nested second copy, or WAV beside FLAC) is taken once, from nearest to the top.

    Your own data are read by the names "folder" (a sub-folder per emotion), "csv" (tsv too), "json" (jsonl too),
    "parquet" and "dataset" (a `datasets.Dataset`, a `DatasetDict`, or a folder written by `save_to_disk`). Columns are
    found by their usual names or given by options: `OwnOptions` has the list.

    Args:
        name: Name of the corpus, see `list_corpora`; or "folder", "csv", "json", "parquet", "dataset".
        folder: The folder that it was unpacked to, or any above it; the folder, file or dataset of your own data.
        skip_unmatched: Leave out audio files whose names do not fit instead of raising, and of your own data rows with
            empty cells, missing files or contradictions; their count is logged.
        check_grid: What to do when the folder is not the complete published corpus: "warn" logs what is missing or
            extra, "error" raises, "off" is silent.
        check_audio: Read every recording; broken, silent and too short ones (see `check_audio`) are an error, or left
            out with `skip_unmatched`.
        merge: Emotion -> the emotion that takes it in, such as `{"calm": "neutral"}`.
        drop: Emotions to leave out.
        new_labels: Classes outside the common vocabulary that the data may have or be merged into, such as
            `["sarcastic"]`.
        **options: Options of the corpus, such as `channel="song"` for RAVDESS; of your own data, the fields of
            `OwnOptions`, and `metadata`, `emotion_level` (folder), `encoding`, `delimiter` (csv), `split` (dataset).

    Returns:
        The dataset; `dataset.info` holds citation, licence and homepage.

    Raises:
        CorpusError: The corpus or an option is unknown; the folder is missing, empty or holds no audio; file names do
            not fit; the folder is incomplete and `check_grid="error"`; columns, speakers or files of your own data are
            missing.
        LabelError: `merge` or `drop` names an emotion that no clip has; labels of your own data are unknown.
    """
    if check_grid not in ("warn", "error", "off"):
        raise CorpusError(f"check_grid={check_grid!r}; expected 'warn', 'error' or 'off'")
    own = check_new_labels(new_labels)
    source = own_source(name)
    if source is not None:
        dataset = load_own(source, folder, options, merge=merge, drop=drop, new_labels=own, skip=skip_unmatched)
    else:
        corpus, place = _corpus(name, options), _absolute(folder)
        reading = corpus.read(place)
        _report(corpus, reading, place, skip_unmatched, check_grid)
        dataset = _dataset(corpus, reading.rows, place, merge, drop, own)
    return _audible(dataset, skip_unmatched) if check_audio else dataset


def read_corpus(name: str, folder: str | os.PathLike, **options: Any) -> Reading:
    """Check a corpus folder without making a dataset: rows, unmatched, duplicate, missing and extra files.

    Args:
        name: Name of the corpus.
        folder: The folder that it was unpacked to.
        **options: Options of the corpus.

    Raises:
        CorpusError: The corpus or an option is unknown, or the name is one of your own data's; the folder is missing,
            empty or holds no audio.
    """
    if own_source(name) is not None:
        raise CorpusError(
            f"{name!r} is no published corpus, so has no files to expect; load_corpus({name!r}, ...) names what does "
            "not fit in your own data"
        )
    return _corpus(name, options).read(_absolute(folder))


def _audible(dataset: "datasets.Dataset", skip: bool) -> "datasets.Dataset":
    report = audio_report(dataset)
    faults = set(report.rows)
    if not faults:
        return dataset
    if not skip or len(faults) == len(dataset):
        raise CorpusError(f"{report}. Replace or remove them, or pass skip_unmatched=True to leave them out")
    logger.warning("%s; left out", report)
    return dataset.select([row for row in range(len(dataset)) if row not in faults])


def _absolute(folder: Any) -> Path:
    if not isinstance(folder, str | os.PathLike):
        raise CorpusError(f"got {type(folder).__name__}; expected a path (a dataset: load_corpus('dataset', ...))")
    if not str(folder).strip():
        raise CorpusError("no folder was given; pass the folder that the corpus was unpacked to")
    # the dataset outlives the working directory
    return Path(folder).expanduser().absolute()


def _corpus(name: str, options: Mapping[str, Any]) -> Corpus:
    try:
        kind = corpus_class(name)
    except CorpusError as error:
        near = near_source(name)
        hint = f" (did you mean {near!r}?)" if near else ""
        raise CorpusError(f"{error}; for your own data: {', '.join(OWN_SOURCES)}{hint}") from None
    known = [] if kind.__init__ is object.__init__ else list(inspect.signature(kind).parameters)
    unknown = sorted(options.keys() - set(known))
    if unknown:
        raise CorpusError(
            f"corpus {kind.info.name!r} has no option {', '.join(map(repr, unknown))}; "
            f"its options: {', '.join(known) or 'none'}"
        )
    return kind(**options)


def _some(names: Sequence[str], count: int = 3) -> str:
    shown = ", ".join(map(repr, names[:count]))
    return shown if len(names) <= count else f"{shown}, ..."


def _report(corpus: Corpus, reading: Reading, folder: Path, skip_unmatched: bool, check_grid: str) -> None:
    info, found = corpus.info, len(reading.rows)
    where = f"{info.title} in {str(folder)!r}"
    if reading.unmatched:
        what = (
            f"{where}: {len(reading.unmatched)} audio file(s) have names that do not fit "
            f"({_some(reading.unmatched)}); expected names such as {info.example}"
        )
        if found == 0:
            raise CorpusError(f"{what}. No clip is left: is this the folder of another corpus?")
        if not skip_unmatched:
            raise CorpusError(f"{what}. Rename or remove them, or pass skip_unmatched=True to leave them out")
        logger.warning("%s; left out", what)
    if found == 0:
        raise CorpusError(
            f"{where}: none of its {reading.set_aside} clip(s) is asked for by these options; change the options"
        )
    if reading.duplicates:
        copies = [f"{copy} = {kept}" for copy, kept in reading.duplicates.items()]
        sizes_differ = [
            copy
            for copy, kept in reading.duplicates.items()
            if Path(copy).suffix == Path(kept).suffix
            and (folder / copy).stat().st_size != (folder / kept).stat().st_size
        ]
        logger.warning("%s: %d further copies of its clips are left out (%s)", where, len(copies), _some(copies, 1))
        if sizes_differ:
            logger.warning(
                "%s: %d of these copies differ in size from the clip that was kept (%s); one may be damaged",
                where,
                len(sizes_differ),
                _some(sizes_differ),
            )
    if reading.set_aside:
        reasons = "; ".join(f"{reason}: {count}" for reason, count in reading.set_aside_by.items())
        logger.info("%s: %d clips are set aside (%s)", where, reading.set_aside, reasons or "not asked for")
    if check_grid == "off" or reading.complete:
        return
    parts = [f"{len(reading.missing)} missing ({_some(reading.missing)})"] if reading.missing else []
    parts += [f"{len(reading.extra)} not in the published corpus ({_some(reading.extra)})"] if reading.extra else []
    parts += [f"{emotion} {n} of {of}" for emotion, (n, of) in reading.miscounted.items()]
    if not parts:
        return
    if check_grid == "error":
        raise CorpusError(
            f"{where} is not complete: {'; '.join(parts)}; add or remove clips, or pass check_grid='warn'"
        )
    logger.warning("%s is not the complete corpus: %d clips read; %s", where, found, "; ".join(parts))


def _dataset(
    corpus: Corpus,
    rows: list[Row],
    folder: Path,
    merge: Mapping[str, str] | None,
    drop: Collection[str],
    new_labels: Collection[str],
) -> "datasets.Dataset":
    import datasets

    emotions = merge_labels([row.emotion for row in rows], merge, drop, new_labels)
    kept = [(row, emotion) for row, emotion in zip(rows, emotions, strict=True) if emotion is not None]
    if not kept:
        raise CorpusError(f"drop={sorted(drop)!r} leaves no clip of {corpus.info.title}; drop fewer emotions")
    info = corpus.info
    values: dict[str, list[Any]] = {
        "audio": [str(folder / row.clip) for row, _ in kept],
        "emotion": [emotion for _, emotion in kept],
        "speaker": [f"{info.name}/{row.speaker}" for row, _ in kept],
        "sex": [row.sex for row, _ in kept],
        "label": [row.label for row, _ in kept],
        "clip": [row.clip for row, _ in kept],
        "corpus": [info.name] * len(kept),
    }
    types = dict.fromkeys(values, "string") | dict(corpus.columns)
    for column in corpus.columns:
        values[column] = [row.more.get(column) for row, _ in kept]
    dataset = datasets.Dataset.from_dict(
        values,
        info=datasets.DatasetInfo(
            features=datasets.Features({column: datasets.Value(kind) for column, kind in types.items()}),
            description=f"{info.title}: {info.language}, {len(set(values['speaker']))} speakers, "
            f"{', '.join(label_names(values['emotion']))}",
            citation=info.citation,
            homepage=info.homepage,
            license=info.licence,
            dataset_name=info.name,
        ),
    )
    # cast afterwards: datasets needs torchcodec to build an Audio column, but not to cast one that is not decoded
    return dataset.cast_column("audio", datasets.Audio(decode=False))
