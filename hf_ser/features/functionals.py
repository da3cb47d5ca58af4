"""Functionals: one vector of acoustic figures for a whole clip, here eGeMAPSv02 by openSMILE.

openSMILE is an extra (`pip install 'hf-ser[egemaps]'`) under a licence of its own, free for research and other
non-commercial use only: see its package metadata.
"""

from functools import cache
from typing import Any

import numpy as np

from .waveform_checks import as_waveforms, check_sampling_rate

EGEMAPS_SIZE = 88
EGEMAPS_RATE = 16_000
# openSMILE's 60 ms window of pitch; it gives nothing for shorter clips
_SHORTEST = 960
# openSMILE reads 16-bit samples, and its Python wrapper lets those beyond full scale wrap around to the other sign
_LARGEST = 32767 / 32768


@cache
def _egemaps() -> Any:
    """The extractor, made once in a process."""
    try:
        import opensmile
    except ImportError as error:
        raise ImportError(
            "eGeMAPS functionals need opensmile: pip install 'hf-ser[egemaps]' (its licence allows non-commercial use"
            " only), or do without them: functionals=None, functionals_size=0"
        ) from error
    return opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)


def egemaps_names() -> tuple[str, ...]:
    """Names of the 88 functionals, in the order of `egemaps_functionals`, as openSMILE writes them.

    Returns:
        The names, such as "F0semitoneFrom27.5Hz_sma3nz_amean".

    Raises:
        ImportError: If opensmile is missing.
    """
    return tuple(_egemaps().feature_names)


def egemaps_functionals(waveform: np.ndarray, sampling_rate: int = EGEMAPS_RATE) -> np.ndarray:
    """The 88 functionals of eGeMAPSv02 (Eyben et al. 2016) of one clip.

    They depend on loudness: scale clips alike, and do not normalise each. Standardise them with figures of the
    training speakers before a model reads them.

    Args:
        waveform: Mono, float in [-1, 1], shape (samples,). What lies beyond is cut to full scale. Shorter than 60 ms,
            the clip is padded with silence at its end.
        sampling_rate: Its rate, 16,000 Hz.

    Returns:
        Float32 of shape (88,). Always finite; what has no value, such as the pitch of a clip without voice, is 0.

    Raises:
        ImportError: If opensmile is missing.
        TypeError: If the waveform is not made of floats.
        ValueError: If it has another shape, no samples, samples that are not finite, or another rate.
    """
    check_sampling_rate(sampling_rate, EGEMAPS_RATE)
    clips = as_waveforms(waveform)
    if len(clips) != 1:
        raise ValueError(f"got {len(clips)} clips, expected one: call egemaps_functionals for each")
    clip = np.asarray(clips[0], dtype=np.float32).clip(-1, _LARGEST)
    clip = np.pad(clip, (0, max(_SHORTEST - len(clip), 0)))
    figures = np.asarray(_egemaps()(clip, EGEMAPS_RATE), dtype=np.float32).reshape(-1)
    return np.nan_to_num(figures, nan=0.0, posinf=0.0, neginf=0.0)


__all__ = ["EGEMAPS_RATE", "EGEMAPS_SIZE", "egemaps_functionals", "egemaps_names"]
