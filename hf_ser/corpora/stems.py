"""File names in the one form that the corpora compare."""

import unicodedata
from pathlib import PurePosixPath

__all__ = ["plain_stem"]


def plain_stem(path: PurePosixPath) -> str:
    r"""The name without its extension, composed, without surrounding blanks and in lower case.

    File systems and archives change the case of names and split accented letters into two characters; neither makes
    another recording. Patterns on it should spell out digits as `[0-9]`, since `\d` takes those of every script.

    Args:
        path: Path of an audio file.
    """
    return unicodedata.normalize("NFC", path.stem).strip().lower()
