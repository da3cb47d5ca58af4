"""What a feature extractor accepts as waveforms, and the errors for everything else."""

from numbers import Real
from typing import Any

import numpy as np
import torch

# its power, summed over a window, still fits single precision
LARGEST_SAMPLE = 1e15


def _as_waveform(clip: Any, name: str) -> np.ndarray:
    """One clip as a 1-D array of finite floats; `name` is what errors call it."""
    if isinstance(clip, torch.Tensor):
        clip = clip.detach().cpu()
        clip = (clip.float() if clip.dtype == torch.bfloat16 else clip).numpy()
    elif isinstance(clip, (list, tuple)):
        try:
            clip = np.asarray(clip)
        except ValueError as error:
            raise ValueError(
                f"{name} is a list of lists of unequal lengths, expected a flat list of samples"
            ) from error
    elif not isinstance(clip, np.ndarray):
        raise TypeError(
            f"{name} is a {type(clip).__name__}, expected a 1-D float array, tensor or list of samples; read files"
            " and dataset rows with hf_ser.load_audio(source, sampling_rate=...) first"
        )
    if clip.ndim != 1:
        raise ValueError(
            f"{name} has shape {tuple(clip.shape)}, expected one axis (samples,): pass a batch as a list of 1-D"
            " arrays, and mix channels down with array.mean(axis) or hf_ser.load_audio(array, channel_axis=...,"
            " source_sampling_rate=...)"
        )
    if clip.size == 0:
        raise ValueError(f"{name} is empty (zero samples): leave it out of the batch")
    if clip.dtype.kind in "iub":
        raise TypeError(
            f"{name} has dtype {clip.dtype}, expected floats in [-1, 1]: divide by full scale, 32768 for 16-bit"
            " sound, as in numpy.asarray(samples, 'float32') / 32768"
        )
    if clip.dtype.kind != "f":
        raise TypeError(f"{name} has dtype {clip.dtype}, expected floats in [-1, 1]")
    # one comparison that NaN, infinity and overflow all fail; looking at each sample is left to the error
    low, high = clip.min(), clip.max()
    if not (low > -LARGEST_SAMPLE and high < LARGEST_SAMPLE):
        wrong = np.flatnonzero(~np.isfinite(clip))
        if len(wrong):
            raise ValueError(
                f"{name} holds {len(wrong)} NaN or infinite samples, the first at sample {wrong[0]}: repair the"
                " recording, or replace them with numpy.nan_to_num(array, posinf=0.0, neginf=0.0)"
            )
        raise ValueError(
            f"{name} has samples from {low:g} to {high:g}, whose power single precision cannot hold; expected [-1, 1]:"
            " divide by full scale"
        )
    return clip


def as_waveforms(raw_speech: Any) -> list[np.ndarray]:
    """One clip or a batch of clips as a list of 1-D float arrays.

    Args:
        raw_speech: A 1-D array, tensor or list of floats, or a list of them.

    Returns:
        The clips, not copied where they are arrays.

    Raises:
        TypeError: If a clip is not an array of floats.
        ValueError: If a clip has more than one axis, no samples, or samples that are not finite, or the batch is
            empty.
    """
    if isinstance(raw_speech, (list, tuple)):
        if len(raw_speech) == 0:
            raise ValueError("raw_speech is an empty list: pass at least one clip")
        if not isinstance(raw_speech[0], Real):
            return [_as_waveform(clip, f"clip {number} of the batch") for number, clip in enumerate(raw_speech)]
    return [_as_waveform(raw_speech, "raw_speech")]


def check_sampling_rate(given: int | None, expected: int) -> None:
    """Refuse clips whose sampling rate is unknown or not the extractor's.

    Args:
        given: What the caller says, in Hz.
        expected: What the extractor works at, in Hz.

    Raises:
        ValueError: If it is missing or differs.
    """
    if given is None:
        raise ValueError(
            "sampling_rate is missing: say at how many Hz the clips were sampled, as in"
            f" extractor(clip, sampling_rate={expected})"
        )
    if given != expected:
        raise ValueError(
            f"got clips at {given} Hz, but this extractor works at {expected} Hz: resample, for example with"
            f" hf_ser.load_audio(source, sampling_rate={expected})"
        )


def check_device(device: str | torch.device) -> torch.device:
    """The device by that name.

    Args:
        device: Name such as "cpu" or "cuda:0", or a device.

    Returns:
        The device.

    Raises:
        ValueError: If there is no such kind of device, it cannot compute, or torch finds none here.
    """
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device={device!r} is no device torch knows: use 'cpu', 'cuda', 'cuda:1', 'mps', ..."
        ) from error
    if found.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device={device!r}, but torch finds no GPU here: use device='cpu', or install a CUDA build of torch"
        )
    if found.type == "meta":
        raise ValueError(f"device={device!r} computes nothing: use 'cpu', or the device of the model")
    try:
        torch.empty(0, device=found)
    except (RuntimeError, NotImplementedError, AssertionError, ImportError) as error:
        raise ValueError(f"device={device!r}, but torch finds no such device here: use device='cpu'") from error
    return found
