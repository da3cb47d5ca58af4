"""Manifests: a table of recordings in a csv, tsv, json, jsonl or parquet file, or several in one folder."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .base import CorpusError

__all__ = ["manifest_files", "read_table"]

SUFFIXES = {
    "csv": (".csv", ".tsv"),
    "json": (".json", ".jsonl", ".ndjson"),
    "parquet": (".parquet",),
}


def manifest_files(kind: str, place: Path) -> list[Path]:
    """The files of a manifest: the file itself, or the files of this kind in a folder, sorted.

    Args:
        kind: "csv" (tsv too), "json" (jsonl too) or "parquet".
        place: A file, whatever its suffix, or a folder.

    Raises:
        CorpusError: It does not exist, or the folder holds no such file.
    """
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise CorpusError(f"{kind} manifest {str(place)!r} does not exist (looked in {str(Path.cwd())!r})")
    files = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES[kind] and path.is_file())
    if not files:
        there = sorted({path.suffix or path.name for path in place.iterdir()})[:8]
        raise CorpusError(
            f"folder {str(place)!r} holds no {' or '.join(SUFFIXES[kind])} file (it holds "
            f"{', '.join(there) or 'nothing'}); pass the manifest itself"
        )
    return files


def read_table(files: Iterable[Path], *, encoding: str = "utf-8-sig", delimiter: str | None = None) -> dict[str, list]:
    """Read manifests of the same columns, one after the other.

    Cells of csv files stay text, so that "01" is no number; empty ones become None.

    Args:
        files: Files in csv, tsv, json (a list of objects, an object of equally long lists, or one of objects by name)
            or jsonl; told by content, not by suffix.
        encoding: Of the text.
        delimiter: Of csv files; found in the header (comma, tab or semicolon) unless said.

    Returns:
        Column -> values, all equally long.

    Raises:
        CorpusError: A file is empty, cannot be decoded or parsed, has no rows, or lacks columns that another has.
    """
    table: dict[str, list] = {}
    first: Path | None = None
    for file in files:
        try:
            text = file.read_text(encoding=encoding)
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"manifest {str(file)!r} is not {encoding} (byte {error.start}); save it as UTF-8, or pass its "
                "encoding, such as encoding='latin-1'"
            ) from None
        except LookupError:
            raise CorpusError(f"encoding={encoding!r} is not known; expected a name such as 'latin-1'") from None
        if not text.strip():
            raise CorpusError(f"manifest {str(file)!r} is empty; expected a row for each recording")
        if file.suffix.lower() in SUFFIXES["json"] or text.lstrip()[0] in "[{":
            part = _columns(_json_rows(text, file), file)
        else:
            part = _csv_columns(text, file, delimiter)
        if not any(part.values()):
            raise CorpusError(f"manifest {str(file)!r} has columns but no rows; expected a row for each recording")
        if first is not None and part.keys() != table.keys():
            raise CorpusError(
                f"manifests {first.name!r} and {file.name!r} differ in columns "
                f"({', '.join(sorted(part.keys() ^ table.keys()))}); pass one of them, or give them the same columns"
            )
        first = first or file
        for column, values in part.items():
            table.setdefault(column, []).extend(values)
    return table


def _csv_columns(text: str, file: Path, delimiter: str | None) -> dict[str, list]:
    header = text.lstrip().split("\n", 1)[0]
    if delimiter is None:
        delimiter = max(",\t;", key=header.count)
    elif not isinstance(delimiter, str) or len(delimiter) != 1:
        raise CorpusError(f"delimiter={delimiter!r}; expected one character, such as ';'")
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, skipinitialspace=True)
    try:
        names = [name.strip() for name in next(row for row in reader if row)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise CorpusError(f"manifest {str(file)!r} has the column {twice[0]!r} more than once; rename one")
        rows = []
        for row in reader:
            if len(row) != len(names):
                if not row:
                    continue
                raise CorpusError(
                    f"manifest {str(file)!r}, line {reader.line_num}: {len(row)} cells, but the header has "
                    f"{len(names)} ({', '.join(map(repr, names))}); quote cells that hold a {delimiter!r}"
                )
            rows.append([cell.strip() or None for cell in row])
    except csv.Error as error:
        raise CorpusError(f"manifest {str(file)!r}, line {reader.line_num}: {error}; mend that line") from None
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {name: [] for name in names}


def _json_rows(text: str, file: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise CorpusError(
                f"manifest {str(file)!r} is no JSON: {error.msg} in line {error.lineno}; mend that line"
            ) from None
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise CorpusError(
                    f"manifest {str(file)!r}, line {number} is no JSON: {error.msg}; expected one object per line"
                ) from None
    return rows


def _columns(content: Any, file: Path) -> dict[str, list]:
    if isinstance(content, dict):
        values = list(content.values())
        if values and all(isinstance(value, list) for value in values):
            if len(set(map(len, values))) > 1:
                lengths = ", ".join(f"{name!r}: {len(value)}" for name, value in content.items())
                raise CorpusError(f"manifest {str(file)!r} has columns of unequal length ({lengths})")
            return content
        # one object per recording, under its name; or a jsonl file of a single line
        content = values if values and all(isinstance(value, dict) for value in values) else [content]
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise CorpusError(
            f"manifest {str(file)!r} holds something else than objects; expected a list of objects such as "
            '{"file": "a.wav", "emotion": "angry", "speaker": "01"}'
        )
    names = dict.fromkeys(name for row in content for name in row)
    return {name: [None if row.get(name) == "" else row.get(name) for row in content] for name in names}
