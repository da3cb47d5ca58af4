"""Settings of a speech feature extractor: their checks, and how transformers' own extractors spell them."""

import math
from typing import Any

INPUT_KINDS = ("waveform", "log_mel")
FUNCTIONALS = (None, "egemaps_v02")
# what Whisper's positions cover
WHISPER_SECONDS = 30.0


def check_speech_settings(settings: dict[str, Any]) -> None:
    """Refuse wrong values.

    Args:
        settings: All settings of a `SpeechFeatureExtractor` by name, defaults filled in.

    Raises:
        ValueError: Naming the first wrong value and what was expected.
    """
    choices = {"input_kind": INPUT_KINDS, "functionals": FUNCTIONALS, "padding_side": ("right",)}
    for name, known in choices.items():
        if settings[name] not in known:
            expected = ", ".join(repr(choice) for choice in known)
            raise ValueError(f"{name}={settings[name]!r}, expected one of {expected}")
    for name in ("sampling_rate", "num_mel_bins", "n_fft", "hop_length", "min_samples"):
        value = settings[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name}={value!r}, expected a whole number of at least 1")
    if settings["n_fft"] % 2 or settings["n_fft"] < settings["hop_length"]:
        raise ValueError(
            f"n_fft={settings['n_fft']} and hop_length={settings['hop_length']}, expected an even n_fft of at least"
            " hop_length, which leaves no sample out"
        )
    for name in ("do_normalize", "return_attention_mask"):
        if not isinstance(settings[name], bool):
            raise ValueError(f"{name}={settings[name]!r}, expected True or False")
    if settings["do_normalize"] and settings["input_kind"] == "log_mel":
        raise ValueError(
            "do_normalize=True with input_kind='log_mel', expected False: Whisper's log-mels are scaled by their own"
            " maximum; leave do_normalize out"
        )
    _check_numbers(settings)


def _check_numbers(settings: dict[str, Any]) -> None:
    def above_zero(value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf

    meaning = {"max_seconds": "seconds above 0", "trim_db": "a range in dB above 0"}
    for name, expected in meaning.items():
        if settings[name] is not None and not above_zero(settings[name]):
            raise ValueError(f"{name}={settings[name]!r}, expected {expected}, or None")
    if settings["trim_margin"] != 0 and not above_zero(settings["trim_margin"]):
        raise ValueError(f"trim_margin={settings['trim_margin']!r}, expected seconds of at least 0")
    if isinstance(settings["padding_value"], bool) or not isinstance(settings["padding_value"], (int, float)):
        raise ValueError(f"padding_value={settings['padding_value']!r}, expected a number")
    if not math.isfinite(settings["padding_value"]):
        raise ValueError(f"padding_value={settings['padding_value']!r}, expected a finite number")


def settings_of_encoder(stored: dict[str, Any], source: str) -> dict[str, Any]:
    """Settings of a `SpeechFeatureExtractor` that prepares clips as an encoder's own extractor does.

    Args:
        stored: preprocessor_config.json of the encoder.
        source: Where it is from, which errors name.

    Returns:
        Settings that differ from the defaults.

    Raises:
        ValueError: If the encoder's extractor is none that can be stood in for.
    """
    kind = stored.get("feature_extractor_type")
    if kind == "Wav2Vec2FeatureExtractor":
        return {
            "input_kind": "waveform",
            "sampling_rate": stored.get("sampling_rate", 16000),
            "do_normalize": stored.get("do_normalize", True),
        }
    if kind != "WhisperFeatureExtractor":
        raise ValueError(
            f"the feature extractor of {source!r} is {kind!r}, expected 'Wav2Vec2FeatureExtractor' (HuBERT, wav2vec"
            " 2.0, WavLM, data2vec-audio, UniSpeech-SAT) or 'WhisperFeatureExtractor'; for another encoder of"
            " waveforms create SpeechFeatureExtractor(input_kind='waveform', do_normalize=...) yourself"
        )
    if stored.get("dither"):
        raise ValueError(
            f"the feature extractor of {source!r} has dither={stored['dither']!r}, random noise that would make a"
            " clip's features differ from call to call: set it to 0.0 in its preprocessor_config.json"
        )
    return {
        "input_kind": "log_mel",
        "sampling_rate": stored.get("sampling_rate", 16000),
        "num_mel_bins": stored.get("feature_size", 80),
        "n_fft": stored.get("n_fft", 400),
        "hop_length": stored.get("hop_length", 160),
        "max_seconds": float(stored.get("chunk_length", WHISPER_SECONDS)),
    }
