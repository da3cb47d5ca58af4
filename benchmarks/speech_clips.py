"""Clips as long as RAVDESS's, generated or read from a folder."""

from pathlib import Path

import numpy as np

from hf_ser import load_audio

RATE = 16000
# of the 1,440 clips of RAVDESS, in s
MEAN, DEVIATION, SHORTEST, LONGEST = 3.70, 0.34, 2.94, 5.27
SUFFIXES = (".flac", ".wav", ".ogg", ".mp3")


def speech_like_clips(count: int) -> list[np.ndarray]:
    """Harmonic tones in soft noise, from a fixed seed: float32 at 16 kHz, as long as RAVDESS's clips are."""
    generator = np.random.default_rng(0)
    clips = []
    for seconds in np.clip(generator.normal(MEAN, DEVIATION, count), SHORTEST, LONGEST):
        time_axis = np.arange(round(seconds * RATE)) / RATE
        phase = 2 * np.pi * (generator.uniform(90, 250) * time_axis + generator.uniform(-10, 10) * time_axis**2)
        voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 20))
        clips.append((0.1 * voice + 0.003 * generator.standard_normal(len(time_axis))).astype(np.float32))
    return clips


def list_recordings(folder: Path, count: int) -> list[Path]:
    """Recordings in a folder and below, evenly picked in the order of their names.

    Raises:
        FileNotFoundError: if there are none.
    """
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise FileNotFoundError(f"{folder} holds no {', '.join(SUFFIXES)} files: name a folder of recordings")
    return [files[index] for index in np.unique(np.linspace(0, len(files) - 1, count).round().astype(int))]


def read_clips(folder: Path, count: int) -> list[np.ndarray]:
    """At most so many recordings of a folder, float32 at 16 kHz; see `list_recordings`."""
    return [load_audio(file, RATE) for file in list_recordings(folder, count)]
