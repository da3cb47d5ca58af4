import json

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2FeatureExtractor, WhisperFeatureExtractor

import hf_ser
from hf_ser.features import SpeechFeatureExtractor

RATE = 16000


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples) + 0.02).astype(np.float32)


CLIPS = [noise(samples, seed) for seed, samples in enumerate((16000, 1600, 1, 300, 7777))]
KINDS = ("waveform", "log_mel")


def values_of(batch):
    return batch["input_features" if "input_features" in batch else "input_values"]


@pytest.mark.parametrize("samples", [1600, 59213])
def test_log_mels_are_whispers_transposed(samples):
    clip = noise(samples)
    stock = WhisperFeatureExtractor()(clip, sampling_rate=RATE, padding="longest", truncation=False)["input_features"]
    ours = SpeechFeatureExtractor("log_mel")(clip, sampling_rate=RATE)["input_features"]
    assert ours.shape == (1, samples // 160, 80)
    np.testing.assert_allclose(ours[0], stock[0].T, atol=1e-5)


@pytest.mark.parametrize("normalize", [True, False])
def test_waveforms_are_those_of_wav2vec2(normalize):
    stock = Wav2Vec2FeatureExtractor(do_normalize=normalize, return_attention_mask=True)
    expected = stock(CLIPS, sampling_rate=RATE, padding="longest", return_tensors="pt")
    ours = SpeechFeatureExtractor(do_normalize=normalize)(CLIPS, sampling_rate=RATE, return_tensors="pt")
    torch.testing.assert_close(ours["input_values"], expected["input_values"], atol=1e-5, rtol=0)
    assert torch.equal(ours["attention_mask"], expected["attention_mask"].long())


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_alone_is_the_clip_in_a_batch(kind):
    extractor = SpeechFeatureExtractor(kind)
    together = extractor(CLIPS, sampling_rate=RATE)
    for index, clip in enumerate(CLIPS):
        alone = extractor(clip, sampling_rate=RATE)
        real = extractor.frames_of(len(clip))
        assert together["attention_mask"][index].sum() == alone["attention_mask"].sum() == real
        assert together["attention_mask"][index, :real].all()
        np.testing.assert_allclose(values_of(together)[index, :real], values_of(alone)[0, :real], atol=1e-6)
        assert not values_of(together)[index, real:].any()


@pytest.mark.parametrize(("samples", "frames"), [(1600, 10), (1, 1)])
def test_short_clips_are_padded_and_the_mask_says_so(samples, frames):
    waveform = SpeechFeatureExtractor()(noise(samples), sampling_rate=RATE)
    assert waveform["input_values"].shape == (1, max(samples, 400))
    assert waveform["attention_mask"].sum() == samples
    log_mel = SpeechFeatureExtractor("log_mel")(noise(samples), sampling_rate=RATE)
    assert log_mel["input_features"].shape == (1, frames, 80)
    assert log_mel["attention_mask"].sum() == frames


@pytest.mark.parametrize("trim_db", [None, 30.0])
@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_finite(kind, trim_db):
    batch = SpeechFeatureExtractor(kind, trim_db=trim_db)(np.zeros(8000, np.float32), sampling_rate=RATE)
    assert np.isfinite(values_of(batch)).all()
    assert batch["attention_mask"].all()
    if kind == "waveform":
        assert not batch["input_values"].any()


@pytest.mark.parametrize("kind", KINDS)
def test_silent_ends_are_cut_off(kind):
    silence = np.zeros(8000, np.float32)
    padded = np.concatenate([silence, noise(8000), silence])
    extractor = SpeechFeatureExtractor(kind, trim_db=40.0)
    batch = extractor(padded, sampling_rate=RATE)
    trimmed = extractor.trim_silence(padded)
    # the sound, 50 ms on both sides, and what the first and last of the frames of 25 ms that touch it reach
    assert 8000 + 1600 <= len(trimmed) <= 8000 + 1600 + 2 * 400
    expected = SpeechFeatureExtractor(kind)(trimmed, sampling_rate=RATE)
    np.testing.assert_array_equal(values_of(batch), values_of(expected))
    assert SpeechFeatureExtractor(kind).trim_silence(padded) is padded


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("clip", "error", "message"),
    [
        (np.array([0.1, np.nan, np.inf]), ValueError, "2 NaN or infinite samples, the first at sample 1.*nan_to_num"),
        (noise(800).reshape(2, 400), ValueError, r"shape \(2, 400\), expected one axis.*array.mean\(axis\)"),
        (np.zeros(0, np.float32), ValueError, r"empty \(zero samples\)"),
        (np.ones(800, np.int16), TypeError, "int16, expected floats .*32768"),
        ("clip.wav", TypeError, "hf_ser.load_audio"),
    ],
)
def test_clips_that_are_none_are_refused(kind, clip, error, message):
    with pytest.raises(error, match=message):
        SpeechFeatureExtractor(kind)(clip, sampling_rate=RATE)


@pytest.mark.parametrize(("rate", "message"), [(None, "sampling_rate=16000"), (44100, "44100 Hz.*16000 Hz: resample")])
def test_sampling_rates_are_checked(rate, message):
    with pytest.raises(ValueError, match=message):
        SpeechFeatureExtractor()(CLIPS[0], sampling_rate=rate)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"input_kind": "mel"}, "input_kind='mel', expected one of 'waveform', 'log_mel'"),
        ({"functionals": "gemaps"}, "functionals='gemaps', expected one of None, 'egemaps_v02'"),
        ({"padding_side": "left"}, "padding_side='left', expected one of 'right'"),
        ({"sampling_rate": 0}, "sampling_rate=0, expected a whole number"),
        ({"n_fft": 401}, "n_fft=401 and hop_length=160, expected an even n_fft"),
        ({"hop_length": 600}, "n_fft=400 and hop_length=600"),
        ({"do_normalize": 1}, "do_normalize=1, expected True or False"),
        ({"input_kind": "log_mel", "do_normalize": True}, "expected False: Whisper's log-mels"),
        ({"max_seconds": 0}, "max_seconds=0, expected seconds above 0, or None"),
        ({"trim_db": -3.0}, "trim_db=-3.0, expected a range in dB"),
        ({"trim_margin": -0.1}, "trim_margin=-0.1"),
        ({"padding_value": None}, "padding_value=None, expected a number"),
        ({"padding_value": float("nan")}, "padding_value=nan, expected a finite number"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        SpeechFeatureExtractor(**settings)


def test_settings_that_do_not_exist_are_named():
    with pytest.raises(TypeError, match="'max_second' of SpeechFeatureExtractor; did you mean 'max_seconds'"):
        SpeechFeatureExtractor(max_second=3)


@pytest.mark.parametrize("kind", KINDS)
def test_longer_clips_are_never_cut_silently(kind, caplog):
    extractor = SpeechFeatureExtractor(kind, max_seconds=0.5)
    clip = noise(12345)
    with pytest.raises(ValueError, match=r"0.77 s is longer than the 0.50 s.*lose 0.27 s"):
        extractor(clip, sampling_rate=RATE, truncation=False)
    expected = values_of(SpeechFeatureExtractor(kind)(clip[:8000], sampling_rate=RATE))
    for _ in range(2):
        np.testing.assert_array_equal(values_of(extractor(clip, sampling_rate=RATE)), expected)
    extractor(clip, sampling_rate=RATE, truncation=True)
    assert [
        record.message for record in caplog.records if "its last 0.27 s are dropped" in record.message
    ].__len__() == 1


def test_a_rest_without_a_frame_is_nothing_lost():
    batch = SpeechFeatureExtractor("log_mel", max_seconds=0.5)(noise(8159), sampling_rate=RATE, truncation=False)
    assert batch["input_features"].shape == (1, 50, 80)


@pytest.mark.parametrize(("kind", "unit"), [("waveform", 1), ("log_mel", 160)])
def test_lengths_can_be_asked_for(kind, unit):
    extractor = SpeechFeatureExtractor(kind, max_seconds=1.0)
    clip = noise(8000)
    assert values_of(extractor(clip, sampling_rate=RATE, padding="max_length")).shape[1] == RATE // unit
    assert values_of(extractor(clip, sampling_rate=RATE, max_length=9600 // unit)).shape[1] == 9600 // unit
    assert values_of(extractor(clip, sampling_rate=RATE, pad_to_multiple_of=1024)).shape[1] % 1024 == 0
    with pytest.raises(ValueError, match="padding=False, but the clips have"):
        extractor(CLIPS, sampling_rate=RATE, padding=False)
    with pytest.raises(ValueError, match="max_length='9', expected a whole number of"):
        extractor(clip, sampling_rate=RATE, max_length="9")


def test_without_a_limit_no_length_is_made_up():
    extractor = SpeechFeatureExtractor()
    assert extractor.max_seconds is None
    assert extractor.window_seconds == 30.0
    assert extractor(noise(35 * RATE), sampling_rate=RATE, truncation=False)["attention_mask"].sum() == 35 * RATE
    with pytest.raises(ValueError, match="padding='max_length' needs a length: pass max_length, set max_seconds"):
        extractor(CLIPS[0], sampling_rate=RATE, padding="max_length")


@pytest.mark.parametrize("kind", KINDS)
def test_clips_prepared_one_by_one_are_padded_later(kind):
    extractor = SpeechFeatureExtractor(kind)
    items = [{name: value[0] for name, value in extractor(clip, sampling_rate=RATE).items()} for clip in CLIPS]
    late, early = extractor.pad(items, return_tensors="pt"), extractor(CLIPS, sampling_rate=RATE, return_tensors="pt")
    torch.testing.assert_close(values_of(late), values_of(early), atol=1e-6, rtol=0)
    assert torch.equal(late["attention_mask"].long(), early["attention_mask"])


def test_the_mask_can_be_left_out():
    assert set(SpeechFeatureExtractor()(CLIPS, sampling_rate=RATE, return_attention_mask=False)) == {"input_values"}


@pytest.mark.parametrize("settings", [{"max_seconds": 6.0, "do_normalize": False}, {"input_kind": "log_mel"}])
def test_saved_settings_come_back(settings, tmp_path):
    extractor = SpeechFeatureExtractor(trim_db=35.0, **settings)
    extractor.save_pretrained(tmp_path)
    for load in (SpeechFeatureExtractor.from_pretrained, hf_ser.SpeechFeatureExtractor.from_encoder):
        assert load(str(tmp_path)).to_dict() == extractor.to_dict()
    assert SpeechFeatureExtractor.from_pretrained(tmp_path, trim_db=None).trim_db is None


@pytest.mark.parametrize("normalize", [True, False])
def test_settings_of_a_waveform_encoder(normalize, tmp_path):
    Wav2Vec2FeatureExtractor(do_normalize=normalize).save_pretrained(tmp_path)
    extractor = SpeechFeatureExtractor.from_encoder(str(tmp_path), trim_db=30.0)
    assert (extractor.input_kind, extractor.do_normalize, extractor.max_seconds) == ("waveform", normalize, None)
    assert extractor.trim_db == 30.0


def test_settings_of_whisper(tmp_path):
    WhisperFeatureExtractor(feature_size=128, chunk_length=20).save_pretrained(tmp_path)
    extractor = SpeechFeatureExtractor.from_encoder(str(tmp_path))
    assert (extractor.input_kind, extractor.num_mel_bins, extractor.max_seconds) == ("log_mel", 128, 20.0)
    stock = WhisperFeatureExtractor(feature_size=128)
    expected = stock(CLIPS[0], sampling_rate=RATE, padding="longest", truncation=False)["input_features"][0].T
    np.testing.assert_allclose(extractor(CLIPS[0], sampling_rate=RATE)["input_features"][0], expected, atol=1e-5)


def test_encoders_that_cannot_be_stood_in_for_are_named(tmp_path):
    with pytest.raises(OSError, match=r"(?s)no preprocessor_config\.json of .*create SpeechFeatureExtractor"):
        SpeechFeatureExtractor.from_encoder(str(tmp_path))
    settings = {"feature_extractor_type": "ASTFeatureExtractor"}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    with pytest.raises(ValueError, match="is 'ASTFeatureExtractor', expected 'Wav2Vec2FeatureExtractor'"):
        SpeechFeatureExtractor.from_encoder(str(tmp_path))
    settings = {"feature_extractor_type": "WhisperFeatureExtractor", "dither": 0.001}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    with pytest.raises(ValueError, match=r"dither=0.001, random noise.*set it to 0.0"):
        SpeechFeatureExtractor.from_encoder(str(tmp_path))


def test_functionals_go_with_the_clips(monkeypatch):
    functionals = pytest.importorskip("hf_ser.features.functionals")
    monkeypatch.setattr(
        functionals, "egemaps_functionals", lambda clip, rate: np.full(88, len(clip) / rate, np.float32)
    )
    extractor = SpeechFeatureExtractor(functionals="egemaps_v02")
    assert extractor.model_input_names == ["input_values", "attention_mask", "functionals"]
    batch = extractor(CLIPS[:2], sampling_rate=RATE, return_tensors="pt")
    torch.testing.assert_close(batch["functionals"], torch.tensor([[1.0], [0.1]]).expand(2, 88))
    assert "functionals" not in SpeechFeatureExtractor()(CLIPS[:2], sampling_rate=RATE)
