"""A folder with one sub-folder per emotion, as a table; speakers from the paths or from a metadata file."""

import logging
import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..labels import LabelError, normalize_emotion
from .base import CorpusError, audio_files
from .columns import match_columns
from .manifest import SUFFIXES, read_table
from .own_options import OwnOptions
from .own_table import OwnTable

__all__ = ["folder_table"]

logger = logging.getLogger(__name__)


def folder_table(
    folder: Path,
    options: OwnOptions,
    *,
    metadata: str | None = None,
    emotion_level: int | None = None,
    new_labels: Collection[str] = (),
    skip: bool = False,
) -> tuple[OwnTable, OwnOptions]:
    """List a folder of recordings.

    Args:
        folder: The folder.
        options: What the user said; the columns are those of the metadata file.
        metadata: A csv, tsv, json or jsonl file with a row for each recording: its path below the folder (or its name,
            where that is unique), its speaker, and what else is known. Below the folder, or anywhere. A file
            `metadata.csv` (or .tsv, .json, .jsonl) in the folder is found without saying.
        emotion_level: Which sub-folder names the emotion: 0 for the outermost, -1 for the innermost. Unless said, the
            outermost level whose names are all known.
        new_labels: Classes outside the vocabulary.
        skip: Leave out what does not fit instead of raising.

    Returns:
        The table, and the options that fit it.

    Raises:
        CorpusError: The folder is missing, empty or holds no audio; a recording lies in no sub-folder; the metadata
            file is at fault, or names files that are not there.
    """
    clips = sorted(audio_files(folder))
    content: dict[str, list[Any]] = {"audio": clips}
    where = f"folder {str(folder)!r}"
    file = _metadata_file(folder, metadata)
    emotion_column = options.emotion_column
    if file is not None:
        content |= _metadata(file, folder, clips, options, skip)
    if emotion_column is None:
        content["emotion"] = _folder_names(clips, emotion_level, options, new_labels, where, skip)
        emotion_column = "emotion"
    return (
        OwnTable(content, where, folder, folder.name or "folder"),
        replace(options, audio_column="audio", emotion_column=emotion_column),
    )


def _folder_names(
    clips: Sequence[str],
    level: int | None,
    options: OwnOptions,
    new_labels: Collection[str],
    where: str,
    skip: bool,
) -> list[str | None]:
    if level is not None and (isinstance(level, bool) or not isinstance(level, int)):
        raise CorpusError(f"emotion_level={level!r}; expected 0 for the outermost sub-folder, -1 for the innermost")
    parents = [clip.split("/")[:-1] for clip in clips]
    if level is None:
        depth = min((len(folders) for folders in parents if folders), default=1)
        known = {word.lower() for word in options.labels} if isinstance(options.labels, Mapping) else set()
        fits = [n for n in range(depth) if _known({f[n] for f in parents if f}, known, new_labels)]
        level = fits[0] if fits else 0
    needed = level + 1 if level >= 0 else -level
    shallow = [clip for clip, folders in zip(clips, parents, strict=True) if len(folders) < needed]
    if shallow and not (skip and len(shallow) < len(clips)):
        raise CorpusError(
            f"{where}: {len(shallow)} of {len(clips)} recordings lie in no sub-folder that could name their emotion "
            f"({', '.join(map(repr, shallow[:3]))}); expected such as angry/{Path(shallow[0]).name}. Move them, or "
            "pass skip_unmatched=True to leave them out, or list them in a manifest: load_corpus('csv', ...)"
        )
    return [folders[level] if len(folders) >= needed else None for folders in parents]


def _known(names: set[str], labels: set[str], new_labels: Collection[str]) -> bool:
    for name in names:
        try:
            if name.lower() not in labels:
                normalize_emotion(name, new_labels)
        except LabelError:
            return False
    return True


def _metadata_file(folder: Path, said: str | None) -> Path | None:
    if said is not None:
        places = [folder / Path(said).expanduser(), Path(said).expanduser().absolute()]
        file = next((place for place in places if place.is_file()), None)
        if file is None:
            raise CorpusError(f"metadata={said!r} is no file, neither below {str(folder)!r} nor by itself")
        return file
    found = [folder / f"metadata{suffix}" for suffix in (*SUFFIXES["csv"], *SUFFIXES["json"])]
    file = next((place for place in found if place.is_file()), None)
    if file is not None:
        logger.info("speakers and further columns are read from %s", file)
    return file


def _metadata(file: Path, folder: Path, clips: Sequence[str], options: OwnOptions, skip: bool) -> dict[str, list[Any]]:
    """The columns of a metadata file, one cell for each clip; None where it has no row."""
    table, where = read_table([file]), f"metadata {str(file)!r}"
    roles = match_columns(list(table), options.said_columns, where)
    if "audio" not in roles:
        raise CorpusError(
            f"{where} has no column that is known to name the recordings; its columns: "
            f"{', '.join(map(repr, table))}. Say which one: audio_column=..."
        )
    by_name = Counter(Path(clip).name for clip in clips)
    places = {Path(clip).name: number for number, clip in enumerate(clips) if by_name[Path(clip).name] == 1}
    places |= {clip: number for number, clip in enumerate(clips)}
    rows: dict[int, int] = {}
    missing = []
    for row, cell in enumerate(table[roles["audio"]]):
        name = os.path.normpath(str(cell)).replace(os.sep, "/").removeprefix(f"{folder.as_posix()}/")
        number = places.get(name)
        if number is None:
            missing.append(str(cell))
        elif rows.setdefault(number, row) != row:
            raise CorpusError(f"{where} has two rows for {clips[number]!r} (row {row + 1} is the second); remove one")
    if missing:
        what = (
            f"{where}: {len(missing)} of its rows name no recording below the folder, or a name that several have "
            f"({', '.join(map(repr, missing[:3]))})"
        )
        if not skip:
            raise CorpusError(f"{what}; mend them, or pass skip_unmatched=True to ignore them")
        logger.warning("%s; ignored", what)
    # the sub-folders name the emotion, unless the user names a column
    dropped = {roles["audio"]} | ({roles.get("emotion")} if options.emotion_column is None else set())
    return {
        name: [values[rows[number]] if number in rows else None for number in range(len(clips))]
        for name, values in table.items()
        if name not in dropped
    }
