"""Recordings that cannot be used: broken, silent or too short, found before training stumbles over them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["AudioReport", "check_audio"]

_SILENCE = 10 ** (-80 / 20)  # peak, 80 dB below full scale: three steps of 16 bits


@dataclass(frozen=True)
class AudioReport:
    """What `check_audio` found.

    Attributes:
        clips: Number of recordings that were read.
        broken: Row -> (clip, why it cannot be read).
        silent: Row -> clip; its samples stay within 80 dB below full scale of their mean.
        short: Row -> (clip, its duration in s).
    """

    clips: int
    broken: dict[int, tuple[str, str]] = field(default_factory=dict)
    silent: dict[int, str] = field(default_factory=dict)
    short: dict[int, tuple[str, float]] = field(default_factory=dict)

    @property
    def rows(self) -> list[int]:
        """All rows at fault, sorted."""
        return sorted(self.broken.keys() | self.silent.keys() | self.short.keys())

    def __str__(self) -> str:
        if not self.rows:
            return f"{self.clips} recordings, none broken, silent or too short"
        parts = []
        if self.broken:
            clip, why = next(iter(self.broken.values()))
            names = ", ".join(repr(name) for name, _ in list(self.broken.values())[1:4])
            also = f"; also {names}{', ...' if len(self.broken) > 4 else ''}" if names else ""
            parts.append(f"{len(self.broken)} broken ({clip!r}: {why}{also})")
        if self.silent:
            names = ", ".join(map(repr, list(self.silent.values())[:3]))
            parts.append(f"{len(self.silent)} silent ({names}{', ...' if len(self.silent) > 3 else ''})")
        if self.short:
            names = ", ".join(f"{name!r} has {seconds:.3f} s" for name, seconds in list(self.short.values())[:3])
            parts.append(f"{len(self.short)} too short ({names}{', ...' if len(self.short) > 3 else ''})")
        return f"of {self.clips} recordings, {', '.join(parts)}"


def check_audio(dataset: Any, *, min_seconds: float = 0.1) -> AudioReport:
    """Read every recording of a dataset once and report those that cannot be used.

    Args:
        dataset: A dataset as `load_corpus` makes it.
        min_seconds: Shorter recordings are reported, in s.

    Returns:
        The report; `dataset.select` of the other rows leaves them out.
    """
    # here, because listing corpora shall import nothing heavy
    import numpy as np

    from ..audio import AudioError, load_audio

    report = AudioReport(len(dataset))
    clips = list(dataset["clip"][:]) if "clip" in dataset.column_names else [None] * len(dataset)
    audio = dataset.select_columns("audio")
    for row, clip in enumerate(clips):
        source = audio[row]["audio"]
        name = clip or Path(source.get("path") or f"row {row}").name
        try:
            waveform = load_audio(source, 16_000)
        except AudioError as error:
            report.broken[row] = (name, str(error))
            continue
        seconds = len(waveform) / 16_000
        if seconds < min_seconds:
            report.short[row] = (name, seconds)
        if float(np.max(np.abs(waveform - waveform.mean()))) < _SILENCE:
            report.silent[row] = name
    return report
