"""Recordings that lie in a dataset more than once under different names."""

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any

__all__ = ["find_duplicates"]

_BLOCK = 1 << 20


def find_duplicates(dataset: Any) -> list[list[int]]:
    """Find rows whose audio files have the same bytes: RAVDESS has one such pair, ASED four.

    Sizes are compared first, so only files of equal size are read. Copies in different formats are not found.

    Args:
        dataset: A dataset whose `audio` column holds paths or bytes, as `load_corpus` makes it.

    Returns:
        Groups of two or more row indices, each sorted, in order of their first row.

    Raises:
        FileNotFoundError: A file is gone.
    """
    by_size: dict[int, list[tuple[int, Path | bytes]]] = defaultdict(list)
    for row, audio in enumerate(dataset["audio"]):
        content: Path | bytes = audio["bytes"] if audio.get("bytes") is not None else Path(audio["path"])
        by_size[content.stat().st_size if isinstance(content, Path) else len(content)].append((row, content))
    by_hash: dict[str, list[int]] = defaultdict(list)
    for same_size in by_size.values():
        if len(same_size) > 1:
            for row, content in same_size:
                by_hash[_hash(content)].append(row)
    return sorted(rows for rows in by_hash.values() if len(rows) > 1)


def _hash(content: Path | bytes) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256()
    with content.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
