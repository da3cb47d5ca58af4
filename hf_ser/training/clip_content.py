"""What is in a clip's file, as a short key: what depends on a clip is filed under it, whatever its name or place."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..audio import load_audio


def content_digest(audio: Any) -> bytes:
    """SHA-256 of the content of a clip: of its file, as it lies there or in memory, or else of its samples.

    Args:
        audio: an entry of the column `audio`.

    Raises:
        AudioError: if the clip is neither a file nor something that `hf_ser.load_audio` reads.
        OSError: if the file cannot be read.
    """
    if isinstance(audio, Mapping) and audio.get("bytes") is not None:
        return hashlib.sha256(audio["bytes"]).digest()
    if (path := _path(audio)) is not None:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    return hashlib.sha256(load_audio(audio, 16000).tobytes()).digest()


def _path(audio: Any) -> str | None:
    path = audio.get("path") if isinstance(audio, Mapping) and audio.get("array") is None else audio
    return os.fspath(path) if isinstance(path, str | os.PathLike) else None


class ContentKeys:
    """Keys of clips by content; a file is read again only when its size or one of its times has changed.

    The times are those of the last change of content and of the last change of anything about the file, so that a
    file replaced by one with the same size and date is noticed too.

    Args:
        file: JSON file that remembers the keys.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def keys_of(self, audios: Sequence[Any]) -> list[str]:
        """The key of each clip, 32 hexadecimal digits.

        Raises:
            AudioError: see `content_digest`.
            OSError: if a file cannot be read.
        """
        known = self._read()
        fresh: dict[str, list[Any]] = {}
        keys = []
        for audio in audios:
            path = None if isinstance(audio, Mapping) and audio.get("bytes") is not None else _path(audio)
            if path is None:
                keys.append(content_digest(audio).hex()[:32])
                continue
            path = os.path.abspath(path)
            found = os.stat(path)
            state = [found.st_size, found.st_mtime_ns, found.st_ctime_ns]
            entry = known.get(path)
            if entry is None or entry[:3] != state:
                entry = [*state, content_digest(path).hex()[:32]]
                known[path] = fresh[path] = entry
            keys.append(entry[3])
        if fresh:
            # what another process has learnt in the meantime is kept; if both write at once, one set is hashed again
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.file, json.dumps(self._read() | fresh))
        return keys

    def _read(self) -> dict[str, list[Any]]:
        try:
            return json.loads(self.file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that nobody ever sees a part of it."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, path)
