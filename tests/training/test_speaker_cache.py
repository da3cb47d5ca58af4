"""Speaker vectors on disk: computed once, found by content, and never those of another encoder."""

import numpy as np
import pytest
import soundfile
import torch
from tiny import tiny_extractor, tiny_model
from voices import SIZE, count_embedded, tiny_speaker_extractor, tiny_speaker_model

from hf_ser import EcapaTdnnFeatureExtractor, SpeakerCctForAudioClassification
from hf_ser.audio import load_audio
from hf_ser.training.speaker_cache import SpeakerCache, encoder_fingerprint


@pytest.fixture
def clips(tmp_path):
    generator = np.random.default_rng(0)
    paths = [str(tmp_path / f"{number}.wav") for number in range(3)]
    for path, seconds in zip(paths, (0.5, 0.2, 0.4), strict=True):
        soundfile.write(path, generator.uniform(-0.3, 0.3, round(16000 * seconds)), 16000)
    return paths


def test_each_clip_is_embedded_once_whatever_its_name(clips, tmp_path, monkeypatch):
    model, extractor = tiny_speaker_model(), tiny_speaker_extractor()
    made = count_embedded(monkeypatch)
    first = SpeakerCache(tmp_path / "cache", model, extractor).features_of(clips, progress=False)
    assert len(made) == 3
    for index in (0, 2):
        inputs = extractor.speaker_inputs(load_audio(clips[index], 16000))
        vector = model.get_speaker_embeddings(**inputs)[0]
        assert np.array_equal(first.read(0, index), vector.numpy()[:, None])
    # too short to tell a voice from
    assert first.read(0, 1).shape == (SIZE, 1)
    assert not first.read(0, 1).any()
    del made[:]
    (tmp_path / "0.wav").rename(tmp_path / "elsewhere.wav")
    moved = [str(tmp_path / "elsewhere.wav"), *clips[1:]]
    again = SpeakerCache(tmp_path / "cache", model, extractor).features_of(moved, progress=False)
    assert all(np.array_equal(first.read(0, index), again.read(0, index)) for index in range(3))
    assert not made


def test_another_encoder_or_extractor_finds_nothing(tmp_path):
    model, extractor = tiny_speaker_model(), tiny_speaker_extractor()
    folder = SpeakerCache(tmp_path, model, extractor).folder
    # the rest of the model, its spectrograms and what they are normalised by do not matter
    assert SpeakerCache(tmp_path, tiny_speaker_model(seed=1), tiny_speaker_extractor(num_mel_bins=16)).folder == folder
    assert SpeakerCache(tmp_path, tiny_speaker_model(encoder_seed=1), extractor).folder != folder
    extractor.speaker_extractor = EcapaTdnnFeatureExtractor(min_seconds=0.3)
    assert SpeakerCache(tmp_path, model, extractor).folder != folder


def test_a_saved_encoder_has_the_fingerprint_that_it_had(tmp_path):
    model = tiny_speaker_model()
    model.save_pretrained(tmp_path)
    loaded = SpeakerCctForAudioClassification.from_pretrained(tmp_path)
    assert encoder_fingerprint(loaded.speaker_encoder) == encoder_fingerprint(model.speaker_encoder)
    with torch.no_grad():
        next(iter(loaded.speaker_encoder.buffers())).add_(1e-3)
    assert encoder_fingerprint(loaded.speaker_encoder) != encoder_fingerprint(model.speaker_encoder)


def test_what_has_no_voice_to_keep_is_named(tmp_path):
    with pytest.raises(TypeError, match="SpectrogramFeatureExtractor without a speaker_extractor, expected"):
        SpeakerCache(tmp_path, tiny_speaker_model(), tiny_extractor())
    with pytest.raises(ValueError, match="CctForAudioClassification has no speaker encoder to embed clips with"):
        SpeakerCache(tmp_path, tiny_model(), tiny_speaker_extractor())
