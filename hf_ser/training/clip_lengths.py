"""How long clips are, without decoding those whose file says so."""

from collections.abc import Mapping
from typing import Any

import soundfile

from ..audio import load_audio


def clip_seconds(audio: Any) -> float:
    """Length of a clip in seconds, out of its file's header where that can be read.

    Args:
        audio: an entry of the column `audio`.

    Raises:
        AudioError: if the clip cannot be read.
    """
    plain = isinstance(audio, Mapping) and audio.get("bytes") is None and audio.get("array") is None
    path = audio.get("path") if isinstance(audio, Mapping) and plain else audio
    if isinstance(path, str):
        try:
            return soundfile.info(path).duration
        except (soundfile.SoundFileError, OSError):
            pass
    return len(load_audio(audio, 16000)) / 16000


__all__ = ["clip_seconds"]
