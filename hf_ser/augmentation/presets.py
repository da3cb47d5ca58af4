"""Named lists of waveform transforms: from gentle to rough, and single ones."""

from typing import Any

# A slower or faster clip keeps its own length (leave_length_unchanged=False): the attention mask copes with any
# length, while a crop would cut the end of the utterance and zeros would pass for real signal.
_LIGHT: list[dict[str, Any]] = [
    {"transform": "Gain", "kwargs": {"min_gain_db": -6.0, "max_gain_db": 6.0, "p": 0.5}},
    {"transform": "Shift", "kwargs": {"min_shift": -0.05, "max_shift": 0.05, "p": 0.5}},
    {"transform": "AddGaussianSNR", "kwargs": {"min_snr_db": 20.0, "max_snr_db": 40.0, "p": 0.3}},
]
_STANDARD: list[dict[str, Any]] = [
    {"transform": "PitchShift", "kwargs": {"min_semitones": -2.0, "max_semitones": 2.0, "p": 0.3}},
    {
        "transform": "TimeStretch",
        "kwargs": {"min_rate": 0.9, "max_rate": 1.1, "leave_length_unchanged": False, "p": 0.3},
    },
    {
        "transform": "OneOf",
        "kwargs": {
            "p": 0.2,
            "transforms": [
                {
                    "transform": "HighPassFilter",
                    "kwargs": {"min_cutoff_freq": 60.0, "max_cutoff_freq": 300.0, "p": 1.0},
                },
                {
                    "transform": "LowPassFilter",
                    "kwargs": {"min_cutoff_freq": 3000.0, "max_cutoff_freq": 7000.0, "p": 1.0},
                },
                {"transform": "SevenBandParametricEQ", "kwargs": {"min_gain_db": -6.0, "max_gain_db": 6.0, "p": 1.0}},
            ],
        },
    },
    {"transform": "Gain", "kwargs": {"min_gain_db": -6.0, "max_gain_db": 6.0, "p": 0.5}},
    {"transform": "Shift", "kwargs": {"min_shift": -0.1, "max_shift": 0.1, "p": 0.5}},
    {"transform": "TimeMask", "kwargs": {"min_band_part": 0.01, "max_band_part": 0.1, "p": 0.2}},
    {"transform": "AddGaussianSNR", "kwargs": {"min_snr_db": 15.0, "max_snr_db": 40.0, "p": 0.3}},
]
_STRONG: list[dict[str, Any]] = [
    {"transform": "PitchShift", "kwargs": {"min_semitones": -4.0, "max_semitones": 4.0, "p": 0.5}},
    {
        "transform": "TimeStretch",
        "kwargs": {"min_rate": 0.8, "max_rate": 1.25, "leave_length_unchanged": False, "p": 0.5},
    },
    {
        "transform": "OneOf",
        "kwargs": {
            "p": 0.4,
            "transforms": [
                {
                    "transform": "BandPassFilter",
                    "kwargs": {"min_center_freq": 300.0, "max_center_freq": 2500.0, "p": 1.0},
                },
                {
                    "transform": "BandStopFilter",
                    "kwargs": {"min_center_freq": 300.0, "max_center_freq": 4000.0, "p": 1.0},
                },
                {
                    "transform": "SevenBandParametricEQ",
                    "kwargs": {"min_gain_db": -12.0, "max_gain_db": 12.0, "p": 1.0},
                },
            ],
        },
    },
    {"transform": "Gain", "kwargs": {"min_gain_db": -12.0, "max_gain_db": 6.0, "p": 0.5}},
    {"transform": "Shift", "kwargs": {"min_shift": -0.2, "max_shift": 0.2, "p": 0.5}},
    {"transform": "TimeMask", "kwargs": {"min_band_part": 0.01, "max_band_part": 0.2, "p": 0.4}},
    {"transform": "AddGaussianSNR", "kwargs": {"min_snr_db": 5.0, "max_snr_db": 30.0, "p": 0.5}},
]

# each clip as other voices in other rooms would say it: speed (with pitch and formants), equaliser, coloured noise
_VOICES: list[dict[str, Any]] = [
    {"transform": "SpeedPerturb", "kwargs": {"min_speed": 0.82, "max_speed": 1.22, "p": 1.0}},
    {"transform": "SevenBandParametricEQ", "kwargs": {"min_gain_db": -6.0, "max_gain_db": 6.0, "p": 0.5}},
    {
        "transform": "AddColorNoise",
        "kwargs": {"min_snr_db": 15.0, "max_snr_db": 40.0, "min_f_decay": -3.0, "max_f_decay": 0.0, "p": 0.5},
    },
]

# and at other levels, in other rooms: for models that are to work on recordings unlike the training corpus
_ROOMS: list[dict[str, Any]] = [
    {"transform": "SpeedPerturb", "kwargs": {"min_speed": 0.82, "max_speed": 1.22, "p": 1.0}},
    {"transform": "SevenBandParametricEQ", "kwargs": {"min_gain_db": -6.0, "max_gain_db": 6.0, "p": 0.5}},
    {
        "transform": "DecayReverb",
        "kwargs": {"min_seconds": 0.2, "max_seconds": 0.8, "min_direct_db": 0.0, "max_direct_db": 10.0, "p": 0.25},
    },
    {
        "transform": "AddColorNoise",
        "kwargs": {"min_snr_db": 10.0, "max_snr_db": 40.0, "min_f_decay": -3.0, "max_f_decay": 0.0, "p": 0.5},
    },
    {"transform": "Gain", "kwargs": {"min_gain_db": -15.0, "max_gain_db": 6.0, "p": 0.5}},
]

# one change each, as the field's papers name them, in about every other clip
_PITCH: list[dict[str, Any]] = [
    {"transform": "PitchShift", "kwargs": {"min_semitones": -2.0, "max_semitones": 2.0, "p": 0.5}}
]
_STRETCH: list[dict[str, Any]] = [
    {
        "transform": "TimeStretch",
        "kwargs": {"min_rate": 0.8, "max_rate": 1.25, "leave_length_unchanged": False, "p": 0.5},
    }
]
_GAIN: list[dict[str, Any]] = [{"transform": "Gain", "kwargs": {"min_gain_db": -12.0, "max_gain_db": 6.0, "p": 0.5}}]
_NOISE: list[dict[str, Any]] = [
    {
        "transform": "AddColorNoise",
        "kwargs": {"min_snr_db": 5.0, "max_snr_db": 30.0, "min_f_decay": -6.0, "max_f_decay": 0.0, "p": 0.5},
    }
]
_REVERB: list[dict[str, Any]] = [
    {
        "transform": "DecayReverb",
        "kwargs": {"min_seconds": 0.2, "max_seconds": 0.8, "min_direct_db": 0.0, "max_direct_db": 10.0, "p": 0.5},
    }
]

WAVEFORM_PRESETS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "light": _LIGHT,
    "standard": _STANDARD,
    "strong": _STRONG,
    "voices": _VOICES,
    "rooms": _ROOMS,
    "pitch": _PITCH,
    "stretch": _STRETCH,
    "gain": _GAIN,
    "noise": _NOISE,
    "reverb": _REVERB,
}

__all__ = ["WAVEFORM_PRESETS"]
