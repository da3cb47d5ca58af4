"""The noisy twin of a clip, for stability training."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .noise import NOISE_COLORS, add_noise, colored_noise, noise_files, noise_stretch, read_noise
from .reverberation import DecayReverb


class NoisyTwin:
    """Makes a twin of a clip: the same speech in noise, or in a room (the AlexNet system's stability training).

    A twin is reverberant with probability `reverb`, and noisy otherwise; in that system one twin of eight was
    reverberant. Noise is a stretch of one of the recordings in `noise_dir`, or generated white, pink or brown noise,
    at a signal-to-noise ratio that is uniform over `snr_db`.

    Args:
        sampling_rate: Of the clips, in Hz.
        noise_dir: Folder of noise recordings; None for generated noise. They are read when first needed and kept.
        snr_db: Lowest and highest signal-to-noise ratio, in dB.
        reverb: Share of twins that are reverberant instead of noisy, in [0, 1].

    Raises:
        ValueError: If a range or share is out of range, or the folder holds no recordings.
    """

    def __init__(
        self,
        sampling_rate: int = 16000,
        noise_dir: str | Path | None = None,
        snr_db: Sequence[float] = (0.0, 10.0),
        reverb: float = 0.125,
    ) -> None:
        if len(snr_db) != 2 or not -60.0 <= snr_db[0] <= snr_db[1] <= 100.0:
            raise ValueError(
                f"snr_db is {list(snr_db)}, expected the lowest and the highest ratio in dB, such as 0 10"
            )
        if not 0.0 <= reverb <= 1.0:
            raise ValueError(f"reverb is {reverb}, expected a share of the twins in [0, 1]")
        self.sampling_rate, self.snr_db, self.reverb = sampling_rate, (float(snr_db[0]), float(snr_db[1])), reverb
        self.files = None if noise_dir is None else noise_files(noise_dir)
        self._recordings: list[np.ndarray] | None = None
        self._room = DecayReverb(p=1.0)

    def __call__(self, waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Make a twin.

        Args:
            waveform: (samples,), float32. Left as it is.
            generator: Source of every draw.

        Returns:
            (samples,), float32, of the same length. A silent clip comes back as it is.
        """
        if generator.random() < self.reverb:
            return self._room.apply(waveform, self.sampling_rate, generator)
        snr = float(generator.uniform(*self.snr_db))
        return add_noise(waveform, self._noise(len(waveform), generator), snr)

    def _noise(self, samples: int, generator: np.random.Generator) -> np.ndarray:
        if self.files is None:
            return colored_noise(samples, list(NOISE_COLORS)[int(generator.integers(len(NOISE_COLORS)))], generator)
        if self._recordings is None:
            self._recordings = read_noise(self.files, self.sampling_rate)
        return noise_stretch(self._recordings[int(generator.integers(len(self._recordings)))], samples, generator)


__all__ = ["NoisyTwin"]
