"""The front end of VGG-Vox: against a plain re-implementation of the original, without its chance."""

import numpy as np
import pytest

from hf_ser import VggVoxFeatureExtractor
from hf_ser.features.feature_extraction_vgg_vox import without_offset

RATE = 16000


def noise(seconds, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def plain_offset_filter(signal):
    output, last, before = [], 0.0, 0.0
    for sample in signal:
        last = sample - before + 0.99 * last
        before = sample
        output.append(last)
    return np.array(output)


def plain_features(clip):
    """(512, frames) as the original lays them, step by step."""
    signal = np.pad(clip.astype(float) * 2**15, (0, max(0, 16400 - len(clip))))
    signal = plain_offset_filter(signal)
    signal = np.append(signal[0], signal[1:] - 0.97 * signal[:-1])
    count = 1 + int(np.ceil((len(signal) - 400) / 80))
    signal = np.pad(signal, (0, (count - 1) * 80 + 400 - len(signal)))
    frames = [signal[80 * i : 80 * i + 400] * np.hamming(400) for i in range(count)]
    magnitudes = np.abs(np.fft.fft(frames, 512)).T
    scaled = np.array([(row - row.mean()) / max(row.std(), 1e-12) for row in magnitudes])
    size = max(bucket for bucket in range(200, 2001, 200) if bucket <= count)
    first = int((count - size) / 2)
    return scaled[:, first : first + size]


@pytest.mark.parametrize(("seconds", "frames"), [(0.3, 200), (1.025, 200), (2.0151, 400), (2.015, 200), (3.5, 600)])
def test_values_are_the_originals(seconds, frames):
    clip = noise(seconds)
    extractor = VggVoxFeatureExtractor()
    features = extractor(clip, sampling_rate=RATE)["input_features"]
    assert features.shape == (1, frames, 512)
    assert extractor.frames_of(len(clip)) == frames
    np.testing.assert_allclose(features[0].T, plain_features(clip), rtol=0, atol=1e-4)


def test_at_most_ten_seconds_from_the_middle_and_in_batches():
    extractor = VggVoxFeatureExtractor()
    batch = extractor([noise(12.0), noise(1.5, 1)], sampling_rate=RATE)
    assert batch["input_features"].shape == (2, 2000, 512)
    assert batch["attention_mask"].sum(1).tolist() == [2000, 200]
    alone = extractor(noise(1.5, 1), sampling_rate=RATE)["input_features"][0]
    np.testing.assert_array_equal(batch["input_features"][1, :200], alone)
    assert not batch["input_features"][1, 200:].any()


def test_the_offset_filter_is_the_recursion():
    signal = np.random.default_rng(0).standard_normal(5000) + 3
    np.testing.assert_allclose(without_offset(signal), plain_offset_filter(signal), atol=1e-9)


def test_chance_only_with_a_seed():
    clip = noise(1.1)
    first, again, other, none = (
        VggVoxFeatureExtractor(**settings)(clip, sampling_rate=RATE)["input_features"]
        for settings in ({"dither": 50.0, "dither_seed": 1}, {"dither": 50.0, "dither_seed": 1},
                         {"dither": 50.0, "dither_seed": 2}, {})
    )  # fmt: skip
    np.testing.assert_array_equal(first, again)
    assert abs(first - other).max() > 1e-3
    assert abs(first - none).max() > 1e-3
    original = VggVoxFeatureExtractor(dither=1e-6, dither_seed=0)(clip, sampling_rate=RATE)["input_features"]
    np.testing.assert_allclose(original, none, atol=1e-4)
    with pytest.raises(ValueError, match="pass dither_seed=0"):
        VggVoxFeatureExtractor(dither=1e-6)


def test_silence_is_finite_and_named_once(caplog):
    extractor = VggVoxFeatureExtractor()
    for _ in range(2):
        assert not extractor(np.zeros(8000, np.float32), sampling_rate=RATE)["input_features"].any()
    assert len(caplog.records) == 1
    assert np.isfinite(extractor(np.full(20000, 0.5, np.float32), sampling_rate=RATE)["input_features"]).all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sampling_rate": 8000}, "always 16000 Hz"),
        ({"dither": -1}, "dither=-1"),
        ({"dither_seed": 0.5}, "dither_seed=0.5"),
    ],
)
def test_wrong_settings_are_named(settings, said):
    with pytest.raises(ValueError, match=said):
        VggVoxFeatureExtractor(**settings)


def test_saved_and_loaded_and_short_clips_refused(tmp_path):
    VggVoxFeatureExtractor(dither=1.0, dither_seed=3).save_pretrained(tmp_path)
    again = VggVoxFeatureExtractor.from_pretrained(tmp_path)
    assert (again.dither, again.dither_seed, again.sampling_rate) == (1.0, 3, 16000)
    with pytest.raises(ValueError, match=r"0\.200 s, expected at least 0\.25 s"):
        again(noise(0.2), sampling_rate=RATE)
