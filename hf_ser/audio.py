"""Any recording to mono float32 at one sampling rate. The only place that decodes, mixes down or resamples.

Files are decoded by soundfile (libsndfile) and resampled by soxr, so neither ffmpeg nor torchaudio is needed. Nothing
is guessed: a source that does not say its sampling rate, its channel axis or its scale is refused, with the fix.
"""

import os
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np

from ._sound_files import AudioError, SeekableBytes, decode, decode_path

__all__ = ["AudioError", "load_audio"]

# Floats beyond this are taken for integer samples that were never divided by full scale: 100 is 40 dB above full
# scale, more than any gain or mix leaves behind, and below the peak of all but the faintest 16-bit recording.
_LARGEST_PEAK = 100.0
_RATES = (1_000, 1_000_000)
_MOST_CHANNELS = 64


def load_audio(
    source: Any,
    sampling_rate: int = 16_000,
    *,
    channel_axis: int | None = None,
    source_sampling_rate: int | None = None,
) -> np.ndarray:
    """Read any recording as mono float32 at `sampling_rate`.

    Channels are averaged, then the mean is resampled by soxr (HQ); `n` samples become
    `round(n * sampling_rate / rate)`. Values of float sources are kept as they are, also beyond [-1, 1]; nothing is
    clipped or normalised. A peak above 100 is refused, since it means integer samples that were not scaled; a peak
    between 1 and 100 cannot be told from a loud mix and passes.

    Truncation is seen in WAV and AIFF (the header promises more bytes than the file has), FLAC (fewer samples, or a
    broken frame), Ogg (the last page is cut) and MP3 with a Xing header. An MP3 without one, or a file cut exactly
    between two Ogg pages, reads as a shorter recording: nothing in it says what is missing.

    Args:
        source: One of

            - a path (`str` or `os.PathLike`) to a wav, flac, ogg, opus, mp3 or aiff file,
            - the bytes of such a file, or a binary file object (read from where it stands, and put back there),
            - `{"array" or "raw": ..., "sampling_rate": ...}`,
            - `{"path": ..., "bytes": ...}`, as `datasets.Audio(decode=False)` gives,
            - a row of a dataset: any mapping with one of these under `"audio"`,
            - a decoder that offers `get_all_samples()` (datasets with torchcodec), or the samples that it returns,
            - a 1-D or 2-D float array, tensor or list, together with `source_sampling_rate`.
        sampling_rate: Wanted rate in Hz.
        channel_axis: Which axis of a 2-D array holds the channels, 0 or 1 (or negative). Ignored for files, which
            say it themselves, and for 1-D arrays.
        source_sampling_rate: Rate in Hz of a bare array. For other sources it must agree with what the source says.

    Returns:
        Waveform of shape (samples,), float32, contiguous and writable, sharing no memory with the source.

    Raises:
        AudioError: The file is missing, empty, truncated, no audio or of another format; there are no samples, or some
            are NaN or infinite; an array has no rate, an integer or complex type, more than two axes, or two and no
            `channel_axis`; `channel_axis` is none of -2, -1, 0 and 1.
    """
    target = _rate(sampling_rate, "sampling_rate")
    _check_channel_axis(channel_axis)
    samples, rate, name = _read(source, channel_axis, source_sampling_rate)
    if samples.size == 0:
        raise AudioError(
            f"{name} holds zero samples; expected at least one. Remove it from the list or record it again"
        )
    _check_values(samples, name)
    if rate == target:
        return np.array(samples, dtype=np.float32, order="C")
    import soxr

    resampled = soxr.resample(np.ascontiguousarray(samples), rate, target, quality="HQ")
    if resampled.size == 0:
        raise AudioError(
            f"{name} holds {samples.size} sample(s) at {rate} Hz, which is less than one at {target} Hz; "
            "expected a longer recording"
        )
    return np.array(resampled, dtype=np.float32, order="C")


def _read(source: Any, channel_axis: int | None, said_rate: int | None) -> tuple[np.ndarray, int, str]:
    """Any source -> mono samples of shape (samples,), their rate in Hz, and a name for messages."""
    if isinstance(source, Mapping):
        return _read_mapping(source, channel_axis, said_rate)
    if isinstance(source, str | os.PathLike):
        samples, rate = decode_path(source)
        name = repr(os.fspath(source))
    elif isinstance(source, bytes | bytearray | memoryview):
        name = f"the recording of {len(source)} bytes"
        samples, rate = decode(SeekableBytes(source), name)
    elif hasattr(source, "read"):
        name = f"file object {getattr(source, 'name', None) or type(source).__name__!r}"
        samples, rate = decode(SeekableBytes(_file_content(source, name)), name)
    elif hasattr(source, "get_all_samples"):
        return _read(source.get_all_samples(), channel_axis, said_rate)
    elif hasattr(source, "sample_rate") and hasattr(source, "data"):
        # torchcodec's AudioSamples: tensor of shape (channels, samples)
        name = "the decoded recording"
        samples, rate = _mono(source.data, 0, name), _rate(source.sample_rate, "sample_rate")
    else:
        name = _describe(source)
        samples = _mono(source, channel_axis, name)
        if said_rate is None:
            raise AudioError(
                f"{name} came without a sampling rate; pass source_sampling_rate=..., or "
                "{'array': array, 'sampling_rate': ...}"
            )
        rate = _rate(said_rate, "source_sampling_rate")
    return samples, _agreed(rate, said_rate, name), name


def _read_mapping(source: Mapping[str, Any], channel_axis: int | None, said_rate: int | None) -> tuple[Any, int, str]:
    for key in ("array", "raw"):
        if source.get(key) is not None:
            name = f"the recording under {key!r} ({_describe(source[key])})"
            samples = _mono(source[key], channel_axis, name)
            rate = source.get("sampling_rate")
            if rate is None:
                rate = said_rate
            if rate is None:
                raise AudioError(
                    f"{name} came without a sampling rate; add 'sampling_rate' (Hz) beside {key!r}, "
                    "or pass source_sampling_rate=..."
                )
            return samples, _agreed(_rate(rate, "sampling_rate"), said_rate, name), name
    if source.get("audio") is not None:
        return _read(source["audio"], channel_axis, said_rate)
    if source.get("bytes") is not None:
        try:
            file = SeekableBytes(source["bytes"])
        except TypeError:
            raise AudioError(
                f"there is {_describe(source['bytes'])} under 'bytes'; expected the bytes of a sound file "
                "(a path goes under 'path', samples under 'array' with 'sampling_rate')"
            ) from None
        name = repr(source["path"]) if source.get("path") else f"the recording of {file.getbuffer().nbytes} bytes"
        samples, rate = decode(file, name)
        return samples, _agreed(rate, said_rate, name), name
    if source.get("path") is not None:
        return _read(source["path"], channel_axis, said_rate)
    raise AudioError(
        f"a mapping with the keys {sorted(map(str, source))} holds no recording; expected 'array' and "
        "'sampling_rate', 'path' or 'bytes', or a dataset row with 'audio'"
    )


def _file_content(source: Any, name: str) -> bytes:
    start = source.tell() if hasattr(source, "seekable") and source.seekable() else None
    content = source.read()
    if isinstance(content, str):
        raise AudioError(f"{name} is opened as text; open it with mode 'rb'")
    if start is not None:
        source.seek(start)
    return content


# ---- arrays


def _mono(array: Any, channel_axis: int | None, name: str) -> np.ndarray:
    """Array of shape (samples,), or of two axes with the channels on `channel_axis` -> float32 of shape (samples,)."""
    if hasattr(array, "detach"):  # a torch tensor, on any device, with or without a gradient
        array = array.detach().cpu()
        array = array.float().numpy() if array.is_floating_point() else array.numpy()
    try:
        values = np.asarray(array)
    except (ValueError, TypeError) as error:
        raise AudioError(f"{name} cannot be read as an array of numbers: {error}; pass a 1-D float array") from None
    if values.size == 0:
        return np.zeros(0, dtype=np.float32)
    if values.dtype.kind in "iub":
        if values.dtype == np.int16:
            fix = "scale it to [-1, 1] first: array.astype('float32') / 32768"
        elif values.dtype.kind == "i":  # lists and tables hold 16-bit samples in wider integers
            fix = "scale it to [-1, 1] first: divide it by the full scale of the recording, 32768 for 16 bits"
        else:
            fix = "convert it to float samples in [-1, 1] first"
        raise AudioError(f"{name} has dtype {values.dtype}, so its full scale is not known; expected floats; {fix}")
    if values.dtype.kind != "f":
        raise AudioError(
            f"{name} has dtype {values.dtype}; expected float samples, a path, bytes, a file object or a mapping "
            "(see load_audio)"
        )
    if values.ndim == 1:
        return values.astype(np.float32, copy=False)
    if values.ndim != 2:
        raise AudioError(
            f"{name} has {values.ndim} axes (shape {values.shape}); expected (samples,), or two axes and "
            "channel_axis=; pass the clips of a batch one by one"
        )
    if channel_axis is None:
        raise AudioError(
            f"{name} has shape {values.shape} and two axes; pass channel_axis=0 if it is (channels, samples), "
            "channel_axis=1 if it is (samples, channels)"
        )
    channels, samples = values.shape[channel_axis], values.shape[1 - channel_axis % 2]
    if channels > _MOST_CHANNELS and channels > samples:
        raise AudioError(
            f"channel_axis={channel_axis} makes {name} (shape {values.shape}) a recording of {channels} channels; "
            f"pass channel_axis={1 - channel_axis % 2}"
        )
    return values.mean(axis=channel_axis, dtype=np.float64 if values.dtype.itemsize > 4 else np.float32).astype(
        np.float32
    )


def _check_channel_axis(axis: Any) -> None:
    if axis is None or (isinstance(axis, Integral) and not isinstance(axis, bool) and axis in (-2, -1, 0, 1)):
        return
    raise AudioError(
        f"channel_axis={axis!r} is no axis of a recording; pass 0 for (channels, samples), 1 for (samples, channels), "
        "or leave it out for files and 1-D arrays"
    )


def _describe(array: Any) -> str:
    kind = f"{type(array).__module__.split('.')[0]}.{type(array).__name__}".removeprefix("builtins.")
    shape = getattr(array, "shape", None)
    return f"a {kind}" if shape is None else f"a {kind} of shape {tuple(shape)}"


def _rate(rate: Any, name: str) -> int:
    low, high = _RATES
    try:
        whole = not isinstance(rate, bool) and int(rate) == rate
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole:
        raise AudioError(f"{name}={rate!r} is no sampling rate; expected a whole number of Hz, such as 16000")
    if not low <= int(rate) <= high:
        raise AudioError(f"{name}={rate} is outside {low} to {high} Hz; give the rate in Hz, such as 16000")
    return int(rate)


def _agreed(rate: int, said_rate: int | None, name: str) -> int:
    if said_rate is not None and _rate(said_rate, "source_sampling_rate") != rate:
        raise AudioError(
            f"{name} says {rate} Hz, but source_sampling_rate={said_rate}; leave source_sampling_rate out"
        )
    return rate


def _check_values(samples: np.ndarray, name: str) -> None:
    peak = float(np.max(np.abs(samples)))  # NaN and infinity both come out here
    if not np.isfinite(peak):
        broken = ~np.isfinite(samples)
        raise AudioError(
            f"{name} has {int(broken.sum())} NaN or infinite samples of {samples.size} (the first at "
            f"{int(broken.argmax())}); expected finite floats. Remove the recording, or mend it, for example with "
            "numpy.nan_to_num"
        )
    if peak > _LARGEST_PEAK:
        raise AudioError(
            f"{name} has a peak of {peak:g}, but floats are expected in [-1, 1]; these look like integer samples "
            "stored as floats: divide by full scale (32768 for 16 bits, 2147483648 for 32 bits)"
        )
