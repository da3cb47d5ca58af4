import numpy as np
import pytest
import soundfile

from hf_ser.augmentation import add_noise, colored_noise
from hf_ser.augmentation.noise import noise_files, noise_stretch, read_noise


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("color", "decibels"), [("white", 0.0), ("pink", -3.01), ("brown", -6.02)])
def test_colors_fall_by_their_decibels_an_octave(color, decibels):
    noise = colored_noise(2**18, color, rng())
    assert np.mean(noise**2) == pytest.approx(1.0)
    power = np.abs(np.fft.rfft(noise)) ** 2
    octaves = [10 * np.log10(power[2**k : 2 ** (k + 1)].mean()) for k in range(10, 16)]
    assert np.diff(octaves).mean() == pytest.approx(decibels, abs=0.15)


@pytest.mark.parametrize("snr", [-5.0, 0.0, 12.5, 40.0])
@pytest.mark.parametrize("color", ["white", "pink", "brown"])
def test_noise_is_as_loud_as_asked(snr, color):
    clip = (0.2 * np.sin(np.arange(16001) / 9)).astype(np.float32)
    noisy = add_noise(clip, colored_noise(16001, color, rng()), snr)
    assert noisy.dtype == np.float32
    added = noisy.astype(np.float64) - clip
    assert 10 * np.log10(np.mean(clip.astype(np.float64) ** 2) / np.mean(added**2)) == pytest.approx(snr, abs=0.01)


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_silence_and_the_shortest_clips_survive(samples):
    silent = np.zeros(samples, np.float32)
    for color in ("white", "pink", "brown"):
        noise = colored_noise(samples, color, rng())
        assert np.isfinite(noise).all()
        assert np.array_equal(add_noise(silent, noise, 0.0), silent)
        assert np.isfinite(add_noise(silent + 1, noise, 0.0)).all()


def test_a_stretch_begins_anywhere_and_wraps():
    recording = np.arange(10)
    starts = {int(noise_stretch(recording, 25, rng(seed))[0]) for seed in range(60)}
    assert starts == set(range(10))
    stretch = noise_stretch(recording, 25, rng())
    assert np.array_equal(stretch, (stretch[0] + np.arange(25)) % 10)


def test_folders_without_noise_and_silent_recordings_are_named(tmp_path):
    with pytest.raises(ValueError, match="holds no noise recordings"):
        noise_files(tmp_path)
    with pytest.raises(ValueError, match="or is no folder"):
        noise_files(tmp_path / "nowhere")
    (tmp_path / "sub").mkdir()
    soundfile.write(tmp_path / "sub" / "b.wav", np.zeros(100), 8000)
    soundfile.write(tmp_path / "a.flac", np.full(100, 0.5), 8000)
    files = noise_files(tmp_path)
    assert [file.name for file in files] == ["a.flac", "b.wav"]
    assert len(read_noise(files[:1], 16000)[0]) == 200
    with pytest.raises(ValueError, match=r"b\.wav' is silent"):
        read_noise(files, 16000)


def test_unknown_color():
    with pytest.raises(ValueError, match="expected one of white, pink, brown"):
        colored_noise(10, "blue", rng())
