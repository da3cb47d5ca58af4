"""A clip as it would sound in a room, without recorded impulse responses."""

import random

import numpy as np


def decay_response(
    seconds: float, direct_to_reverberant_db: float, sampling_rate: int, generator: np.random.Generator
) -> np.ndarray:
    """An impulse response: the direct sound, then noise that decays exponentially (Polack's model of a room).

    Args:
        seconds: reverberation time RT60, in which the tail falls by 60 dB.
        direct_to_reverberant_db: energy of the direct sound against that of the tail, in dB.
        sampling_rate: in Hz.
        generator: source of the draws.

    Returns:
        (samples,), float64; the first sample is 1.
    """
    length = max(2, round(seconds * sampling_rate))
    times = np.arange(1, length) / sampling_rate
    tail = generator.standard_normal(length - 1) * 10.0 ** (-3.0 * times / seconds)
    tail *= 10.0 ** (-direct_to_reverberant_db / 20.0) / np.sqrt(np.sum(tail**2))
    return np.concatenate([[1.0], tail])


def reverberate(waveform: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Convolve a clip with an impulse response; it keeps its length and its mean power.

    Args:
        waveform: (samples,), float32.
        response: (any length,).

    Returns:
        (samples,), float32.
    """
    length = len(waveform)
    response = response[:length]
    size = 1 << (length + len(response) - 2).bit_length()
    wet = np.fft.irfft(np.fft.rfft(waveform, size) * np.fft.rfft(response, size), size)[:length]
    power, wet_power = float(np.mean(np.square(waveform, dtype=np.float64))), float(np.mean(wet**2))
    if wet_power > 0.0:
        wet *= np.sqrt(power / wet_power)
    return wet.astype(np.float32)


class DecayReverb:
    """Reverberation of a random room. audiomentations has none without pyroomacoustics or recorded responses; this one
    is called and draws as its own transforms do.

    Args:
        min_seconds: Shortest reverberation time RT60, in s.
        max_seconds: Longest one. Small rooms have about 0.3 s, halls 1 s and more.
        min_direct_db: Least energy of the direct sound against the reverberation's, in dB.
        max_direct_db: Most.
        p: Probability of being applied.

    Raises:
        ValueError: If a range is upside down, a time is not above 0, or `p` is no probability.
    """

    def __init__(
        self,
        min_seconds: float = 0.2,
        max_seconds: float = 0.8,
        min_direct_db: float = 0.0,
        max_direct_db: float = 10.0,
        p: float = 0.5,
    ) -> None:
        if not 0.0 < min_seconds <= max_seconds:
            raise ValueError(
                f"min_seconds={min_seconds}, max_seconds={max_seconds}: expected 0 < min_seconds <= max_seconds"
            )
        if not min_direct_db <= max_direct_db:
            raise ValueError(f"min_direct_db={min_direct_db}, max_direct_db={max_direct_db}: expected min <= max")
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"p={p}, expected a probability between 0 and 1")
        self.min_seconds, self.max_seconds = min_seconds, max_seconds
        self.min_direct_db, self.max_direct_db, self.p = min_direct_db, max_direct_db, p

    def __call__(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Put a clip into a room.

        Args:
            samples: (samples,), float32.
            sample_rate: Its rate in Hz.

        Returns:
            (samples,), float32, of the same mean power.
        """
        if random.random() >= self.p:  # noqa: S311 - seeded by WaveformAugmentation, as audiomentations' draws are
            return samples
        generator = np.random.default_rng(random.getrandbits(64))
        return self.apply(samples, sample_rate, generator)

    def apply(self, waveform: np.ndarray, sampling_rate: int, generator: np.random.Generator) -> np.ndarray:
        """Put a clip into a room that a generator draws, whatever `p` is.

        Args:
            waveform: (samples,), float32.
            sampling_rate: In Hz.
            generator: Source of the draws.

        Returns:
            (samples,), float32, of the same mean power.
        """
        seconds = float(generator.uniform(self.min_seconds, self.max_seconds))
        direct = float(generator.uniform(self.min_direct_db, self.max_direct_db))
        return reverberate(waveform, decay_response(seconds, direct, sampling_rate, generator))


__all__ = ["DecayReverb", "decay_response", "reverberate"]
