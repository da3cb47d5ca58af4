"""The files below a corpus folder: which are audio, which are junk, and what is wrong when none is audio."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from .records import CorpusError

__all__ = ["AUDIO_SUFFIXES", "audio_files", "find_files", "git_lfs_pointers", "walk_files"]

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff"})
_VIDEO_SUFFIXES = (".avi", ".mp4", ".mkv", ".mov", ".mpg", ".mpeg", ".flv", ".webm", ".wmv", ".m4v")
_ARCHIVE_SUFFIXES = frozenset({".zip", ".gz", ".tgz", ".tar", ".7z", ".rar"})
_JUNK = frozenset({"thumbs.db", ".ds_store", "desktop.ini"})
_LFS_HEAD = b"version https://git-lfs.github.com/spec/"


def walk_files(folder: Path) -> Iterator[str]:
    """All files at any depth below `folder`, as paths with forward slashes; links are followed once, junk is skipped.

    Raises:
        CorpusError: There is no such folder.
    """
    if not folder.exists():
        raise CorpusError(f"folder {str(folder)!r} does not exist (looked in {str(Path.cwd())!r}); check the path")
    if not folder.is_dir():
        raise CorpusError(f"{str(folder)!r} is a file; pass the folder that the corpus was unpacked to")
    seen: set[tuple[int, int]] = set()
    for where, folders, names in os.walk(folder, followlinks=True):
        status = os.stat(where)
        if (status.st_dev, status.st_ino) in seen:  # a link back up, or a second link to one folder
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if name != "__MACOSX")
        prefix = Path(where).relative_to(folder).as_posix()
        for name in names:
            if not name.startswith("._") and name.lower() not in _JUNK:
                yield name if prefix == "." else f"{prefix}/{name}"


def audio_files(folder: Path) -> list[str]:
    """Audio files at any depth below `folder`, as paths with forward slashes; links are followed, junk is skipped.

    Raises:
        CorpusError: There is no such folder, it is empty, or no file in it is audio; where videos lie there, the
            message says how to extract their sound.
    """
    audio: list[str] = []
    others: Counter[str] = Counter()
    for path in walk_files(folder):
        suffix = os.path.splitext(path)[1].lower()
        if suffix in AUDIO_SUFFIXES:
            audio.append(path)
        else:
            others[suffix or path.rsplit("/", 1)[-1]] += 1
    if not audio:
        _raise_no_audio(folder, others)
    for clip in audio:
        try:
            clip.encode("utf-8")
        except UnicodeEncodeError:
            raise CorpusError(
                f"file name {clip!r} below {str(folder)!r} is not UTF-8; rename it, for example with convmv"
            ) from None
    return audio


def _raise_no_audio(folder: Path, others: Counter[str]) -> None:
    if not others:
        raise CorpusError(f"folder {str(folder)!r} is empty; pass the folder that the corpus was unpacked to")
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(5))
    hint = "; unpack the archive first" if others.keys() & _ARCHIVE_SUFFIXES else ""
    videos = [suffix for suffix in _VIDEO_SUFFIXES if suffix in others]
    if videos:
        suffix = max(videos, key=lambda suffix: others[suffix])
        hint = (
            "; extract the sound beside the videos and keep the names: "
            f"find {str(folder)!r} -name '*{suffix}' -exec sh -c "
            f'\'ffmpeg -nostdin -i "$1" -vn -ac 1 -ar 16000 "${{1%.*}}.wav"\' _ {{}} \\;'
        )
    raise CorpusError(
        f"folder {str(folder)!r} holds no audio (found {kinds}); expected {', '.join(sorted(AUDIO_SUFFIXES))}{hint}"
    )


def find_files(folder: Path, *names: str) -> list[Path]:
    """Files of these names (case aside) at any depth below `folder`, the nearest to the top first.

    Raises:
        CorpusError: There is no such folder.
    """
    wanted = {name.lower() for name in names}
    found = [path for path in walk_files(folder) if path.rsplit("/", 1)[-1].lower() in wanted]
    return [folder / path for path in sorted(found, key=lambda path: (path.count("/"), path))]


def git_lfs_pointers(folder: Path, clips: Iterable[str]) -> list[str]:
    """Those of `clips` that are git-lfs pointers: some 130 bytes of text that stand for a file not yet downloaded."""
    pointers = []
    for clip in clips:
        path = folder / clip
        if 0 < path.stat().st_size < 1024:
            with path.open("rb") as file:
                if file.read(len(_LFS_HEAD)) == _LFS_HEAD:
                    pointers.append(clip)
    return pointers
