"""The front end of ECAPA-TDNN: against a plain re-implementation, in batches, and on wrong or poor input."""

import numpy as np
import pytest
import torch

from hf_ser import EcapaTdnnFeatureExtractor
from hf_ser.features.feature_extraction_ecapa import symmetric_mel_filters

RATE = 16000


def chirps(seconds):
    t = np.arange(round(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * (200 * t + 150 * t**2)) + 0.1 * np.sin(2 * np.pi * 1200 * t)).astype(np.float32)


def plain_features(clip):
    """Frame by frame in float64."""
    padded = np.pad(clip.astype(float), 200)
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 400)
    frames = [padded[start : start + 400] * window for start in range(0, len(padded) - 399, 160)]
    power = np.abs(np.fft.rfft(frames)) ** 2
    mels = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 82)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = np.linspace(0, 8000, 201)
    filters = [np.maximum(0, 1 - abs(bins - edges[k]) / (edges[k] - edges[k - 1])) for k in range(1, 81)]
    decibel = 10 * np.log10(np.maximum(power @ np.array(filters).T, 1e-10))
    decibel = np.maximum(decibel, decibel.max() - 80)
    return decibel - decibel.mean(0)


def test_values_alone_and_in_a_batch():
    extractor = EcapaTdnnFeatureExtractor()
    clips = [chirps(seconds) for seconds in (1.0, 0.25, 0.613)]
    batch = extractor(clips, sampling_rate=RATE, return_tensors="pt")
    assert batch["input_features"].shape == (3, 101, 80)
    assert batch["input_features"].dtype == torch.float32
    assert batch["attention_mask"].sum(1).tolist() == [101, 26, 62] == [extractor.frames_of(len(c)) for c in clips]
    for row, clip in enumerate(clips):
        frames = extractor.frames_of(len(clip))
        alone = extractor(clip, sampling_rate=RATE, return_tensors="pt")["input_features"][0]
        torch.testing.assert_close(batch["input_features"][row, :frames], alone, rtol=0, atol=1e-4)
        assert not batch["input_features"][row, frames:].any()
        np.testing.assert_allclose(alone.numpy(), plain_features(clip), rtol=0, atol=2e-2)


def test_filters_fall_as_steeply_as_they_rise():
    filters = symmetric_mel_filters(16000, 400, 80, torch.device("cpu"))
    assert filters.shape == (80, 201)
    assert filters.max() <= 1
    assert not filters[:, -1].any()


def test_quieter_by_a_factor_is_the_same_and_silence_is_finite(caplog):
    extractor = EcapaTdnnFeatureExtractor()
    clip = chirps(0.5)
    one, other = (extractor(c, sampling_rate=RATE)["input_features"] for c in (clip, clip / 4))
    np.testing.assert_allclose(one, other, atol=1e-3)
    assert not caplog.records
    for _ in range(2):
        assert not extractor([clip, np.zeros(8000, np.float32)], sampling_rate=RATE)["input_features"][1].any()
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["clip 1 is silent"]


@pytest.mark.parametrize(
    ("clip", "options", "said"),
    [
        (chirps(0.2), {}, r"clip 0 lasts 0\.200 s, expected at least 0\.25 s"),
        (np.full(8000, np.nan, np.float32), {}, "8000 NaN"),
        (chirps(0.5), {"sampling_rate": 44100}, "44100 Hz.*16000 Hz"),
        (chirps(0.5), {"padding": "max_length"}, "padding='max_length'"),
        ([chirps(0.5), chirps(0.6)], {"padding": False}, "padding=False"),
        (np.zeros((2, 8000), np.float32), {}, r"one axis"),
        ([], {}, "empty list"),
    ],
)
def test_wrong_input_is_named(clip, options, said):
    with pytest.raises(ValueError, match=said):
        EcapaTdnnFeatureExtractor()(clip, **{"sampling_rate": RATE} | options)


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"num_mels": 40}, TypeError, "did you mean 'num_mel_bins'"),
        ({"num_mel_bins": 0}, ValueError, "num_mel_bins=0"),
        ({"n_fft": 401}, ValueError, "even n_fft"),
        ({"top_db": -80}, ValueError, "top_db=-80"),
        ({"min_seconds": -1}, ValueError, "min_seconds=-1"),
        ({"padding_side": "left"}, ValueError, "always 'right'"),
    ],
)
def test_wrong_settings_are_named(settings, error, said):
    with pytest.raises(error, match=said):
        EcapaTdnnFeatureExtractor(**settings)


def test_saved_and_loaded_and_the_limit_lifted(tmp_path):
    EcapaTdnnFeatureExtractor(num_mel_bins=40, min_seconds=0).save_pretrained(tmp_path)
    again = EcapaTdnnFeatureExtractor.from_pretrained(tmp_path)
    assert again(chirps(0.05), sampling_rate=RATE)["input_features"].shape == (1, 6, 40)
    padded = again(chirps(0.05), sampling_rate=RATE, pad_to_multiple_of=8, return_attention_mask=False)
    assert list(padded) == ["input_features"]
    assert padded["input_features"].shape == (1, 8, 40)
