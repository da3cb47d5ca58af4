"""Tables beside the audio of a corpus: comma- or tab-separated, with errors that name file, line and column."""

import codecs
import csv
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from .files import find_files
from .records import CorpusError

__all__ = ["Line", "find_table", "read_table", "read_text"]

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Line:
    """One line of a table.

    Attributes:
        path: The table's file.
        number: Number of the line in its file, the header being line 1.
        cells: Column -> text, without surrounding blanks.
    """

    path: Path
    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def error(self, column: str, expected: str) -> CorpusError:
        """The error for a cell that cannot be used, with file, line, column and value."""
        return CorpusError(
            f"{self.path.name}, line {self.number}, column {column!r}: got {self.cells[column]!r}, "
            f"expected {expected}; correct {str(self.path)!r} or take it anew from the corpus's authors"
        )

    def choice(self, column: str, choices: Mapping[str, Choice]) -> Choice:
        """What a cell stands for; case does not matter.

        Raises:
            CorpusError: The cell holds none of the choices (keys in lower case).
        """
        try:
            return choices[self.cells[column].lower()]
        except KeyError:
            raise self.error(column, f"one of {', '.join(filter(None, choices))}") from None

    def decimal(self, column: str) -> float | None:
        """A number, or None for an empty cell or NaN.

        Raises:
            CorpusError: The cell is neither.
        """
        text = self.cells[column]
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            raise self.error(column, "a number") from None
        return value if math.isfinite(value) else None

    def whole(self, column: str) -> int:
        """A whole number.

        Raises:
            CorpusError: The cell is none.
        """
        try:
            return int(self.cells[column])
        except ValueError:
            raise self.error(column, "a whole number") from None


def find_table(folder: Path, *names: str, corpus: str) -> Path:
    """The table of one of these names below a corpus folder, the nearest to the top.

    Raises:
        CorpusError: There is none; the names are listed.
    """
    found = find_files(folder, *names)
    if not found:
        raise CorpusError(
            f"{corpus} needs its table {' or '.join(names)}, which does not lie in {str(folder)!r} or below; "
            "pass the folder that holds both the table and the audio"
        )
    return found[0]


def read_table(
    path: Path, columns: Collection[str], *, delimiter: str = ",", quoted: bool = True, encoding: str = "utf-8-sig"
) -> list[Line]:
    """Read a table with a header line; empty lines are skipped, cells and column names are stripped of blanks.

    Args:
        path: The file.
        columns: Columns that must be there; others are read too.
        delimiter: What stands between cells.
        quoted: Whether a cell may be put in double quotes.
        encoding: Of the file.

    Raises:
        CorpusError: A column is missing, a line is too short, or the file cannot be decoded.
    """
    lines: list[Line] = []
    try:
        with path.open(encoding=encoding, newline="") as file:
            quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
            # strict: an open quote would else swallow the lines below it
            reader = csv.reader(file, delimiter=delimiter, quoting=quoting, strict=quoted)
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in columns if name not in header]
            if missing:
                raise CorpusError(
                    f"{path.name} has no column {', '.join(map(repr, missing))} (found: {', '.join(header) or 'none'})"
                    f"; take {str(path)!r} anew from the corpus's authors, or rename its columns"
                )
            for row in reader:
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) < len(header):
                    raise CorpusError(
                        f"{path.name}, line {reader.line_num}: {len(row)} cells, expected {len(header)} "
                        f"({', '.join(header)}); the file {str(path)!r} is damaged: take it anew"
                    )
                cells = {name: cell.strip() for name, cell in zip(header, row, strict=False)}
                lines.append(Line(path, reader.line_num, cells))
    except (UnicodeError, csv.Error) as reason:
        raise CorpusError(
            f"{str(path)!r} is not a table in {encoding} ({reason}); take it anew from the corpus's authors"
        ) from None
    return lines


def read_text(path: Path, *encodings: str) -> str:
    """A text file: UTF-16 if it says so, else the first of these encodings that fits (UTF-8 if none), else Latin-1."""
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ("utf-16",)
    for encoding in encodings or ("utf-8-sig",):
        try:
            return content.decode(encoding)
        except UnicodeError:
            continue
    return content.decode("latin-1")
