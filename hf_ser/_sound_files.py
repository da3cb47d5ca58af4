"""Sound files to mono float32, with a reason for each file that cannot be read.

soundfile (libsndfile) decodes. It reads a truncated WAV, AIFF or Ogg file without a word, so the file's own promises
are checked here first.
"""

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ._mp3 import with_length

if TYPE_CHECKING:
    import soundfile

__all__ = ["AudioError", "SeekableBytes", "decode", "decode_path"]

_BLOCK = 1 << 20
_CONVERT = "convert it first, for example with `ffmpeg -i IN -ac 1 -ar 16000 OUT.wav`"
# libsndfile's names of the documented formats; in them a missing end is seen, here or by libsndfile
_CHECKED = frozenset({"WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3", "AIFF"})
_NOT_AUDIO = (
    (b"version https://git-lfs", "is a Git LFS pointer, not the recording; run `git lfs pull` where it came from"),
    (b"\x1aE\xdf\xa3", f"is a Matroska/WebM file, which libsndfile does not read; {_CONVERT}"),
    (b"0&\xb2u", f"is a Windows Media file, which libsndfile does not read; {_CONVERT}"),
    (b"PK\x03\x04", "is a zip archive; unpack it first"),
    (b"\x1f\x8b", "is a gzip archive; unpack it first"),
    (b"<", "is a web page or XML, perhaps an error page saved by a download; download it again"),
    (b"{", "is JSON text, perhaps an error message saved by a download; download it again"),
    (b"\x93NUMPY", "is a NumPy file; pass {'array': numpy.load(path), 'sampling_rate': ...}"),
)


class AudioError(ValueError):
    """A recording cannot be read, or does not say enough to be read without guessing."""


class SeekableBytes(io.BytesIO):
    """Bytes that libsndfile may seek in: its decoders step before the start of short files, which must not raise."""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self.getbuffer().nbytes}[whence]
        return super().seek(max(0, base + offset))


def decode_path(source: str | os.PathLike) -> tuple[np.ndarray, int]:
    """A path to a sound file -> mean over its channels, shape (samples,), and its rate in Hz."""
    name = repr(os.fspath(source))
    if "://" in str(source):
        raise AudioError(f"{name} is an address, not a file; download it first and pass the path")
    if "\0" in str(source):
        raise AudioError(f"{name} is no file name, it holds a null character; check the path")
    path = Path(os.path.expanduser(source))
    if path.is_dir():
        raise AudioError(f"{name} is a folder; pass one of the recordings in it")
    try:
        with path.open("rb") as file:
            return decode(file, name, path)
    except FileNotFoundError:
        raise AudioError(f"{name} does not exist (looked in {str(Path.cwd())!r}); check the path") from None
    except OSError as error:
        raise AudioError(f"{name} cannot be opened: {error.strerror or error}") from error


def decode(file: BinaryIO, name: str, path: Path | None = None) -> tuple[np.ndarray, int]:
    """The bytes of a sound file -> mean over its channels, shape (samples,), and its rate in Hz.

    Args:
        file: Opened for reading bytes, at its start.
        name: What messages call it.
        path: Where it lies, if on disk: libsndfile then reads it without calling back.

    Raises:
        AudioError: It is empty, truncated or no audio.
    """
    import soundfile

    head = file.read(4096)
    if not head:
        raise AudioError(f"{name} is empty (0 bytes); copy or download it again")
    cut = _cut_short(file, head)
    if cut:
        raise AudioError(f"{name} is truncated: {cut}; copy or download it again")
    file.seek(0)
    try:
        if head[:3] == b"ID3" or (head[0] == 0xFF and head[1:2] >= b"\xe0"):
            file, path = SeekableBytes(with_length(file.read())), None
        elif path is not None and path.suffix.lower() == ".raw":  # soundfile would ask how to read it, not look
            file, path = SeekableBytes(file.read()), None
        with soundfile.SoundFile(file if path is None else path) as sound:
            if sound.format not in _CHECKED:
                raise AudioError(
                    f"{name} is a file of format {sound.format_info}, whose truncation would not be seen; expected "
                    f"wav, flac, ogg, opus, mp3 or aiff; {_CONVERT}"
                )
            samples, promised, rate = _read_frames(sound), sound.frames, sound.samplerate
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{name} {_why_unreadable(head, str(error.error_string))}") from None
    if len(samples) < promised:
        raise AudioError(
            f"{name} is truncated or damaged: its header promises {promised} samples per channel, {len(samples)} "
            "could be read; copy or download it again"
        )
    return samples, rate


def _read_frames(sound: "soundfile.SoundFile") -> np.ndarray:
    # in blocks, because a damaged header may promise more than memory holds
    blocks = []
    while True:
        block = sound.read(_BLOCK, dtype="float32", always_2d=True)
        blocks.append(block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32))
        if len(block) < _BLOCK:
            return np.concatenate(blocks)


def _why_unreadable(head: bytes, reason: str) -> str:
    for magic, why in _NOT_AUDIO:
        if head.lstrip().startswith(magic):
            return why
    if head[4:8] == b"ftyp":
        return f"is an MP4/M4A file, which libsndfile does not read; {_CONVERT}"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return f"is an AVI video; {_CONVERT}"
    if head[:4] in (b"RIFF", b"fLaC", b"OggS", b"FORM") or head[:3] == b"ID3":
        return f"is truncated or damaged ({reason.strip(' .') or 'no reason given'}); copy or download it again"
    return (
        f"is not audio that libsndfile reads ({reason.strip(' .') or 'no reason given'}); "
        "expected wav, flac, ogg, opus, mp3 or aiff"
    )


def _cut_short(file: BinaryIO, head: bytes) -> str | None:
    """Say how a file is shorter than its own header or pages claim, which libsndfile does not report."""
    size = file.seek(0, os.SEEK_END)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _short_chunk(file, size, b"data", "little")
    if head[:4] == b"RF64" and head[8:16] == b"WAVEds64":
        return _short_chunk(file, size, b"data", "little", int.from_bytes(head[28:36], "little"))
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _short_chunk(file, size, b"SSND", "big")
    if head[:4] == b"OggS":
        return _short_page(file, size)
    return None


def _short_chunk(file: BinaryIO, size: int, wanted: bytes, order: str, long: int | None = None) -> str | None:
    # long: what RF64, made for lengths beyond 32 bits, says elsewhere about the wanted chunk
    position = 12
    while position + 8 <= size:
        file.seek(position)
        header = file.read(8)
        length = int.from_bytes(header[4:], order)  # type: ignore[arg-type]
        if header[:4] == wanted:
            # 0 and lengths near 2 or 4 GiB are what programs write that stream and never learn the length
            if long is None and length >= 0x7FFF0000:
                return None
            length = length if long is None else long
            if length == 0 or position + 8 + length <= size:
                return None
            return f"its header promises {length} bytes of samples, the file has {size - position - 8}"
        position += 8 + length + length % 2
    return None


def _short_page(file: BinaryIO, size: int) -> str | None:
    position = 0
    while position < size:
        file.seek(position)
        header = file.read(27 + 255)
        if header[:4] != b"OggS" or len(header) < 27 or len(header) < 27 + header[26]:
            return f"the last page breaks off at byte {size}" if size - position < 27 + 255 else None
        position += 27 + header[26] + sum(header[27 : 27 + header[26]])
    return f"its last page needs {position - size} more bytes" if position > size else None
