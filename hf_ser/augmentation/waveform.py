"""Random changes of a waveform through audiomentations, as a pure function of (waveform, generator)."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .specification import build_transforms, resolve_spec


class WaveformAugmentation:
    """A chain of audiomentations transforms whose draws come from a generator that the caller hands in.

    audiomentations draws from the global `random` and `numpy.random`. Each call seeds both from `rng` and puts their
    states back, so a data collator in the main process leaves the Trainer's random state as it found it, and the same
    generator seed gives the same output in any process. Not for several threads at once: they share those states.

    Each transform has its own probability `p` (audiomentations' default is 0.5). A raised gain can pass +-1; nothing
    clips it. Reverberation is our own "DecayReverb", of rooms that are drawn; audiomentations' needs the optional
    package pyroomacoustics ("RoomSimulator") or recorded impulse responses ("ApplyImpulseResponse").
    `method="librosa_phase_vocoder"` of PitchShift and TimeStretch is no faster than the default, but compiles for
    about 15 s on its first call in every data worker.

    Args:
        spec: Name of a preset ("none", "light", "standard", "strong", "voices", "rooms"; single changes "pitch",
            "stretch", "gain", "noise", "reverb"), or a list of
            `{"transform": name, "kwargs": {...}}` in order of use, where a name is a waveform transform of
            audiomentations, "SpeedPerturb", "DecayReverb", or "OneOf", "SomeOf" or "Compose" with such a list under
            `kwargs["transforms"]`.
            The list may come as a JSON string, as a command line gives it.
        sampling_rate: Samples per second of the waveforms, in Hz.

    Attributes:
        transforms: The resolved list, plain JSON values that rebuild the same augmentation.

    Raises:
        ValueError: Unknown preset or transform, wrong arguments, or a setting whose result cannot be repeated.
        TypeError: A spec that is neither a name nor a list of such dicts.
        ImportError: audiomentations is missing and the spec is not empty.
    """

    def __init__(self, spec: str | Sequence[dict[str, Any]] = "standard", sampling_rate: int = 16000) -> None:
        if isinstance(sampling_rate, bool) or not isinstance(sampling_rate, int) or sampling_rate <= 0:
            raise ValueError(f"sampling_rate: got {sampling_rate!r}, expected a positive integer in Hz, such as 16000")
        self.sampling_rate = sampling_rate
        self.transforms = resolve_spec(spec)
        # built here, not on first use: a wrong spec must fail before the training run starts, not in a data worker
        self._chain = build_transforms(self.transforms)

    def __call__(self, waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Augment one waveform.

        Args:
            waveform: (samples,), floating point, mono. Left as it is.
            rng: Source of every draw; advanced by two draws whatever the transforms do.

        Returns:
            A new float32 array (samples,). The length changes only where a transform changes it by design: by a factor
            of 1/1.1 to 1/0.9 with the preset "standard", 1/1.25 to 1/0.8 with "strong" and "stretch", and 1/1.22 to
            1/0.82 with "voices" and "rooms"; the other presets keep it.

        Raises:
            TypeError: `waveform` is not a floating-point array, or `rng` is not a numpy Generator.
            ValueError: `waveform` is not 1-D, is empty or not finite, or a transform's result is.
        """
        samples = _checked_copy(waveform)
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"rng: got {type(rng).__name__}, expected numpy.random.default_rng([seed, epoch, row])")
        python_seed, numpy_seed = int(rng.integers(2**63)), int(rng.integers(2**32))
        with _global_random_state(python_seed, numpy_seed):
            for entry, transform in zip(self.transforms, self._chain, strict=True):
                samples = np.ascontiguousarray(transform(samples, self.sampling_rate), dtype=np.float32)
                if samples.size == 0 or not np.isfinite(samples).all():
                    raise ValueError(
                        f"augmentation {entry} turned a waveform of {np.size(waveform)} samples into "
                        f"{'nothing' if samples.size == 0 else 'NaN or infinite samples'}; "
                        "leave this transform out or soften its arguments"
                    )
        return samples

    def __reduce__(self) -> tuple[type, tuple[list[dict[str, Any]], int]]:
        # some transforms hold caches that cannot be pickled; a spawned data worker rebuilds the chain from the spec
        return type(self), (self.transforms, self.sampling_rate)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.transforms!r}, sampling_rate={self.sampling_rate})"


@contextmanager
def _global_random_state(python_seed: int, numpy_seed: int) -> Iterator[None]:
    """Seed the two global generators for a while and give them back unchanged."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 - audiomentations draws there
    try:
        random.seed(python_seed)
        np.random.seed(numpy_seed)  # noqa: NPY002
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002


def _checked_copy(waveform: np.ndarray) -> np.ndarray:
    """Return a writable float32 copy of a mono waveform, or say what is wrong with it."""
    if not isinstance(waveform, np.ndarray) or not np.issubdtype(waveform.dtype, np.floating):
        got = waveform.dtype if isinstance(waveform, np.ndarray) else type(waveform).__name__
        raise TypeError(f"waveform: got {got}, expected a float32 numpy array; read audio with hf_ser.load_audio")
    if waveform.ndim != 1 or waveform.size == 0:
        raise ValueError(
            f"waveform: got shape {waveform.shape}, expected (samples,) with at least one sample; augment clip by clip"
        )
    if not np.isfinite(waveform).all():
        raise ValueError(
            "waveform: got NaN or infinite samples; read audio with hf_ser.load_audio, which refuses them"
        )
    return np.array(waveform, dtype=np.float32)


__all__ = ["WaveformAugmentation"]
