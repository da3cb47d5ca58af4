"""The stages between padded waveforms and normalised features, as functions of an extractor's settings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .derivatives import with_deltas
from .imaging import render
from .log_scale import silence_level, to_decibel, to_natural_log
from .mel_filters import cosine_transform, to_mel
from .normalization import band_figures, normalize_bands, normalize_clip, scale_bands
from .spectrogram import short_time_spectrum, stack_waveforms
from .spectrogram_settings import image_channels

# on a CPU, batches that outgrow its cache are slower than single clips
CPU_CHUNK_SAMPLES = 1 << 16
DEVICE_CHUNK_SAMPLES = 1 << 24


def feature_channels(settings: Any) -> int:
    """Channels of the features before they become an image: 3 with deltas, else 1."""
    return 3 if settings.feature_type == "log_mel_delta" else 1


def feature_bands(settings: Any) -> int:
    """Rows of the features before they become an image: mel bands, frequency bins or coefficients."""
    if settings.feature_type == "log_spec":
        return int(settings.num_frequency_bins or settings.n_fft // 2 + 1)
    return int(settings.num_mfcc if settings.feature_type == "mfcc" else settings.num_mel_bins)


def level_of_silence(settings: Any) -> float:
    """Level of digital silence after the logarithm, in dB or natural-log units."""
    return silence_level(
        log_scale=settings.log_scale,
        reference=settings.reference,
        amin=settings.amin,
        top_db=settings.top_db,
        log_offset=settings.log_offset,
    )


def silence(settings: Any, device: torch.device) -> torch.Tensor:
    """Features of digital silence before normalisation, shape (channels, bands)."""
    level = level_of_silence(settings)
    floor = torch.zeros(feature_channels(settings), feature_bands(settings), device=device)
    if settings.feature_type == "mfcc":
        transform = cosine_transform(settings.num_mfcc, settings.num_mel_bins, device)
        floor[0] = transform.sum(dim=1) * level
    else:
        floor[0] = level
    return floor


def raw_features(settings: Any, waveforms: Sequence[np.ndarray], frames: int, device: torch.device) -> torch.Tensor:
    """Features of clips with equally many frames, before normalisation.

    Args:
        settings: The extractor.
        waveforms: 1-D float arrays of at least `frames` frames each.
        frames: Frames taken of each.
        device: Where to compute.

    Returns:
        Tensor of shape (batch, channels, bands, frames) in dB or natural-log units.
    """
    stacked = stack_waveforms(
        waveforms,
        frames,
        n_fft=settings.n_fft,
        win_length=settings.win_length,
        hop_length=settings.hop_length,
        center=settings.center,
        pad_mode=settings.pad_mode,
        preemphasis=settings.preemphasis,
        device=device,
    )
    values = short_time_spectrum(
        stacked,
        n_fft=settings.n_fft,
        win_length=settings.win_length,
        hop_length=settings.hop_length,
        window_function=settings.window_function,
        window_periodic=settings.window_periodic,
        power=settings.power,
    )
    if settings.feature_type != "log_spec":
        values = to_mel(
            values,
            sampling_rate=settings.sampling_rate,
            n_fft=settings.n_fft,
            num_mel_bins=settings.num_mel_bins,
            min_frequency=settings.min_frequency,
            max_frequency=settings.sampling_rate / 2 if settings.max_frequency is None else settings.max_frequency,
            mel_scale=settings.mel_scale,
            mel_norm=settings.mel_norm,
            triangularize_in_mel_space=settings.triangularize_in_mel_space,
        )
    if settings.log_scale == "ln":
        values = to_natural_log(values, settings.log_offset)
    else:
        values = to_decibel(
            values,
            power=settings.power,
            reference=settings.reference,
            amin=settings.amin,
            top_db=settings.top_db,
        )
    if settings.feature_type == "log_spec":
        values = values[:, : feature_bands(settings)]
    elif settings.feature_type == "mfcc":
        values = torch.matmul(cosine_transform(settings.num_mfcc, settings.num_mel_bins, device), values)
    elif settings.feature_type == "log_mel_delta":
        return with_deltas(values, method=settings.delta_method, width=settings.delta_width, edge=settings.delta_edge)
    return values.unsqueeze(1)


def _figures(settings: Any, name: str, device: torch.device) -> torch.Tensor:
    figures = getattr(settings, name)
    if figures is None:
        raise ValueError(
            f"normalization={settings.normalization!r} has no {name} yet: call fit_normalization(training_clips,"
            f" {settings.normalization!r}) first, or pass {name}"
        )
    return band_figures(figures, device)


def normalize(settings: Any, values: torch.Tensor, floor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalise features and their floor as the settings say.

    Args:
        settings: The extractor.
        values: Shape (batch, channels, bands, frames), real frames only.
        floor: Shape (channels, bands).

    Returns:
        The values, and the floor of shape (channels, bands), or (batch, channels, bands) if it differs from clip to
        clip.

    Raises:
        ValueError: If stored figures are needed and missing.
    """
    device = values.device
    if settings.normalization == "clip":
        return normalize_clip(values, floor)
    if settings.normalization == "band":
        return normalize_bands(
            values, floor, _figures(settings, "band_mean", device), _figures(settings, "band_std", device)
        )
    if settings.normalization == "band_minmax":
        return scale_bands(
            values, floor, _figures(settings, "band_min", device), _figures(settings, "band_max", device)
        )
    return values, floor


def extract(
    settings: Any, waveforms: Sequence[np.ndarray], frames: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """`raw_features`, normalised, with their floor; see `normalize` for the shapes."""
    return normalize(settings, raw_features(settings, waveforms, frames, device), silence(settings, device))


def assemble(
    settings: Any, waveforms: Sequence[np.ndarray], frames: Sequence[int], length: int, device: torch.device
) -> torch.Tensor:
    """Normalised features of a batch, padded with the floor or the extractor's `padding_value`.

    Clips with equally many frames are computed together, in chunks that suit the device's memory.

    Args:
        settings: The extractor.
        waveforms: 1-D float arrays.
        frames: Frames of each, `length` at most.
        length: Frames of the result.
        device: Where to compute.

    Returns:
        Tensor of shape (batch, channels, bands, length).
    """
    groups: dict[int, list[int]] = {}
    for index, count in enumerate(frames):
        groups.setdefault(count, []).append(index)
    chunk_samples = CPU_CHUNK_SAMPLES if device.type == "cpu" else DEVICE_CHUNK_SAMPLES
    shape = (len(frames), feature_channels(settings), feature_bands(settings), length)
    # numpy asks the system for huge pages, which for a batch takes a tenth of the time that torch's small pages take
    result = (
        torch.from_numpy(np.empty(shape, np.float32)) if device.type == "cpu" else torch.empty(shape, device=device)
    )
    for count, members in groups.items():
        size = max(1, chunk_samples // (count * settings.hop_length))
        for start in range(0, len(members), size):
            chunk = members[start : start + size]
            values, floor = extract(settings, [waveforms[index] for index in chunk], count, device)
            if len(chunk) == len(frames) and count == length:
                return values
            fill = floor.expand(values.shape[:-1]).unsqueeze(-1)
            for row, index in enumerate(chunk):
                _place(settings, result[index], values[row], fill[row])
    return result


def assemble_raw(settings: Any, features: Sequence[torch.Tensor], length: int) -> torch.Tensor:
    """What `assemble` gives, from `raw_features` that were computed earlier.

    Args:
        settings: The extractor.
        features: Tensors of shape (channels, bands, frames), `length` frames at most.
        length: Frames of the result.

    Returns:
        Tensor of shape (batch, channels, bands, length).
    """
    result = torch.from_numpy(np.empty((len(features), *features[0].shape[:-1], length), np.float32))
    level = silence(settings, torch.device("cpu"))
    for row, clip in zip(result, features, strict=True):
        values, floor = normalize(settings, clip[None], level)
        _place(settings, row, values[0], floor.reshape(values.shape[1:-1]).unsqueeze(-1))
    return result


def _place(settings: Any, row: torch.Tensor, values: torch.Tensor, floor: torch.Tensor) -> None:
    """Write a clip's features (channels, bands, frames) into its row of a batch, and what pads it after them."""
    count = values.shape[-1]
    row[..., :count] = values
    if count < row.shape[-1]:
        row[..., count:] = floor if settings.padding_value is None else settings.padding_value


def as_image(settings: Any, values: torch.Tensor, resize: bool = True) -> torch.Tensor:
    """Normalised features as the image that the settings ask for, if any.

    Args:
        settings: The extractor.
        values: Shape (batch, channels, bands, frames).
        resize: Whether to resize to `image_size`.

    Returns:
        Tensor of shape (batch, channels, rows, columns).
    """
    value_range = None
    if settings.colormap is not None or settings.image_normalization is not None:
        unit = settings.normalization == "band_minmax"
        value_range = (0.0, 1.0) if unit else (level_of_silence(settings), 0.0)
    size = settings.image_size if resize else None
    return render(
        values,
        value_range=value_range,
        num_channels=image_channels(vars(settings)),
        colormap=settings.colormap,
        low_frequency_at=settings.low_frequency_at,
        image_normalization=settings.image_normalization,
        size=None if size is None else (size[0], size[1]),
        resample=settings.image_resample,
        antialias=settings.image_antialias,
    )


def padding_column(settings: Any) -> torch.Tensor | None:
    """What a padded frame of `input_features` holds: with `image_size`, a column of the picture.

    Args:
        settings: The extractor.

    Returns:
        Tensor of shape (channels, rows), or None if it differs from clip to clip.
    """
    column = silence(settings, torch.device("cpu"))
    if settings.padding_value is not None:
        column = torch.full_like(column, settings.padding_value)
    elif settings.normalization == "clip":
        return None
    else:
        column = normalize(settings, column[None, ..., None], column)[1]
    plain = as_image(settings, column[None, ..., None], resize=False)[0, ..., 0]
    if settings.image_size is None:
        return plain
    if bool((plain == plain[:, :1]).all()):
        # resizing would only round the one value that all rows have
        return plain[:, :1].repeat(1, settings.image_size[0])
    return as_image(settings, column[None, ..., None])[0, ..., 0]
