"""Settings, saving, presets and the figures that others read off the extractor."""

import copy
import json
import pickle

import numpy as np
import pytest

from hf_ser.features import SpectrogramFeatureExtractor
from hf_ser.features.presets import PRESETS


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_presets_extract_and_survive_saving(preset, tmp_path):
    extractor = SpectrogramFeatureExtractor.from_preset(preset)
    clip = noise(extractor.sampling_rate)
    features = extractor(clip, sampling_rate=extractor.sampling_rate)["input_features"]
    channels, rows, columns = extractor.output_size
    assert features.shape == (1, channels, rows, columns or extractor.frames_of(len(clip)))
    extractor.save_pretrained(tmp_path)
    again = SpectrogramFeatureExtractor.from_pretrained(tmp_path)
    assert again.to_dict() == extractor.to_dict()
    np.testing.assert_array_equal(again(clip, sampling_rate=again.sampling_rate)["input_features"], features)


def test_presets_take_overrides_and_stay_untouched():
    before = copy.deepcopy(PRESETS)
    extractor = SpectrogramFeatureExtractor.from_preset("speaker_vgg_cct", image_size=[32, 48], num_mel_bins=40)
    extractor.image_size.append(1)
    assert extractor.num_mel_bins == 40
    assert before == PRESETS


def test_unknown_preset_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"no_such.*alexnet_fcn.*dcnn_blstm.*speaker_vgg_cct"):
        SpectrogramFeatureExtractor.from_preset("no_such")


def test_saved_file_is_plain_json_without_derived_values(tmp_path):
    extractor = SpectrogramFeatureExtractor(num_mel_bins=16, normalization="band")
    extractor.fit_normalization([noise(8000)])
    extractor.processor_class = "SomeProcessor"
    extractor.save_pretrained(tmp_path)
    saved = json.loads((tmp_path / "preprocessor_config.json").read_text())
    assert saved["feature_extractor_type"] == "SpectrogramFeatureExtractor"
    assert "feature_size" not in saved
    again = SpectrogramFeatureExtractor.from_pretrained(tmp_path)
    assert again.band_mean == extractor.band_mean
    assert again.feature_size == 16


def test_a_saved_setting_can_be_overridden_on_loading(tmp_path):
    SpectrogramFeatureExtractor(num_mel_bins=80).save_pretrained(tmp_path)
    assert SpectrogramFeatureExtractor.from_pretrained(tmp_path, num_mel_bins=40).feature_size == 40


def test_holds_nothing_but_plain_values_before_and_after_use():
    extractor = SpectrogramFeatureExtractor(feature_type="mfcc", normalization="band")
    extractor.fit_normalization([noise(8000)])
    extractor(noise(8000), sampling_rate=16000)
    json.dumps(vars(extractor))
    assert repr(extractor)
    again = pickle.loads(pickle.dumps(extractor))
    np.testing.assert_array_equal(
        again(noise(800), sampling_rate=16000)["input_features"],
        extractor(noise(800), sampling_rate=16000)["input_features"],
    )


def test_figures_come_as_any_array_and_stay_lists():
    extractor = SpectrogramFeatureExtractor(
        num_mel_bins=4, normalization="band", band_mean=np.arange(4.0), band_std=(1, 2, 3, 4)
    )
    assert extractor.band_mean == [0.0, 1.0, 2.0, 3.0]
    assert extractor.band_std == [1.0, 2.0, 3.0, 4.0]


def test_frames_and_seconds():
    centred = SpectrogramFeatureExtractor(num_frames=400)
    assert centred.seconds_per_frame == 0.01
    assert centred.max_seconds == 4.0
    assert [centred.frames_of(samples) for samples in (1, 159, 160, 64000, 10**7)] == [1, 1, 2, 400, 400]
    free = SpectrogramFeatureExtractor(center=False)
    assert free.max_seconds is None
    assert [free.frames_of(samples) for samples in (399, 400, 559, 560)] == [0, 1, 1, 2]
    assert SpectrogramFeatureExtractor(center=False, num_frames=2).max_seconds == 560 / 16000


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"feature_type": "melspec"}, "feature_type='melspec', expected one of 'log_mel'"),
        ({"hop_length": 0}, "hop_length=0, expected a whole number"),
        ({"n_fft": 512.0}, "n_fft=512.0"),
        ({"num_frames": True}, "num_frames=True"),
        ({"n_fft": 256}, "win_length=400 does not fit n_fft=256"),
        ({"power": 3}, "power=3"),
        ({"max_frequency": 9000.0}, "max_frequency=9000.0.*8000 Hz"),
        ({"min_frequency": -1}, "min_frequency=-1"),
        ({"center": "yes"}, "center='yes', expected True or False"),
        ({"top_db": None}, "reference='max' with top_db=None"),
        ({"top_db": -80}, "top_db=-80"),
        ({"reference": "min"}, "reference='min', expected 'max' or"),
        ({"amin": 0}, "amin=0"),
        ({"feature_type": "log_spec", "num_frequency_bins": 300}, "num_frequency_bins=300.*257 bins"),
        ({"feature_type": "mfcc", "num_mfcc": 90}, "num_mfcc=90"),
        ({"delta_width": 4}, "delta_width=4"),
        ({"image_size": 224}, "image_size=224"),
        ({"num_channels": 2}, "num_channels=2"),
        ({"feature_type": "log_mel_delta", "num_channels": 1}, "has 3"),
        ({"feature_type": "log_mel_delta", "colormap": "magma"}, "colormap makes 3 channels out of 1"),
        ({"colormap": "jet"}, "colormap='jet'"),
        ({"image_normalization": "imagenet"}, "needs three channels"),
        ({"colormap": "magma", "normalization": "clip"}, "known range"),
        ({"colormap": "magma", "log_scale": "ln"}, "known range"),
        ({"segment_frames": 300}, "segment_frames and segment_hop belong together"),
        ({"padding_side": "left"}, "padding_side='left', expected one of 'right'"),
        ({"preemphasis": "0.97"}, "preemphasis='0.97'"),
        ({"padding_value": float("nan")}, "padding_value=nan"),
        ({"num_mel_bins": 4, "band_mean": [1.0, 2.0]}, "band_mean has 1 x 2 figures, expected 1 x 4"),
        ({"num_mel_bins": 2, "band_mean": [1.0, float("inf")]}, "band_mean holds something other"),
        ({"num_mel_bins": 2, "band_std": [1.0, 0.0]}, "band_std holds a deviation"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        SpectrogramFeatureExtractor(**settings)


def test_unknown_settings_are_refused_with_the_closest_name():
    with pytest.raises(TypeError, match=r"'hop_lenght'.*did you mean 'hop_length'"):
        SpectrogramFeatureExtractor(hop_lenght=160)
    with pytest.raises(TypeError, match=r"'zzz'.*settings: amin"):
        SpectrogramFeatureExtractor(zzz=1)


def test_keys_that_transformers_adds_are_taken():
    extractor = SpectrogramFeatureExtractor(
        feature_extractor_type="SpectrogramFeatureExtractor",
        processor_class="X",
        auto_map={"AutoFeatureExtractor": "a.B"},
        feature_size=80,
    )
    assert extractor.to_dict()["auto_map"] == {"AutoFeatureExtractor": "a.B"}
