"""Where the sound of a clip begins and ends."""

import numpy as np

FRAME_SECONDS = 0.025
STEP_SECONDS = 0.01


def sounding_span(waveform: np.ndarray, sampling_rate: int, top_db: float, margin_seconds: float) -> tuple[int, int]:
    """Find the span of a clip that lies between its leading and its trailing silence.

    Frames of 25 ms every 10 ms count as silent when their mean square lies more than `top_db` below that of the
    loudest one. Silence inside the clip is kept.

    Args:
        waveform: 1-D float array.
        sampling_rate: Its rate in Hz.
        top_db: Range below the loudest frame that counts as sound, in dB.
        margin_seconds: What is kept on both sides of the sound, in seconds.

    Returns:
        First sample of the span and the one after its last; all of the clip if it has no sound at all.
    """
    frame, step = max(1, round(FRAME_SECONDS * sampling_rate)), max(1, round(STEP_SECONDS * sampling_rate))
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    last = max(0, len(waveform) - frame)
    starts = np.append(np.arange(0, last, step), last)
    ends = np.minimum(starts + frame, len(waveform))
    power = (energy[ends] - energy[starts]) / np.maximum(ends - starts, 1)
    loudest = power.max()
    if loudest <= 0.0:
        return 0, len(waveform)
    sounding = np.flatnonzero(power >= loudest * 10.0 ** (-top_db / 10.0))
    margin = round(margin_seconds * sampling_rate)
    return max(0, int(starts[sounding[0]]) - margin), min(len(waveform), int(ends[sounding[-1]]) + margin)
