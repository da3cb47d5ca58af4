"""Reading: every kind of source gives the same waveform, and a bad one an error that says what to do."""

import io
import subprocess
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
import soundfile
import soxr
import torch

from hf_ser._mp3 import _frame_bytes
from hf_ser.audio import AudioError, load_audio

RATE = 48_000


@pytest.fixture(scope="module")
def stereo() -> np.ndarray:
    """(samples, 2) at 48 kHz, half a second and 1 sample, so that resampling has to round."""
    rng = np.random.default_rng(3)
    time = np.arange(RATE // 2 + 1) / RATE
    left = 0.4 * np.sin(2 * np.pi * 220 * time) + 0.01 * rng.standard_normal(len(time))
    return np.stack([left, 0.5 * left + 0.1 * np.sin(2 * np.pi * 700 * time)], axis=1).astype(np.float32)


def encoded(samples: np.ndarray, rate: int = RATE, **form) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **form)
    return buffer.getvalue()


def tone(samples: int = 800) -> np.ndarray:
    return (0.3 * np.sin(np.arange(samples) * 0.1)).astype(np.float32)


def is_plain(waveform: np.ndarray) -> bool:
    flags = waveform.flags
    return waveform.dtype == np.float32 and waveform.ndim == 1 and flags.c_contiguous and flags.writeable


# ---- what is read


@pytest.mark.parametrize(
    ("form", "tolerance"),
    [
        ({"format": "WAV", "subtype": "FLOAT"}, 1e-6),
        ({"format": "WAV", "subtype": "PCM_16"}, 1e-4),
        ({"format": "WAV", "subtype": "PCM_24"}, 1e-5),
        ({"format": "FLAC"}, 1e-4),
        ({"format": "AIFF"}, 1e-4),
        ({"format": "OGG", "subtype": "VORBIS"}, 0.03),
        ({"format": "OGG", "subtype": "OPUS"}, 0.03),
        ({"format": "MP3"}, 0.06),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_formats_channels_and_rates_against_soxr(stereo, form, tolerance):
    waveform = load_audio(encoded(stereo, **form))
    expected = soxr.resample(stereo.mean(axis=1), RATE, 16_000, quality="HQ")
    assert is_plain(waveform)
    assert waveform.shape == expected.shape == (8_000,)
    assert np.sqrt(np.mean((waveform - expected) ** 2)) < tolerance / 3
    assert np.abs(waveform - expected).max() < tolerance


def test_exactly_soxr_hq_of_the_channel_mean(stereo):
    waveform = load_audio(encoded(stereo, format="WAV", subtype="FLOAT"))
    np.testing.assert_array_equal(waveform, soxr.resample(stereo.mean(axis=1), RATE, 16_000, quality="HQ"))


@pytest.mark.parametrize(
    ("samples", "rate"), [(1, 16_000), (2, 48_000), (47_999, 48_000), (48_001, 48_000), (47_999, 44_100)]
)
def test_length_is_rounded(samples, rate):
    waveform = load_audio({"array": np.zeros(samples), "sampling_rate": rate})
    assert len(waveform) == round(samples * 16_000 / rate)


def test_all_kinds_of_source_agree(stereo, tmp_path):
    wav = encoded(stereo, format="WAV", subtype="FLOAT")
    path = tmp_path / "Ünicode name (1).wav"
    path.write_bytes(wav)
    expected = load_audio(path)
    channels_first = torch.from_numpy(stereo.T.copy())
    with path.open("rb") as file:
        sources = {
            "str": str(path),
            "bytes": wav,
            "bytearray": bytearray(wav),
            "memoryview": memoryview(wav),
            "file": file,
            "BytesIO": io.BytesIO(wav),
            "undecoded path": {"path": str(path), "bytes": None},
            "undecoded bytes": {"path": None, "bytes": wav},
            "row": {"audio": {"path": str(path), "bytes": None}, "emotion": "sad", "path": "elsewhere.wav"},
            "array": {"array": stereo.mean(axis=1), "sampling_rate": RATE},
            "raw": {"raw": stereo.mean(axis=1), "sampling_rate": float(RATE)},
            "float64 list": {"array": stereo.mean(axis=1).tolist(), "sampling_rate": RATE},
        }
        for name, source in sources.items():
            np.testing.assert_allclose(load_audio(source), expected, atol=1e-6, err_msg=name)
    options = {"source_sampling_rate": RATE}
    for source, axis in ((stereo, 1), (stereo, -1), (stereo.T, 0), (channels_first, 0), (channels_first.T, 1)):
        np.testing.assert_allclose(load_audio(source, channel_axis=axis, **options), expected, atol=1e-6)
    gradient = channels_first.mean(0).requires_grad_()
    np.testing.assert_allclose(load_audio(gradient, **options), expected, atol=1e-6)
    half = channels_first.mean(0).to(torch.bfloat16)
    np.testing.assert_allclose(load_audio(half, **options), expected, atol=5e-3)


def test_rows_of_datasets_are_read_without_decoding_there(stereo, tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, stereo, RATE)
    expected = load_audio(path)
    by_path = datasets.Dataset.from_dict({"audio": [str(path)]}).cast_column("audio", datasets.Audio(decode=False))
    by_bytes = datasets.Dataset.from_list([{"audio": {"bytes": path.read_bytes(), "path": "a.flac"}}])
    for dataset in (by_path, by_bytes.cast_column("audio", datasets.Audio(decode=False))):
        np.testing.assert_array_equal(load_audio(dataset[0]), expected)
        np.testing.assert_array_equal(load_audio(dataset[0]["audio"]), expected)


def test_decoders_of_torchcodec_are_read_by_their_interface(stereo):
    class Samples:
        data = torch.from_numpy(stereo.T.copy())
        sample_rate = RATE

    class Decoder:
        def get_all_samples(self) -> Samples:
            return Samples()

    expected = load_audio({"array": stereo, "sampling_rate": RATE}, channel_axis=1)
    for source in (Decoder(), Samples(), {"audio": Decoder()}):
        np.testing.assert_allclose(load_audio(source), expected, atol=1e-7)


def test_result_is_a_copy_and_floats_keep_their_values():
    source = np.array([0.0, 2.5, -3.0, 0.1], dtype=np.float32)
    waveform = load_audio({"array": source, "sampling_rate": 16_000})
    assert is_plain(waveform)
    assert not np.shares_memory(waveform, source)
    np.testing.assert_array_equal(waveform, source)  # neither clipped nor normalised
    read_only = np.broadcast_to(np.float32(0.5), (4,))
    assert is_plain(load_audio(read_only, source_sampling_rate=16_000))
    assert is_plain(load_audio(tone()[::-2], source_sampling_rate=16_000))
    tensor = torch.ones(5)
    load_audio(tensor, source_sampling_rate=16_000)[:] = 0
    assert tensor.sum() == 5


def test_a_file_object_is_read_from_where_it_stands_and_put_back():
    wav = encoded(tone(), 16_000, format="WAV")
    file = io.BytesIO(b"prefix" + wav)
    file.seek(6)
    assert len(load_audio(file)) == 800
    assert file.tell() == 6
    assert len(load_audio(file)) == 800


def test_stream_headers_without_a_length_are_accepted():
    wav = bytearray(encoded(tone(), 16_000, format="WAV", subtype="PCM_16"))
    at = wav.index(b"data") + 4
    wav[at : at + 4] = b"\xff\xff\xff\xff"
    assert len(load_audio(bytes(wav))) == 800


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("rate", [44_100, 16_000])
def test_mp3_without_a_length_header_loses_nothing(mode, rate):
    """libsndfile alone guesses the length from the first frame, here a quiet one of a low bit rate or a loud one."""
    rng = np.random.default_rng(0)
    loud = 0.3 * rng.standard_normal(rate)
    for samples in (np.concatenate([np.zeros(2 * rate), loud]), np.concatenate([loud, np.zeros(2 * rate)])):
        whole = encoded(samples, rate, format="MP3", bitrate_mode=mode, compression_level=0.3)
        expected = load_audio(whole, rate)
        assert len(expected) == 3 * rate
        headless = whole[_frame_bytes(whole, 0) :]
        tagged = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + headless + b"TAG" + bytes(125)
        for source in (headless, tagged):
            waveform = load_audio(source, rate)
            # the header also says what to cut off: LAME's delay at the start, and the padding of the last frame
            assert len(expected) <= len(waveform) <= len(expected) + 576 + 1152
            np.testing.assert_allclose(waveform[576:][: len(expected) - 576], expected[:-576], atol=1e-6)


def test_mp3_after_a_padded_tag_loses_nothing():
    rate = 16_000
    samples = np.concatenate([np.zeros(2 * rate), 0.3 * np.random.default_rng(0).standard_normal(rate)])
    whole = encoded(samples, rate, format="MP3", bitrate_mode="VARIABLE", compression_level=0.3)
    headless = whole[_frame_bytes(whole, 0) :]
    padded = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10 + 500) + headless
    np.testing.assert_array_equal(load_audio(padded, rate), load_audio(headless, rate))


@pytest.mark.parametrize("seed", range(5))
def test_other_formats_behind_a_tag_of_mp3_are_left_alone(seed):
    """Noise, so that bytes that look like the header of an MP3 frame occur."""
    flac = encoded(0.3 * np.random.default_rng(seed).standard_normal(16_000), 16_000, format="FLAC")
    tagged = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + flac
    np.testing.assert_array_equal(load_audio(tagged), load_audio(flac))


def test_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    soundfile.write(tmp_path / "a.wav", tone(), 16_000)
    assert len(load_audio("~/a.wav")) == len(load_audio(Path("~/a.wav"))) == 800


def test_import_is_light():
    code = (
        "import sys, hf_ser.audio\n"
        "print([name for name in ('torch', 'transformers', 'datasets', 'soundfile', 'soxr') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


# ---- what is refused


def refused(source, *parts: str, **options) -> None:
    with pytest.raises(AudioError) as caught:
        load_audio(source, **options)
    for part in parts:
        assert part in str(caught.value), str(caught.value)


@pytest.mark.parametrize("form", ["WAV", "RF64", "AIFF", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("part", [0.95, 0.5])
def test_truncated_files_are_seen(form, part, stereo, tmp_path):
    whole = encoded(stereo, format=form)
    path = tmp_path / f"cut.{form.lower()}"
    path.write_bytes(whole[: int(len(whole) * part)])
    refused(path, "cut", "truncated", "download it again")
    refused(whole[: int(len(whole) * part)], "truncated")


@pytest.mark.parametrize("form", ["AU", "W64", "NIST", "SVX"])
def test_formats_whose_truncation_would_not_be_seen_are_refused(form):
    whole = encoded(tone(), 16_000, format=form, subtype="PCM_16")
    for content in (whole, whole[: len(whole) // 2]):
        refused(content, "format", "expected wav, flac, ogg, opus, mp3 or aiff", "ffmpeg")


def test_rf64_is_read_like_wav():
    expected = load_audio(encoded(tone(), 16_000, format="WAV", subtype="PCM_16"))
    np.testing.assert_array_equal(load_audio(encoded(tone(), 16_000, format="RF64", subtype="PCM_16")), expected)


@pytest.mark.parametrize("form", ["WAV", "AIFF", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("kept", [4, 30, 60])
def test_files_cut_in_the_header_are_refused(form, kept, stereo):
    refused(encoded(stereo, format=form)[:kept], f"recording of {kept} bytes")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "0 bytes"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12345\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaa", "unpack"),
        (b"\x00\x00\x00\x20ftypM4A aaaaaaaaaaaaaaaaaaaa", "ffmpeg"),
        (b"RIFF\x00\x10\x00\x00AVI LIST" + bytes(50), "AVI"),
        (b"just some words that are no audio at all", "is not audio"),
        (bytes(5000), "is not audio"),
        (b"\xff\xf1\x50\x80" + np.random.default_rng(1).bytes(20_000), "is not audio"),
    ],
    ids=["empty", "lfs", "html", "zip", "m4a", "avi", "text", "zeros", "aac"],
)
def test_files_that_are_no_audio_say_what_they_are(content, part, tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(content)
    refused(path, "clip.wav", part)
    refused({"path": str(path), "bytes": None}, "clip.wav", part)
    refused({"path": "clip.wav", "bytes": content}, "clip.wav", part)


def test_missing_files_folders_and_addresses(tmp_path):
    refused(tmp_path / "no.wav", "no.wav", "does not exist")
    refused(tmp_path, "is a folder")
    refused("https://example.org/a.wav", "download it first")
    with (tmp_path / "t").open("w+") as file:
        refused(file, "mode 'rb'")
    refused("a\0b.wav", "null character")


def test_headerless_samples_are_refused(tmp_path):
    path = tmp_path / "clip.raw"
    path.write_bytes(np.random.default_rng(0).integers(-9, 9, 800, dtype=np.int16).tobytes())
    refused(path, "clip.raw", "is not audio")


@pytest.mark.parametrize("content", ["abc", [1, 2], 3])
def test_bytes_that_are_none(content):
    refused({"bytes": content, "path": None}, "under 'bytes'", "expected the bytes of a sound file")


def test_no_samples(tmp_path):
    path = tmp_path / "none.wav"
    soundfile.write(path, np.zeros(0), 16_000)
    refused(path, "none.wav", "zero samples")
    refused([], "zero samples", source_sampling_rate=16_000)
    refused({"array": np.zeros((2, 0)), "sampling_rate": 8_000}, "zero samples")
    refused({"array": np.zeros(1), "sampling_rate": 48_000}, "less than one at 16000 Hz")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite(bad, tmp_path):
    samples = tone()
    samples[[7, 9]] = bad
    refused(samples, "2 NaN or infinite samples of 800", "first at 7", source_sampling_rate=16_000)
    path = tmp_path / "broken.wav"
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    refused(path, "broken.wav", "2 NaN or infinite")


def test_scale():
    refused(tone() * 32768, "peak of", "32768", source_sampling_rate=16_000)
    assert load_audio(tone() * 20, source_sampling_rate=16_000).max() > 5  # loud, but possible


@pytest.mark.parametrize("kind", ["int16", "int32", "uint8", "bool", "complex64", "object", "str"])
def test_types_without_a_known_scale(kind):
    refused(np.ones(100).astype(kind), f"dtype {'<U32' if kind == 'str' else kind}", source_sampling_rate=16_000)


def test_integer_errors_name_the_scale():
    refused(np.ones(9, dtype=np.int16), "/ 32768", source_sampling_rate=16_000)
    # 16-bit samples often lie in wider integers, so their type does not tell their full scale
    for source in ([0, 1, 2], torch.ones(9, dtype=torch.int32)):
        refused(source, "full scale of the recording, 32768 for 16 bits", source_sampling_rate=16_000)


def test_shapes():
    options = {"source_sampling_rate": 16_000}
    refused(np.zeros((2, 900)), "(2, 900)", "channel_axis=0", "channel_axis=1", **options)
    refused(np.zeros((1, 900)), "channel_axis", **options)
    refused(np.zeros((4, 2, 900)), "3 axes", "(4, 2, 900)", **options)
    refused(np.float32(0.5), "0 axes", **options)
    refused([[0.1, 0.2], [0.3]], "array of numbers", **options)
    refused(np.zeros((2, 900)), "pass channel_axis=0", channel_axis=1, **options)
    refused(np.zeros((900, 2)), "pass channel_axis=1", channel_axis=-2, **options)
    refused(np.zeros((2, 900)), "channel_axis=2", channel_axis=2, **options)


@pytest.mark.parametrize("axis", [2, -3, "0", 0.0, True])
def test_channel_axes_that_are_none_are_refused_for_every_source(axis):
    wav = encoded(tone(), 16_000, format="WAV")
    for source in (wav, {"bytes": wav}, {"array": tone(), "sampling_rate": 16_000}):
        refused(source, f"channel_axis={axis!r}", "pass 0", channel_axis=axis)


def test_rates():
    refused(tone(), "without a sampling rate", "source_sampling_rate")
    refused({"array": tone()}, "without a sampling rate", "'sampling_rate'")
    refused({"array": tone(), "sampling_rate": 44.1}, "44.1")
    refused({"array": tone(), "sampling_rate": 16}, "16", "Hz")
    refused({"array": tone(), "sampling_rate": "16k"}, "'16k'")
    refused({"array": tone(), "sampling_rate": 8_000}, "8000 Hz", "44100", source_sampling_rate=44_100)
    refused(encoded(tone(), 16_000, format="WAV"), "16000 Hz", source_sampling_rate=8_000)
    refused(tone(), "sampling_rate=0", sampling_rate=0, source_sampling_rate=8_000)


def test_things_that_hold_no_recording():
    refused({"file": "a.wav"}, "['file']", "expected")
    refused({"path": None, "bytes": None}, "expected")
    refused(None, "NoneType", source_sampling_rate=16_000)
    refused(object(), "object", source_sampling_rate=16_000)


@pytest.mark.recordings
def test_every_real_recording_is_read(recordings: Path):
    paths = sorted(recordings.rglob("*.flac"))
    assert len(paths) == 1440 + 339
    for path in paths:
        waveform = load_audio(path)
        assert is_plain(waveform)
        assert len(waveform) > 16_000
        assert 0 < np.abs(waveform).max() <= 1
