import pickle

import numpy as np
import pytest
import soundfile

from hf_ser.augmentation import NoisyTwin

CLIP = (0.3 * np.sin(np.arange(8000) / 7)).astype(np.float32)


def rng(seed=0):
    return np.random.default_rng(seed)


def ratio(twin):
    return 10 * np.log10(np.mean(CLIP.astype(np.float64) ** 2) / np.mean((twin.astype(np.float64) - CLIP) ** 2))


@pytest.fixture
def noises(tmp_path):
    soundfile.write(tmp_path / "low.wav", 0.1 * np.sin(np.arange(16000) / 300), 16000)
    soundfile.write(tmp_path / "high.wav", 0.1 * np.sin(np.arange(3000) / 2), 16000)
    return tmp_path


def test_ratios_are_drawn_from_their_range():
    make = NoisyTwin(snr_db=(5.0, 15.0), reverb=0.0)
    ratios = [ratio(make(CLIP, rng(seed))) for seed in range(200)]
    assert 4.9 < min(ratios) < 5.5
    assert 14.5 < max(ratios) < 15.1
    assert np.mean(ratios) == pytest.approx(10.0, abs=0.6)


def test_recordings_are_all_used_at_the_wanted_ratio(noises):
    make = NoisyTwin(noise_dir=noises, snr_db=(10.0, 10.0), reverb=0.0)
    twins = [make(CLIP, rng(seed)) for seed in range(20)]
    assert all(ratio(twin) == pytest.approx(10.0, abs=0.01) for twin in twins)
    peaks = {int(np.abs(np.fft.rfft(twin - CLIP)).argmax()) // 100 for twin in twins}
    assert len(peaks) == 2


def test_one_in_eight_is_reverberant_instead_by_default():
    make = NoisyTwin(snr_db=(60.0, 60.0))
    # at 60 dB only reverberation can be heard
    reverberant = np.mean([ratio(make(CLIP, rng(seed))) < 50 for seed in range(400)])
    assert reverberant == pytest.approx(0.125, abs=0.05)
    assert all(ratio(NoisyTwin(reverb=1.0, snr_db=(60, 60))(CLIP, rng(seed))) < 50 for seed in range(10))


def test_a_twin_depends_on_clip_and_generator_alone_also_in_another_process(noises):
    for settings in ({}, {"noise_dir": noises}, {"reverb": 1.0}):
        make = NoisyTwin(**settings)
        twin = make(CLIP, rng(3))
        assert twin.shape == CLIP.shape
        assert twin.dtype == np.float32
        assert np.array_equal(twin, make(CLIP, rng(3)))
        assert np.array_equal(twin, pickle.loads(pickle.dumps(make))(CLIP, rng(3)))
        assert not np.array_equal(twin, make(CLIP, rng(4)))
    assert np.array_equal(NoisyTwin(reverb=0.0)(np.zeros(50, np.float32), rng()), np.zeros(50))


@pytest.mark.parametrize(
    "settings", [{"snr_db": (10.0, 0.0)}, {"snr_db": (10.0,)}, {"snr_db": (0.0, 200.0)}, {"reverb": -0.1}], ids=str
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="expected"):
        NoisyTwin(**settings)
