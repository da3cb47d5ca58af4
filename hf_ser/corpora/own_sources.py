"""Where a user's own data may lie: a folder, a manifest, or a dataset."""

import difflib
import inspect
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import CorpusError
from .manifest import manifest_files, read_table
from .own_data import own_dataset
from .own_folder import folder_table
from .own_options import OwnOptions
from .own_table import OwnTable

if TYPE_CHECKING:
    import datasets

__all__ = ["OWN_SOURCES", "load_own", "near_source", "own_source"]

OWN_SOURCES = ("folder", "csv", "json", "parquet", "dataset")
_ALSO = {"tsv": "csv", "jsonl": "json", "datasets": "dataset"}


def own_source(name: str) -> str | None:
    """The source that a name means, None if it means none (and may be a corpus)."""
    plain = str(name).lower().strip()
    plain = _ALSO.get(plain, plain)
    return plain if plain in OWN_SOURCES else None


def near_source(name: str) -> str | None:
    """The source that is spelled most like a name, if any."""
    near = difflib.get_close_matches(str(name).lower(), [*OWN_SOURCES, *_ALSO], n=1)
    return near[0] if near else None


def load_own(
    source: str,
    place: Any,
    options: Mapping[str, Any],
    *,
    merge: Mapping[str, str] | None = None,
    drop: Collection[str] = (),
    new_labels: Collection[str] = (),
    skip: bool = False,
) -> "datasets.Dataset":
    """Read a user's own data.

    Args:
        source: One of `OWN_SOURCES`.
        place: File or folder; for "dataset" also a `datasets.Dataset` or `DatasetDict`.
        options: The fields of `OwnOptions`, and those of the source: `metadata` and `emotion_level` of "folder",
            `encoding` and `delimiter` of "csv", `encoding` of "json", `split` of "dataset".
        merge: Emotion -> the emotion that takes it in.
        drop: Emotions to leave out.
        new_labels: Classes outside the vocabulary, as `check_new_labels` gives them.
        skip: Leave out what does not fit instead of raising.

    Raises:
        CorpusError: An option is unknown, or the data are at fault.
        LabelError: Labels are unknown.
    """
    reader = _READERS[source]
    further = [name for name in inspect.signature(reader).parameters if name not in ("place", "skip", "new_labels")][
        1:
    ]
    own = OwnOptions.take(source, options, further)
    more = {name: value for name, value in options.items() if name in further}
    if source == "folder":
        more |= {"new_labels": new_labels, "skip": skip}
    table, own = reader(place, own, **more)
    return own_dataset(table, own, merge=merge, drop=drop, new_labels=new_labels, skip=skip)


def _place(place: Any, what: str) -> Path:
    if not isinstance(place, str | os.PathLike):
        raise CorpusError(
            f"got {type(place).__name__}; expected the path of {what} (a dataset: load_corpus('dataset', ...))"
        )
    if not str(place).strip():
        raise CorpusError(f"no path was given; expected that of {what}")
    # the dataset outlives the working directory
    return Path(place).expanduser().absolute()


def _name(files: Sequence[Path]) -> str:
    # not the file's own name: train.csv and test.csv beside each other have speakers in common
    return files[0].parent.name or "csv"


def _folder(
    place: Any, options: OwnOptions, metadata: str | None = None, emotion_level: int | None = None, **more: Any
) -> tuple[OwnTable, OwnOptions]:
    folder = _place(place, "a folder")
    return folder_table(folder, options, metadata=metadata, emotion_level=emotion_level, **more)


def _csv(
    place: Any, options: OwnOptions, encoding: str = "utf-8-sig", delimiter: str | None = None
) -> tuple[OwnTable, OwnOptions]:
    return _manifest("csv", place, encoding=encoding, delimiter=delimiter), options


def _json(place: Any, options: OwnOptions, encoding: str = "utf-8-sig") -> tuple[OwnTable, OwnOptions]:
    return _manifest("json", place, encoding=encoding), options


def _manifest(kind: str, place: Any, **reading: Any) -> OwnTable:
    files = manifest_files(kind, _place(place, f"a {kind} file"))
    where = f"manifest {str(files[0])!r}" + (f" and {len(files) - 1} more" if len(files) > 1 else "")
    return OwnTable(read_table(files, **reading), where, files[0].parent, _name(files))


def _parquet(place: Any, options: OwnOptions) -> tuple[OwnTable, OwnOptions]:
    import datasets

    files = manifest_files("parquet", _place(place, "a parquet file"))
    try:
        dataset = datasets.Dataset.from_parquet([str(file) for file in files])
    except (datasets.exceptions.DatasetGenerationError, ValueError, OSError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise CorpusError(f"manifest {str(files[0])!r} cannot be read as parquet: {reason}") from None
    return OwnTable(dataset, f"manifest {str(files[0])!r}", files[0].parent, _name(files)), options


def _dataset(place: Any, options: OwnOptions, split: str | None = None) -> tuple[OwnTable, OwnOptions]:
    import datasets

    name, root = "dataset", Path.cwd()
    if isinstance(place, str | os.PathLike):
        folder = _place(place, "a saved dataset")
        name, root = folder.name, folder
        if not folder.is_dir():
            raise CorpusError(
                f"{str(folder)!r} is no folder; expected one written by dataset.save_to_disk, or a dataset: "
                "load_corpus('dataset', datasets.load_dataset(...))"
            )
        try:
            place = datasets.load_from_disk(str(folder))
        except FileNotFoundError as error:
            raise CorpusError(
                f"folder {str(folder)!r} holds no dataset written by save_to_disk ({error}); for a folder of "
                "recordings use load_corpus('folder', ...)"
            ) from None
    if isinstance(place, datasets.DatasetDict):
        place = _one_dataset(place, split)
    elif split is not None:
        raise CorpusError(f"split={split!r}, but the dataset has no splits; leave split out")
    if isinstance(place, datasets.IterableDataset | datasets.IterableDatasetDict):
        raise CorpusError(
            "the dataset is streamed, so its rows cannot be split by speaker; load it without streaming=True"
        )
    if not isinstance(place, datasets.Dataset):
        raise CorpusError(f"got {type(place).__name__}; expected a datasets.Dataset, a DatasetDict or a saved folder")
    place = place.with_format(None)
    return OwnTable(place, "the dataset", root, place.info.dataset_name or name), options


def _one_dataset(splits: Mapping[str, "datasets.Dataset"], split: str | None) -> "datasets.Dataset":
    import datasets

    if split is not None:
        if split not in splits:
            raise CorpusError(f"split={split!r}; the dataset has {', '.join(map(repr, splits))}")
        return splits[split]
    parts = []
    for name, part in splits.items():
        if "split" not in part.column_names:
            part = part.add_column("split", [name] * len(part))
        parts.append(part)
    return datasets.concatenate_datasets(parts)


_READERS: dict[str, Callable[..., tuple[OwnTable, OwnOptions]]] = {
    "folder": _folder,
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
    "dataset": _dataset,
}
