"""Named settings: the front ends of the published systems, and plain ones to start from."""

import copy
from typing import Any

_SYSTEM_001: dict[str, Any] = {
    "sampling_rate": 16000,
    "n_fft": 800,
    "win_length": 640,
    "hop_length": 160,
    "window_function": "hamming",
    "pad_mode": "reflect",
    "preemphasis": 0.97,
    "segment_frames": 300,
    "segment_hop": 300,
    "num_frames": 300,
}

PRESETS: dict[str, dict[str, Any]] = {
    # 80 Slaney mels, 25 ms windows every 10 ms, dB under the clip's maximum
    "log_mel": {"feature_type": "log_mel", "num_mel_bins": 80},
    "log_spec": {"feature_type": "log_spec"},
    "mfcc": {"feature_type": "mfcc", "num_mel_bins": 80, "num_mfcc": 40},
    # 64 HTK mels, 20-8000 Hz, with first and second Savitzky-Golay derivatives over 9 frames
    "log_mel_delta": {
        "feature_type": "log_mel_delta",
        "n_fft": 512,
        "win_length": 400,
        "num_mel_bins": 64,
        "mel_scale": "htk",
        "mel_norm": None,
        "min_frequency": 20.0,
        "max_frequency": 8000.0,
        "delta_method": "savitzky_golay",
        "delta_width": 9,
        "delta_edge": "interp",
    },
    # system 000: the whole clip, silence at its ends cut off, as one coloured picture for CCT at 224 x 224
    "speaker_vgg_cct": {
        "trim_db": 60.0,
        "trim_margin": 0.0,
        "feature_type": "log_mel",
        "n_fft": 400,
        "win_length": 400,
        "hop_length": 160,
        "window_function": "hamming",
        "num_mel_bins": 128,
        "max_frequency": 8000.0,
        "image_size": [224, 224],
        "image_resample": "bicubic",
        "colormap": "magma",
        "low_frequency_at": "bottom",
        "image_normalization": "imagenet",
    },
    # system 001: 3 s pieces of the lowest 200 bins (below 4 kHz) as grey pictures for AlexNet; the original scales
    # each band by its range over the training speakers: fit_normalization(clips, "band_minmax")
    "alexnet_fcn": {
        **_SYSTEM_001,
        "feature_type": "log_spec",
        "power": 1,
        "num_frequency_bins": 200,
        "image_size": [256, 384],
        "num_channels": 3,
        "low_frequency_at": "bottom",
        "image_normalization": "imagenet",
    },
    # system 001's second feature set: 128 mels with regression deltas
    "alexnet_fcn_log_mel_delta": {
        **_SYSTEM_001,
        "feature_type": "log_mel_delta",
        "num_mel_bins": 128,
        "delta_method": "regression",
        "delta_width": 5,
        "delta_edge": "nearest",
    },
    # system 004: the first 3 s at 22,050 Hz in overlapping segments of 64 frames
    "dcnn_blstm": {
        "feature_type": "log_mel_delta",
        "sampling_rate": 22050,
        "n_fft": 1024,
        "win_length": 551,
        "hop_length": 220,
        "window_function": "hamming",
        # TensorFlow's periodic window is the symmetric one at odd lengths
        "window_periodic": False,
        "center": False,
        "power": 1,
        "preemphasis": 0.97,
        "num_mel_bins": 64,
        "mel_scale": "htk",
        "mel_norm": None,
        "triangularize_in_mel_space": True,
        "min_frequency": 20.0,
        "max_frequency": 8000.0,
        "log_scale": "ln",
        "log_offset": 1e-6,
        "delta_method": "difference",
        "num_frames": 299,
        "segment_frames": 64,
        "segment_hop": 32,
        "segment_tail": "drop",
    },
}


def preset_settings(name: str) -> dict[str, Any]:
    """Settings of a preset.

    Args:
        name: One of the keys of `PRESETS`.

    Returns:
        A new dictionary of settings; those left out have the extractor's defaults.

    Raises:
        ValueError: If there is no such preset.
    """
    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}; presets: {', '.join(sorted(PRESETS))}")
    return copy.deepcopy(PRESETS[name])
