"""Arguments of calls: what they refuse, devices, and the advice of errors, which must work when followed."""

import numpy as np
import pytest
import torch

from hf_ser.audio import load_audio
from hf_ser.features import SpectrogramFeatureExtractor
from hf_ser.features.presets import PRESETS, preset_settings
from hf_ser.features.waveform_checks import check_device

CLIP = np.random.default_rng(0).standard_normal(8000).astype(np.float32) * 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_length": "30"}, "max_length='30', expected a whole number of frames"),
        ({"max_length": 30.5}, "max_length=30.5, expected a whole number"),
        ({"max_length": True}, "max_length=True"),
        ({"max_length": 0}, "max_length=0, expected a whole number of frames of at least 1"),
        ({"pad_to_multiple_of": 0}, "pad_to_multiple_of=0"),
        ({"pad_to_multiple_of": -8}, "pad_to_multiple_of=-8"),
        ({"pad_to_multiple_of": 8.0}, "pad_to_multiple_of=8.0"),
        ({"truncation": "yes"}, "truncation='yes', expected True, False or None"),
        ({"return_attention_mask": "no"}, "return_attention_mask='no', expected True, False or None"),
        ({"padding": "short"}, "short is not a valid PaddingStrategy"),
    ],
)
def test_arguments_that_mean_nothing_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpectrogramFeatureExtractor()(CLIP, sampling_rate=16000, **arguments)


def test_whole_numbers_of_numpy_are_taken():
    extractor = SpectrogramFeatureExtractor()
    batch = extractor(CLIP, sampling_rate=16000, max_length=np.int64(30), pad_to_multiple_of=np.int32(16))
    assert batch["input_features"].shape[-1] == 32


@pytest.mark.parametrize("padding", ["longest", True, False, "do_not_pad"])
@pytest.mark.parametrize("limit", ["num_frames", "max_length"])
def test_pictures_of_fixed_length_refuse_padding_by_the_batch(padding, limit):
    extractor = SpectrogramFeatureExtractor(image_size=[32, 40], num_frames=100 if limit == "num_frames" else None)
    arguments = {"sampling_rate": 16000, "max_length": None if limit == "num_frames" else 100}
    with pytest.raises(ValueError, match=rf"padding={padding!r} with image_size and 100 frames.*'max_length'"):
        extractor([CLIP, CLIP[:4000]], padding=padding, **arguments)
    together = extractor([CLIP, CLIP[:4000]], padding="max_length", **arguments)["input_features"]
    alone = extractor(CLIP[:4000], **arguments)["input_features"][0]
    np.testing.assert_allclose(together[1], alone, atol=1e-5)


def test_pictures_of_whole_clips_take_any_padding():
    extractor = SpectrogramFeatureExtractor(image_size=[32, 40])
    batch = extractor([CLIP, CLIP[:4000]], sampling_rate=16000, padding="longest")
    alone = extractor(CLIP[:4000], sampling_rate=16000)["input_features"][0]
    np.testing.assert_allclose(batch["input_features"][1], alone, atol=1e-5)


@pytest.mark.parametrize("device", [None, "meta", "gpu", "cuda:99", "xpu:7", "mps:3", "hpu", "xla", 3.5])
def test_devices_that_cannot_compute_here_are_named(device):
    with pytest.raises(ValueError, match=f"device={device!r}"):
        check_device(device)


def test_the_cpu_is_always_there():
    assert check_device("cpu") == check_device(torch.device("cpu")) == torch.device("cpu")


def test_advice_on_channels_works():
    stereo = np.stack([CLIP, 0.5 * CLIP])
    extractor = SpectrogramFeatureExtractor()
    with pytest.raises(ValueError, match=r"load_audio\(array, channel_axis=\.\.\., source_sampling_rate=\.\.\.\)"):
        extractor(stereo, sampling_rate=16000)
    mixed = load_audio(stereo, channel_axis=0, source_sampling_rate=16000)
    np.testing.assert_allclose(mixed, stereo.mean(0), atol=1e-6)
    assert extractor(mixed, sampling_rate=16000)["input_features"].shape[-1] == 51


@pytest.mark.parametrize("kind", [np.int16, np.int64, list])
def test_advice_on_whole_numbers_works(kind):
    numbers = (CLIP * 32768).astype(np.int16)
    samples = numbers.tolist() if kind is list else numbers.astype(kind)
    extractor = SpectrogramFeatureExtractor()
    with pytest.raises(TypeError, match=r"numpy\.asarray\(samples, 'float32'\) / 32768") as error:
        extractor(samples, sampling_rate=16000)
    assert "load_audio" not in str(error.value)
    expected = extractor(CLIP, sampling_rate=16000)["input_features"]
    found = extractor(np.asarray(samples, "float32") / 32768, sampling_rate=16000)["input_features"]
    np.testing.assert_allclose(found, expected, atol=0.5)


def test_fitting_checks_a_sampling_rate_that_is_given():
    extractor = SpectrogramFeatureExtractor(num_mel_bins=8)
    with pytest.raises(ValueError, match=r"44100 Hz.*16000 Hz"):
        extractor.fit_normalization([CLIP], sampling_rate=44100)
    assert extractor.normalization == "none"
    assert extractor.fit_normalization([CLIP], sampling_rate=16000).normalization == "band"


def test_fitting_counts_whole_clips():
    short, whole = (SpectrogramFeatureExtractor(num_mel_bins=8, num_frames=frames) for frames in (10, None))
    assert short.fit_normalization([CLIP]).band_mean == whole.fit_normalization([CLIP]).band_mean


def test_a_preset_taken_out_shares_nothing_with_the_table():
    settings = preset_settings("alexnet_fcn")
    settings["image_size"][0] = 1
    assert PRESETS["alexnet_fcn"]["image_size"] == [256, 384]
    assert preset_settings("alexnet_fcn")["image_size"] == [256, 384]
