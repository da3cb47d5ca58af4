"""Playing a clip faster or slower."""

import math
import random

import numpy as np
import soxr


class SpeedPerturb:
    """Speed perturbation (Ko et al. 2015): tempo, pitch and formants change together, as if another voice spoke.

    audiomentations has no such transform; this one is called and draws as its own do.

    Args:
        min_speed: Slowest speed, 1 for unchanged; the clip gets longer by its inverse.
        max_speed: Fastest speed. Speeds are drawn evenly on a logarithmic scale.
        p: Probability of being applied.

    Raises:
        ValueError: If the speeds are not 0 < min_speed <= max_speed, or `p` is no probability.
    """

    def __init__(self, min_speed: float = 0.9, max_speed: float = 1.1, p: float = 0.5) -> None:
        if not 0.0 < min_speed <= max_speed:
            raise ValueError(f"min_speed={min_speed}, max_speed={max_speed}: expected 0 < min_speed <= max_speed")
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"p={p}, expected a probability between 0 and 1")
        self.min_speed, self.max_speed, self.p = min_speed, max_speed, p

    def __call__(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Change the speed of a clip.

        Args:
            samples: (samples,), float32.
            sample_rate: Its rate in Hz, kept.

        Returns:
            (samples / speed,), float32.
        """
        if random.random() >= self.p:  # noqa: S311 - seeded by WaveformAugmentation, as audiomentations' draws are
            return samples
        speed = math.exp(random.uniform(math.log(self.min_speed), math.log(self.max_speed)))  # noqa: S311
        return soxr.resample(samples, sample_rate * speed, sample_rate, quality="MQ").astype(np.float32)
