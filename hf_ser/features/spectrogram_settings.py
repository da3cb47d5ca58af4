"""Checks of a spectrogram extractor's settings: each wrong one is named with what was expected."""

import difflib
import math
from collections.abc import Iterable
from typing import Any

CHOICES: dict[str, tuple[Any, ...]] = {
    "feature_type": ("log_mel", "log_spec", "log_mel_delta", "mfcc"),
    "window_function": ("hann", "hamming"),
    "pad_mode": ("constant", "reflect"),
    "power": (1, 2),
    "mel_scale": ("slaney", "htk", "kaldi"),
    "mel_norm": ("slaney", None),
    "log_scale": ("db", "ln"),
    "delta_method": ("regression", "savitzky_golay", "difference"),
    "delta_edge": ("nearest", "interp"),
    "normalization": ("none", "clip", "band", "band_minmax"),
    "image_resample": ("bilinear", "bicubic"),
    "colormap": (None, "magma"),
    "low_frequency_at": ("top", "bottom"),
    "image_normalization": (None, "imagenet"),
    "segment_tail": ("pad", "drop"),
    "padding_side": ("right",),
}
COUNTS = ("sampling_rate", "n_fft", "win_length", "hop_length", "num_mel_bins", "num_mfcc", "delta_width")
OPTIONAL_COUNTS = ("num_frequency_bins", "num_frames", "segment_frames", "segment_hop")
FLAGS = ("window_periodic", "triangularize_in_mel_space", "center", "image_antialias", "return_attention_mask")
# what transformers and the Hub write into preprocessor_config.json besides settings
FOREIGN_KEYS = ("feature_extractor_type", "feature_size", "processor_class", "auto_map")


def check_unknown(unknown: Iterable[str], known: Iterable[str], owner: str = "SpectrogramFeatureExtractor") -> None:
    """Refuse settings that do not exist.

    Args:
        unknown: Names that are no parameters.
        known: Names that are.
        owner: Class that errors name.

    Raises:
        TypeError: Naming the first and the closest one that exists.
    """
    known = list(known)
    for name in unknown:
        if name in FOREIGN_KEYS or name.startswith("_"):
            continue
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"settings: {', '.join(sorted(known))}"
        raise TypeError(f"unknown setting {name!r} of {owner}; {hint}")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _check_types(settings: dict[str, Any]) -> None:
    for name, choices in CHOICES.items():
        if name in settings and (isinstance(settings[name], bool) or settings[name] not in choices):
            expected = ", ".join(repr(choice) for choice in choices)
            raise ValueError(f"{name}={settings[name]!r}, expected one of {expected}")
    for name in COUNTS + OPTIONAL_COUNTS:
        value = settings[name]
        if not (_is_count(value) or (value is None and name in OPTIONAL_COUNTS)):
            raise ValueError(f"{name}={value!r}, expected a whole number of at least 1")
    for name in FLAGS:
        if not isinstance(settings.get(name, True), bool):
            raise ValueError(f"{name}={settings[name]!r}, expected True or False")
    for name in ("amin", "log_offset"):
        if not (_is_number(settings[name]) and settings[name] > 0):
            raise ValueError(f"{name}={settings[name]!r}, expected a number above 0")
    for name in ("preemphasis", "padding_value"):
        if settings[name] is not None and not _is_number(settings[name]):
            raise ValueError(f"{name}={settings[name]!r}, expected a finite number, or None")
    if settings["reference"] != "max" and not (_is_number(settings["reference"]) and settings["reference"] > 0):
        raise ValueError(
            f"reference={settings['reference']!r}, expected 'max' or the power (above 0) to be called 0 dB"
        )
    for name in ("top_db", "trim_db"):
        if settings[name] is not None and not (_is_number(settings[name]) and settings[name] > 0):
            raise ValueError(f"{name}={settings[name]!r}, expected a range in dB above 0, or None")
    if not (_is_number(settings["trim_margin"]) and settings["trim_margin"] >= 0):
        raise ValueError(f"trim_margin={settings['trim_margin']!r}, expected seconds, 0 or more")
    size = settings["image_size"]
    if size is not None and not (isinstance(size, (list, tuple)) and len(size) == 2 and all(map(_is_count, size))):
        raise ValueError(
            f"image_size={size!r}, expected [rows over frequency, columns over time], for example [224, 224]"
        )
    if settings["num_channels"] not in (None, 1, 3):
        raise ValueError(f"num_channels={settings['num_channels']!r}, expected 1, 3 or None (as the features have)")


def check_settings(settings: dict[str, Any]) -> None:
    """Check each setting, and those that depend on one another.

    Args:
        settings: All settings by name.

    Raises:
        ValueError: Naming the setting, its value and what was expected.
    """
    _check_types(settings)
    rate, n_fft = settings["sampling_rate"], settings["n_fft"]
    if settings["win_length"] > n_fft:
        raise ValueError(
            f"win_length={settings['win_length']} does not fit n_fft={n_fft}: raise n_fft or shorten the window"
        )
    low, high = settings["min_frequency"], settings["max_frequency"]
    if not (_is_number(low) and (high is None or _is_number(high))):
        raise ValueError(f"min_frequency={low!r}, max_frequency={high!r}: expected frequencies in Hz")
    if not 0 <= low < (rate / 2 if high is None else high) <= rate / 2:
        raise ValueError(
            f"min_frequency={low}, max_frequency={high}: expected 0 <= min < max <= {rate / 2:g} Hz, half the"
            " sampling rate"
        )
    bins = settings["num_frequency_bins"]
    if bins is not None and bins > n_fft // 2 + 1:
        raise ValueError(f"num_frequency_bins={bins}, but n_fft={n_fft} gives only {n_fft // 2 + 1} bins")
    if settings["num_mfcc"] > settings["num_mel_bins"] and settings["feature_type"] == "mfcc":
        raise ValueError(
            f"num_mfcc={settings['num_mfcc']}, but there are only num_mel_bins={settings['num_mel_bins']}"
        )
    if settings["delta_width"] < 3 or settings["delta_width"] % 2 == 0:
        raise ValueError(f"delta_width={settings['delta_width']}, expected an odd number of frames, 3 or more")
    if settings["log_scale"] == "db" and settings["reference"] == "max" and settings["top_db"] is None:
        raise ValueError(
            "reference='max' with top_db=None leaves silence without a value; pass top_db=80.0 or a fixed reference"
        )
    if (settings["segment_frames"] is None) != (settings["segment_hop"] is None):
        raise ValueError("segment_frames and segment_hop belong together: pass both, in frames")
    _check_image(settings)


def _check_image(settings: dict[str, Any]) -> None:
    deltas = settings["feature_type"] == "log_mel_delta"
    if deltas and settings["num_channels"] == 1:
        raise ValueError("num_channels=1, but feature_type='log_mel_delta' has 3; use feature_type='log_mel'")
    if settings["colormap"] is not None and (deltas or settings["num_channels"] == 1):
        raise ValueError(
            "a colormap makes 3 channels out of 1: use it with a one-channel feature_type and num_channels=None or 3"
        )
    colours = settings["colormap"] is not None or settings["image_normalization"] is not None
    if not colours:
        return
    if settings["image_normalization"] is not None and image_channels(settings) != 3:
        raise ValueError("image_normalization='imagenet' needs three channels; pass num_channels=3 or a colormap")
    bounded = settings["normalization"] == "none" and settings["log_scale"] == "db" and not deltas
    if settings["normalization"] != "band_minmax" and not (bounded and settings["feature_type"] != "mfcc"):
        raise ValueError(
            "colormap and image_normalization need values of a known range: use normalization='band_minmax', or"
            f" 'none' with dB of log_mel or log_spec; got normalization={settings['normalization']!r},"
            f" log_scale={settings['log_scale']!r}, feature_type={settings['feature_type']!r}"
        )


def image_channels(settings: dict[str, Any]) -> int:
    """Number of channels that the settings lead to: 1 or 3."""
    if settings["feature_type"] == "log_mel_delta" or settings["colormap"] is not None:
        return 3
    return int(settings["num_channels"] or 1)


def plain_figures(name: str, figures: Any, channels: int, bands: int) -> Any:
    """Stored figures of each band as plain lists, whatever kind of array they came in.

    Args:
        name: The setting's name, for errors.
        figures: None, or numbers of shape (bands,) or (channels, bands).
        channels: Channels of the features before they become an image.
        bands: Bands of the features.

    Returns:
        None, a list of floats, or a list of lists of floats.

    Raises:
        ValueError: If the shape or a value is wrong.
    """
    if figures is None:
        return None
    figures = figures.tolist() if hasattr(figures, "tolist") else list(figures)
    nested = bool(figures) and isinstance(figures[0], (list, tuple))
    rows = figures if nested else [figures]
    if len(rows) != channels or any(len(row) != bands for row in rows):
        raise ValueError(
            f"{name} has {len(rows)} x {len(rows[0])} figures, expected {channels} x {bands}: one per channel and band"
        )
    if not all(_is_number(value) for row in rows for value in row):
        raise ValueError(f"{name} holds something other than finite numbers")
    if name == "band_std" and min(value for row in rows for value in row) <= 0:
        raise ValueError("band_std holds a deviation that is not above 0; use 1.0 for a band that never changes")
    rows = [[float(value) for value in row] for row in rows]
    return rows if nested else rows[0]
