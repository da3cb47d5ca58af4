"""The padding value in image rows, and late padding of every kind of input."""

import numpy as np
import pytest
import torch

from hf_ser.features import SpectrogramFeatureExtractor


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


CLIPS = [noise(8000, 0), noise(4000, 1), noise(6000, 2)]
PICTURE = {"num_mel_bins": 20, "num_frames": 60, "image_size": [32, 48]}


def single_calls(extractor):
    return [{key: value[0] for key, value in extractor(clip, sampling_rate=16000).items()} for clip in CLIPS]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"low_frequency_at": "bottom", "image_resample": "bicubic"},
        {"colormap": "magma", "image_normalization": "imagenet"},
        {"feature_type": "mfcc", "num_mfcc": 10},
        {"feature_type": "log_mel_delta"},
        {"padding_value": 1.5},
    ],
)
@pytest.mark.parametrize("normalization", ["none", "band", "band_minmax"])
def test_the_floor_of_a_picture_has_its_rows(settings, normalization):
    if "colormap" in settings and normalization == "band":
        pytest.skip("colours need a known range")
    extractor = SpectrogramFeatureExtractor(**PICTURE | settings)
    if normalization != "none":
        extractor.fit_normalization(CLIPS, normalization)
    # the last columns of a short clip are padding, far from its end
    picture = extractor(CLIPS[1], sampling_rate=16000)["input_features"][0, ..., -1]
    floor = np.array(extractor.floor_value)
    if floor.ndim:
        assert floor.shape[-1] == 32
    np.testing.assert_allclose(picture, np.broadcast_to(floor, picture.shape) if floor.ndim < 2 else floor, atol=1e-3)


def test_a_floor_that_is_one_number_stays_one():
    assert SpectrogramFeatureExtractor(**PICTURE).floor_value == -80.0


@pytest.mark.parametrize("normalization", ["none", "clip", "band"])
def test_pictures_are_stacked(normalization):
    extractor = SpectrogramFeatureExtractor(**PICTURE)
    if normalization == "band":
        extractor.fit_normalization(CLIPS)
    extractor.normalization = normalization
    together = extractor(CLIPS, sampling_rate=16000, return_tensors="pt")
    for arguments in ({}, {"padding": "max_length"}, {"max_length": 48}, {"pad_to_multiple_of": 8}):
        late = extractor.pad(single_calls(extractor), return_tensors="pt", **arguments)
        torch.testing.assert_close(late["input_features"], together["input_features"], rtol=0, atol=1e-4)
        assert torch.equal(late["attention_mask"], together["attention_mask"])
    with pytest.raises(ValueError, match="pictures of 48 to 48 columns, expected 60 each"):
        extractor.pad(single_calls(extractor), padding="max_length", max_length=60)


def test_every_form_of_the_features_is_taken():
    extractor = SpectrogramFeatureExtractor(num_mel_bins=20)
    expected = extractor(CLIPS, sampling_rate=16000)
    items = single_calls(extractor)
    lists = [{key: value.tolist() for key, value in item.items()} for item in items]
    forms = {
        "arrays": items,
        "rows of a mapped dataset": lists,
        "columns": {key: [item[key] for item in items] for key in items[0]},
        "columns of lists": {key: [item[key] for item in lists] for key in items[0]},
        "calls": [extractor(clip, sampling_rate=16000) for clip in CLIPS],
        "tensors": [extractor(clip, sampling_rate=16000, return_tensors="pt") for clip in CLIPS],
        "an iterator": iter(items),
        "without masks": [{"input_features": item["input_features"]} for item in items],
    }
    for name, form in forms.items():
        late = extractor.pad(form)
        np.testing.assert_allclose(late["input_features"], expected["input_features"], atol=1e-4, err_msg=name)
        np.testing.assert_array_equal(late["attention_mask"], expected["attention_mask"], err_msg=name)


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        ([], ValueError, "got no features"),
        ({"input_features": []}, ValueError, "got no features"),
        ({"attention_mask": [[1]]}, ValueError, r"lack 'input_features'; got \['attention_mask'\]"),
        ({"input_features": [1], "attention_mask": []}, ValueError, "lists of different lengths"),
        ([{"features": 1}], ValueError, r"item 0 lacks 'input_features'; it has \['features'\]"),
        ([np.zeros((1, 4, 5))], TypeError, "item 0 is a ndarray, expected a mapping"),
        (None, TypeError, "features as a NoneType"),
        (
            [{"input_features": np.zeros((2, 1, 4, 5))}],
            ValueError,
            r"item 0 have shape \(2, 1, 4, 5\), expected \(1, 4",
        ),
        ([{"input_features": np.zeros((1, 3, 5))}], ValueError, r"shape \(1, 3, 5\), expected \(1, 4, frames\)"),
        ([{"input_features": np.zeros((4, 5))}], ValueError, r"shape \(4, 5\)"),
        ([{"input_features": [[[1.0], [2.0, 3.0]]]}], ValueError, "input_features of item 0 is no array of numbers"),
        ([{"input_features": "a"}], ValueError, "no array of numbers"),
        (
            [{"input_features": np.zeros((1, 4, 5)), "attention_mask": [1, 1]}],
            ValueError,
            r"attention_mask of item 0 has shape \(2,\), expected \(5,\)",
        ),
    ],
)
def test_features_that_cannot_be_padded_are_named(features, error, message):
    with pytest.raises(error, match=message):
        SpectrogramFeatureExtractor(num_mel_bins=4).pad(features)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"truncation": True}, r"truncation=True, expected False: pad\(\) crops nothing"),
        ({"truncation": "yes"}, "truncation='yes'"),
        ({"max_length": 30.5}, "max_length=30.5"),
        ({"pad_to_multiple_of": 0}, "pad_to_multiple_of=0"),
    ],
)
def test_wrong_arguments_of_late_padding_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpectrogramFeatureExtractor(num_mel_bins=4).pad([{"input_features": np.zeros((1, 4, 5))}], **arguments)
