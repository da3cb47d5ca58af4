"""Noise of a wanted loudness: generated, or cut from recordings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..audio import load_audio

# amplitude falls with frequency to the power of -decay / 2
NOISE_COLORS = {"white": 0.0, "pink": 1.0, "brown": 2.0}
NOISE_SUFFIXES = (".flac", ".mp3", ".ogg", ".wav")


def colored_noise(samples: int, color: str, generator: np.random.Generator) -> np.ndarray:
    """Gaussian noise whose power falls as 1 / f^decay: white 0, pink 1, brown 2.

    Args:
        samples: how many.
        color: "white", "pink" or "brown".
        generator: source of the draws.

    Returns:
        (samples,), float64, of mean power 1 (for pink and brown without its mean).

    Raises:
        ValueError: if the color is unknown.
    """
    if color not in NOISE_COLORS:
        raise ValueError(f"color is {color!r}, expected one of {', '.join(NOISE_COLORS)}")
    noise = generator.standard_normal(samples)
    decay = NOISE_COLORS[color]
    if decay > 0 and samples > 1:
        spectrum = np.fft.rfft(noise)
        steps = np.arange(len(spectrum), dtype=np.float64)
        spectrum[1:] *= steps[1:] ** (-decay / 2.0)
        spectrum[0] = 0.0
        noise = np.fft.irfft(spectrum, samples)
    power = float(np.mean(noise**2))
    return noise / np.sqrt(power) if power > 0 else noise


def noise_files(folder: str | Path) -> list[Path]:
    """The recordings in a folder and its sub-folders, sorted.

    Raises:
        ValueError: if there are none, or no such folder.
    """
    files = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in NOISE_SUFFIXES)
    if not files:
        raise ValueError(
            f"{str(folder)!r} holds no noise recordings ({', '.join(NOISE_SUFFIXES)}) or is no folder; name a folder "
            "that does, or none for generated noise"
        )
    return files


def noise_stretch(recording: np.ndarray, samples: int, generator: np.random.Generator) -> np.ndarray:
    """A stretch from a random place of a recording, which begins anew where it ends.

    Args:
        recording: (any length,), not empty.
        samples: how many are wanted.
        generator: source of the draw.

    Returns:
        (samples,).
    """
    start = int(generator.integers(0, len(recording)))
    return np.take(recording, np.arange(start, start + samples), mode="wrap")


def add_noise(waveform: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Add noise at a signal-to-noise ratio, both measured as mean power over the clip.

    Args:
        waveform: (samples,), float32.
        noise: (samples,).
        snr_db: wanted ratio, in dB.

    Returns:
        (samples,), float32; not clipped. A silent clip, or silence for noise, leaves the clip as it is.
    """
    signal_power = float(np.mean(np.square(waveform, dtype=np.float64)))
    noise_power = float(np.mean(np.square(noise, dtype=np.float64)))
    if signal_power == 0.0 or noise_power == 0.0:
        return np.array(waveform, dtype=np.float32)
    gain = np.sqrt(signal_power / noise_power) * 10.0 ** (-snr_db / 20.0)
    return (waveform + gain * noise).astype(np.float32)


def read_noise(files: Sequence[Path], sampling_rate: int) -> list[np.ndarray]:
    """Read noise recordings.

    Returns:
        float32 arrays (samples,) at `sampling_rate` Hz.

    Raises:
        ValueError: if a recording holds nothing but silence; naming it.
    """
    recordings = []
    for file in files:
        recording = load_audio(file, sampling_rate)
        if not np.any(recording):
            raise ValueError(f"the noise recording {str(file)!r} is silent; take it out of the folder")
        recordings.append(recording)
    return recordings


__all__ = ["NOISE_COLORS", "add_noise", "colored_noise", "noise_files", "noise_stretch", "read_noise"]
