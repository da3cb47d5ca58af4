"""Calls: batches equal single clips, padding is the floor, masks, truncation, pieces, fitting, errors."""

import logging

import numpy as np
import pytest
import torch

from hf_ser.features import SpectrogramFeatureExtractor

LENGTHS = (16000, 9000, 800, 24123, 9000, 31999)
VARIANTS = {
    "log_mel": {},
    "reflect": {"pad_mode": "reflect", "preemphasis": 0.97},
    "not_centred": {"center": False, "window_periodic": False},
    "log_spec": {"feature_type": "log_spec", "num_frequency_bins": 50, "power": 1},
    "mfcc": {"feature_type": "mfcc", "reference": 1.0, "top_db": None},
    "deltas": {"feature_type": "log_mel_delta"},
    "deltas_nearest": {"feature_type": "log_mel_delta", "delta_edge": "nearest", "normalization": "clip"},
    "deltas_direct": {"feature_type": "log_mel_delta", "delta_method": "savitzky_golay"},
    "deltas_wrapped": {"feature_type": "log_mel_delta", "delta_method": "difference", "log_scale": "ln"},
    "per_clip": {"normalization": "clip"},
    "fixed_short": {"num_frames": 60, "normalization": "clip"},
    "fixed_long": {"num_frames": 250},
    "picture": {"image_size": [32, 40], "colormap": "magma", "image_normalization": "imagenet"},
    "fixed_picture": {"num_frames": 150, "image_size": [32, 50], "num_channels": 3, "low_frequency_at": "bottom"},
}


def noise(samples, seed=0):
    generator = np.random.default_rng(seed)
    # rising loudness: clips differ in their maxima, and their ends are not like their middles
    return (np.linspace(0.02, 0.2, samples) * (1 + seed) * generator.standard_normal(samples)).astype(np.float32)


CLIPS = [noise(samples, seed) for seed, samples in enumerate(LENGTHS)]


@pytest.mark.parametrize("name", VARIANTS)
def test_a_clip_alone_equals_the_clip_in_a_batch(name):
    extractor = SpectrogramFeatureExtractor(**VARIANTS[name])
    together = extractor(CLIPS, sampling_rate=16000, truncation=True)
    features, mask = together["input_features"], together["attention_mask"]
    assert features.dtype == np.float32
    assert mask.dtype == np.int64
    assert mask.shape == (len(CLIPS), features.shape[-1])
    for clip, row, row_mask in zip(CLIPS, features, mask, strict=True):
        alone = extractor(clip, sampling_rate=16000, truncation=True)
        frames = int(alone["attention_mask"].sum())
        assert frames == row_mask.sum()
        assert (np.diff(row_mask) <= 0).all()
        if extractor.image_size is None:
            assert frames == extractor.frames_of(len(clip))
        np.testing.assert_allclose(row[..., :frames], alone["input_features"][0, ..., :frames], rtol=1e-7, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in VARIANTS if "picture" not in name])
def test_padding_is_what_silence_becomes(name):
    settings = {key: value for key, value in VARIANTS[name].items() if key != "num_frames"}
    extractor = SpectrogramFeatureExtractor(**settings)
    batch = extractor([CLIPS[2], CLIPS[0]], sampling_rate=16000, return_tensors="pt")
    padded = batch["input_features"][0][..., batch["attention_mask"][0] == 0]
    assert padded.shape[-1] > 0
    if extractor.normalization == "clip":
        assert extractor.floor_value is None
        assert (padded == padded[..., :1]).all()
        return
    silent = extractor(np.zeros(8000), sampling_rate=16000, return_tensors="pt")["input_features"][0]
    torch.testing.assert_close(padded, silent[..., :1].expand_as(padded), rtol=1e-6, atol=1e-4)
    floor = torch.tensor(extractor.floor_value)
    rows = floor.reshape(*([1] * (2 - floor.dim())), *floor.shape, 1)
    torch.testing.assert_close(padded, rows.expand_as(padded))


@pytest.mark.parametrize("normalization", ["band", "band_minmax"])
def test_padding_is_what_silence_becomes_after_fitted_normalisation(normalization):
    extractor = SpectrogramFeatureExtractor(feature_type="log_mel_delta", num_mel_bins=8)
    extractor.fit_normalization(iter(CLIPS), normalization)
    silent = extractor(np.zeros(8000), sampling_rate=16000)["input_features"][0, ..., 0]
    padded = extractor([CLIPS[2], CLIPS[0]], sampling_rate=16000)["input_features"][0, ..., -1]
    np.testing.assert_allclose(padded, silent, atol=1e-5)
    np.testing.assert_allclose(padded, extractor.floor_value, atol=1e-6)


def test_per_clip_normalisation_counts_real_frames_only():
    extractor = SpectrogramFeatureExtractor(normalization="clip", num_frames=300)
    batch = extractor(CLIPS[:2], sampling_rate=16000, return_tensors="pt")
    for row, mask in zip(batch["input_features"], batch["attention_mask"], strict=True):
        real = row[..., mask == 1]
        assert abs(float(real.mean())) < 1e-4
        assert abs(float(real.std(correction=0)) - 1) < 1e-4
        assert float(row[..., mask == 0].max()) <= float(real.min()) + 1e-5


def test_silent_clip_is_the_floor_and_not_the_loudest_value():
    features = SpectrogramFeatureExtractor()(np.zeros(16000), sampling_rate=16000)["input_features"]
    assert (features == -80.0).all()


def test_a_chosen_padding_value_replaces_the_floor():
    extractor = SpectrogramFeatureExtractor(num_frames=200, padding_value=0.0)
    features = extractor(CLIPS[1], sampling_rate=16000)["input_features"]
    assert (features[..., extractor.frames_of(len(CLIPS[1])) :] == 0.0).all()
    assert extractor.floor_value == 0.0


def test_inputs_of_every_kind_give_the_same():
    extractor = SpectrogramFeatureExtractor()
    expected = extractor(CLIPS[2], sampling_rate=16000)["input_features"]
    frozen = CLIPS[2].copy()
    frozen.flags.writeable = False
    kinds = [CLIPS[2].astype(np.float64), torch.tensor(CLIPS[2]), CLIPS[2].tolist(), [CLIPS[2]], (frozen,), frozen]
    for kind in [*kinds, [CLIPS[2].tolist()], np.repeat(CLIPS[2], 2)[::2]]:
        np.testing.assert_array_equal(extractor(kind, sampling_rate=16000)["input_features"], expected)
    given = frozen.copy()
    SpectrogramFeatureExtractor(preemphasis=0.97)(given, sampling_rate=16000)
    np.testing.assert_array_equal(given, frozen)


def test_padding_strategies():
    extractor = SpectrogramFeatureExtractor(num_frames=210)
    shapes = {
        None: 210,
        "max_length": 210,
        "longest": 200,
        True: 200,
    }
    for padding, frames in shapes.items():
        batch = extractor(CLIPS, sampling_rate=16000, padding=padding)
        assert batch["input_features"].shape[-1] == frames, padding
    batch = extractor(CLIPS, sampling_rate=16000, padding="longest", pad_to_multiple_of=64)
    assert batch["input_features"].shape[-1] == 256
    assert extractor(CLIPS[0], sampling_rate=16000, padding=False)["input_features"].shape[-1] == 101
    assert extractor(CLIPS[0], sampling_rate=16000, max_length=120)["input_features"].shape[-1] == 120
    assert "attention_mask" not in extractor(CLIPS[0], sampling_rate=16000, return_attention_mask=False)
    with pytest.raises(ValueError, match="6 to 200 frames"):
        extractor(CLIPS, sampling_rate=16000, padding=False)
    with pytest.raises(ValueError, match="padding='max_length' needs a length"):
        SpectrogramFeatureExtractor()(CLIPS, sampling_rate=16000, padding="max_length")
    with pytest.raises(ValueError, match="max_length=0"):
        extractor(CLIPS, sampling_rate=16000, max_length=0)


def test_pipeline_can_concatenate_single_calls():
    extractor = SpectrogramFeatureExtractor(num_frames=120)
    items = [extractor(clip, sampling_rate=16000, return_tensors="pt", truncation=True) for clip in CLIPS]
    assert torch.cat([item["input_features"] for item in items]).shape == (len(CLIPS), 1, 80, 120)


@pytest.fixture
def warnings_of_extraction():
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger("hf_ser.features.spectrogram_extraction")
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def test_long_clips_are_cropped_with_one_warning(warnings_of_extraction):
    extractor = SpectrogramFeatureExtractor(num_frames=100)
    for _ in range(2):
        batch = extractor(CLIPS[3], sampling_rate=16000)
    assert batch["input_features"].shape[-1] == batch["attention_mask"].sum() == 100
    assert len(warnings_of_extraction) == 1
    message = warnings_of_extraction[0].getMessage()
    assert "1.51 s" in message
    assert "last 0.51 s are dropped" in message
    assert "num_frames" in message
    np.testing.assert_array_equal(
        batch["input_features"], extractor(CLIPS[3][:16000], sampling_rate=16000)["input_features"]
    )


def test_a_clip_of_exactly_max_seconds_loses_nothing_and_says_nothing(warnings_of_extraction):
    extractor = SpectrogramFeatureExtractor(num_frames=100)
    batch = extractor(CLIPS[0], sampling_rate=16000, truncation=False)
    assert batch["attention_mask"].sum() == 100
    assert not warnings_of_extraction
    with pytest.raises(ValueError, match=r"2\.00 s is longer than the 100 frames \(1\.00 s\).*lose 1\.00 s"):
        extractor(CLIPS[5], sampling_rate=16000, truncation=False)


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
@pytest.mark.parametrize("samples", [1, 2, 37, 255, 800])
def test_very_short_clips_work_where_frames_are_centred(pad_mode, samples):
    extractor = SpectrogramFeatureExtractor(pad_mode=pad_mode, feature_type="log_mel_delta")
    features = extractor(noise(samples, 3), sampling_rate=16000)["input_features"]
    assert features.shape[-1] == 1 + samples // 160
    assert np.isfinite(features).all()


def test_reflection_is_numpys_however_short_the_clip():
    from hf_ser.features.spectrogram import stack_waveforms

    for samples in (2, 5, 100, 1000):
        clip = noise(samples, 1)
        frames = 1 + samples // 10
        settings = {"n_fft": 512, "win_length": 512, "hop_length": 10, "center": True, "preemphasis": None}
        stacked = stack_waveforms([clip], frames, pad_mode="reflect", device="cpu", **settings)[0].numpy()
        np.testing.assert_array_equal(stacked, np.pad(clip, 256, mode="reflect")[: len(stacked)])


def test_pieces_are_padded_with_the_floor_and_counted():
    extractor = SpectrogramFeatureExtractor(segment_frames=64, segment_hop=32)
    pieces = extractor.segment([CLIPS[0], CLIPS[2]], sampling_rate=16000, return_tensors="pt")
    assert pieces["input_features"].shape == (4, 1, 80, 64)
    assert pieces["clip_index"].tolist() == [0, 0, 0, 1]
    assert pieces["attention_mask"].sum(1).tolist() == [64, 64, 37, 6]
    assert (pieces["input_features"][-1][..., 6:] == -80.0).all()
    whole = extractor(CLIPS[0], sampling_rate=16000, return_tensors="pt")["input_features"]
    torch.testing.assert_close(pieces["input_features"][1], whole[0, ..., 32:96])
    last = extractor.segment(CLIPS[0], sampling_rate=16000, channels_last=True)
    assert last["input_features"].shape == (3, 64, 80, 1)
    assert last["attention_mask"].shape == (3, 64)


def test_pieces_may_drop_the_tail():
    extractor = SpectrogramFeatureExtractor(segment_frames=64, segment_hop=32, segment_tail="drop")
    pieces = extractor.segment(CLIPS[0], sampling_rate=16000)
    assert pieces["attention_mask"].sum(1).tolist() == [64, 64]
    with pytest.raises(ValueError, match="clip 0 has 6 frames, fewer than segment_frames=64"):
        extractor.segment(CLIPS[2], sampling_rate=16000)
    with pytest.raises(ValueError, match="segment_frames is not set"):
        SpectrogramFeatureExtractor().segment(CLIPS[0], sampling_rate=16000)


def test_late_padding_equals_padding_in_the_call():
    extractor = SpectrogramFeatureExtractor(feature_type="log_mel_delta", num_mel_bins=8)
    extractor.fit_normalization(CLIPS)
    together = extractor(CLIPS, sampling_rate=16000, return_tensors="pt")
    items = [extractor(clip, sampling_rate=16000) for clip in CLIPS]
    items = [{key: value[0] for key, value in item.items()} for item in items]
    late = extractor.pad(items, return_tensors="pt")
    torch.testing.assert_close(late["input_features"], together["input_features"], rtol=0, atol=1e-5)
    assert torch.equal(late["attention_mask"], together["attention_mask"])
    with pytest.raises(ValueError, match="do not fit 50"):
        extractor.pad(items, padding="max_length", max_length=50)
    with pytest.raises(ValueError, match="floor of its own"):
        SpectrogramFeatureExtractor(normalization="clip").pad([{"input_features": np.zeros((1, 80, 5))}])


def test_fitted_figures_are_those_of_all_real_frames():
    extractor = SpectrogramFeatureExtractor(num_mel_bins=8)
    stacked = np.concatenate([extractor(clip, sampling_rate=16000)["input_features"][0] for clip in CLIPS], axis=-1)
    extractor.fit_normalization(iter(CLIPS))
    assert extractor.normalization == "band"
    np.testing.assert_allclose(extractor.band_mean, stacked.mean(-1), atol=1e-4)
    np.testing.assert_allclose(extractor.band_std, stacked.std(-1), atol=1e-4)
    extractor.fit_normalization(CLIPS, "band_minmax")
    np.testing.assert_allclose(extractor.band_min, stacked.min(-1))
    np.testing.assert_allclose(extractor.band_max, stacked.max(-1))
    scaled = extractor(CLIPS, sampling_rate=16000)["input_features"]
    assert scaled.min() == 0.0
    assert scaled.max() == 1.0
    with pytest.raises(ValueError, match="no clips to fit"):
        extractor.fit_normalization(iter([]))
    with pytest.raises(ValueError, match="normalization='clip', expected 'band'"):
        extractor.fit_normalization(CLIPS, "clip")
    with pytest.raises(ValueError, match="known range"):
        SpectrogramFeatureExtractor(colormap="magma").fit_normalization(CLIPS, "band")


def test_missing_figures_are_named():
    with pytest.raises(ValueError, match="no band_mean yet: call fit_normalization"):
        SpectrogramFeatureExtractor(normalization="band")(CLIPS[0], sampling_rate=16000)


def test_pictures_show_low_frequencies_where_asked():
    time = np.arange(16000) / 16000
    low_tone = np.sin(2 * np.pi * 200 * time)
    settings = {"image_size": [64, 64], "colormap": "magma"}
    for side, rows in (("bottom", slice(48, 64)), ("top", slice(0, 16))):
        extractor = SpectrogramFeatureExtractor(low_frequency_at=side, **settings)
        picture = extractor(low_tone, sampling_rate=16000)["input_features"][0]
        assert picture.shape == (3, 64, 64)
        assert picture[:, rows].sum() > picture.sum() / 2


@pytest.mark.parametrize(
    ("clip", "error", "message"),
    [
        (np.zeros(0), ValueError, r"raw_speech is empty \(zero samples\)"),
        ([], ValueError, "empty list"),
        (np.array([0.0, np.nan, np.inf]), ValueError, "2 NaN or infinite samples, the first at sample 1"),
        (np.array([-np.inf, 0.0]), ValueError, "1 NaN or infinite samples, the first at sample 0"),
        (np.array([0.0, 1e200]), ValueError, r"from 0 to 1e\+200.*expected \[-1, 1\]"),
        (np.zeros((2, 800)), ValueError, r"shape \(2, 800\), expected one axis.*list of 1-D arrays"),
        (np.zeros((1, 2, 800)), ValueError, r"shape \(1, 2, 800\)"),
        (np.zeros(800, np.int16), TypeError, "dtype int16.*divide by full scale"),
        (torch.zeros(800, dtype=torch.int32), TypeError, "dtype int32"),
        ([0, 1, 0], TypeError, "dtype int64"),
        (np.zeros(800, np.complex64), TypeError, "dtype complex64"),
        (["a.wav"], TypeError, "clip 0 of the batch is a str.*load_audio"),
        ("a.wav", TypeError, "raw_speech is a str"),
        ({"array": np.zeros(800)}, TypeError, "raw_speech is a dict"),
        ([np.zeros(800), np.zeros(0)], ValueError, "clip 1 of the batch is empty"),
        ([[[0.0], [0.0, 1.0]]], ValueError, "unequal lengths"),
    ],
)
def test_wrong_clips_are_named(clip, error, message):
    with pytest.raises(error, match=message):
        SpectrogramFeatureExtractor()(clip, sampling_rate=16000)


def test_wrong_calls_are_named():
    extractor = SpectrogramFeatureExtractor()
    with pytest.raises(ValueError, match=r"sampling_rate is missing.*sampling_rate=16000"):
        extractor(CLIPS[0])
    with pytest.raises(ValueError, match=r"44100 Hz.*16000 Hz.*load_audio\(source, sampling_rate=16000\)"):
        extractor(CLIPS[0], sampling_rate=44100)
    with pytest.raises(ValueError, match="shorter than one window of 400 samples"):
        SpectrogramFeatureExtractor(center=False)([CLIPS[0], CLIPS[2][:399]], sampling_rate=16000)
    with pytest.raises(ValueError, match="device='gpu'"):
        extractor(CLIPS[0], sampling_rate=16000, device="gpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="names the missing GPU")
def test_a_missing_gpu_is_named():
    with pytest.raises(ValueError, match="no GPU here"):
        SpectrogramFeatureExtractor()(CLIPS[0], sampling_rate=16000, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", VARIANTS)
def test_a_gpu_gives_what_the_cpu_gives(name):
    extractor = SpectrogramFeatureExtractor(**VARIANTS[name])
    there = extractor(CLIPS, sampling_rate=16000, return_tensors="pt", device="cuda", truncation=True)
    here = extractor(CLIPS, sampling_rate=16000, return_tensors="pt", truncation=True)
    assert there["input_features"].device.type == "cuda"
    torch.testing.assert_close(there["input_features"].cpu(), here["input_features"], rtol=0, atol=2e-2)
