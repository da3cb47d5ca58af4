"""What the speaker-conditioned model says of input that does not fit, and of folders that are not its own."""

import re

import numpy as np
import pytest
import torch
from tiny_cct import padded_batch, tiny_model
from tiny_speaker_cct import EMBEDDING_SIZE, tiny_encoder_config, tiny_speaker_model, voices
from transformers import AutoModelForAudioClassification

from hf_ser.models.cct import (
    CctForAudioClassification,
    SpeakerCctConfig,
    SpeakerCctForAudioClassification,
    SpeakerCctModel,
)
from hf_ser.models.speaker_encoder import EcapaTdnnModel


def test_encoders_that_do_not_fit():
    model = tiny_speaker_model(speaker_embedding_dim=13)
    with pytest.raises(ValueError, match="embeddings of size 12, expected speaker_embedding_dim=13"):
        model.set_speaker_encoder(EcapaTdnnModel(tiny_encoder_config()))
    with pytest.raises(ValueError, match="expected that of a speaker encoder"):
        model.set_speaker_encoder(tiny_speaker_model().cct)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"speaker_embeddings": voices(2, 13)}, r"shape \(2, 13\), expected \(batch, 12\)"),
        ({"speaker_embeddings": voices(2)[0]}, r"shape \(12,\), expected \(batch, 12\)"),
        ({"speaker_embeddings": voices(3)}, "speaker_embeddings of 3 clips and input_features of 2"),
        ({"speaker_embeddings": voices(2).log()}, "row 0 holds NaN or infinite numbers"),
        ({"speaker_features": torch.zeros(2, 40, 80)}, "no speaker encoder; give it one with"),
        ({"context_embeddings": torch.zeros(2, 3)}, r"shape \(2, 3\), expected \(batch, 2\).*context_sizes"),
        ({"attention_mask": torch.ones(2, 9)}, "one number per spectrogram frame"),
    ],
)
def test_bad_input_is_refused_with_the_way_out(given, message):
    model = tiny_speaker_model(context_sizes=[2])
    with pytest.raises(ValueError, match=message):
        model(padded_batch([50, 50])[0], **given)


def test_speaker_features_of_another_batch_or_size():
    model = tiny_speaker_model(encoder=True)
    features, _ = padded_batch([50, 50])
    with pytest.raises(ValueError, match="speaker_embeddings of 1 clips and input_features of 2"):
        model(features, speaker_features=torch.zeros(1, 40, 80))
    with pytest.raises(ValueError, match=r"expected \(batch, frames, 80\)"):
        model(features, speaker_features=torch.zeros(2, 40, 60))
    with pytest.raises(ValueError, match="got a clip of 3 frames, expected at least 5"):
        model(features, speaker_features=torch.zeros(2, 3, 80))
    # a silent clip: its features are all the same
    assert torch.isfinite(model(features, speaker_features=torch.zeros(2, 40, 80)).logits).all()


@pytest.mark.parametrize("shape", [(40,), (1, 40), (3, 40), (2, 39), (2, 40, 80)])
def test_a_mask_of_another_shape_than_the_speaker_features(shape):
    model = tiny_speaker_model(encoder=True)
    message = rf"mask of shape {re.escape(str(shape))} with .* \(2, 40, 80\), expected \(2, 40\)"
    with pytest.raises(ValueError, match=message):
        model.get_speaker_embeddings(torch.zeros(2, 40, 80), torch.ones(shape))
    with pytest.raises(ValueError, match=r"input of shape \(40,\), expected \(batch, frames, features\)"):
        model.get_speaker_embeddings(torch.zeros(40), torch.ones(shape))


@pytest.mark.parametrize("name", ["speaker_embeddings", "context_embeddings", "speaker_features"])
def test_arrays_are_told_to_become_tensors(name):
    model = tiny_speaker_model(encoder=True, context_sizes=[EMBEDDING_SIZE])
    with pytest.raises(TypeError, match=rf"got {name} of type ndarray, expected a torch\.Tensor; pass torch\.as_ten"):
        model(padded_batch([50, 50])[0], **{name: voices(2).numpy()})
    mask = np.ones((2, 40))
    with pytest.raises(TypeError, match="got speaker_attention_mask of type ndarray"):
        model.get_speaker_embeddings(torch.zeros(2, 40, 80), mask)
    reducing = tiny_speaker_model(speaker_reduction_dim=3)
    with pytest.raises(TypeError, match="got speaker_embeddings of type ndarray"):
        reducing.fit_speaker_reduction(voices(9).numpy())


def test_a_model_without_context_takes_none():
    with pytest.raises(ValueError, match="the model has no context_sizes; leave them out"):
        tiny_speaker_model()(padded_batch([50])[0], context_embeddings=torch.zeros(1, 2))


@pytest.mark.parametrize("loader", [SpeakerCctForAudioClassification, SpeakerCctModel, SpeakerCctConfig])
def test_a_plain_ccts_folder_is_for_transfer(tmp_path, loader):
    tiny_model().save_pretrained(tmp_path / "inner")
    message = r"plain CCT \(model type 'ser_cct'\).*hf_ser\.transfer_from_cct"
    with pytest.raises(ValueError, match=message):
        loader.from_pretrained(tmp_path, subfolder="inner")
    with pytest.raises(ValueError, match=message):
        loader.from_pretrained(tmp_path / "inner")


def test_its_own_folder_loads_from_anywhere_with_changes(tmp_path):
    model = tiny_speaker_model()
    model.save_pretrained(tmp_path / "inner")
    for loader in (SpeakerCctForAudioClassification, AutoModelForAudioClassification):
        loaded = loader.from_pretrained(tmp_path, subfolder="inner", speaker_dropout=0.5)
        assert loaded.config.speaker_dropout == 0.5
        assert torch.equal(loaded.classifier.weight, model.classifier.weight)
    config, unused = SpeakerCctConfig.from_pretrained(tmp_path / "inner", return_unused_kwargs=True, unknown=1)
    assert (config.fusion, unused) == ("token", {"unknown": 1})
    tiny_model().save_pretrained(tmp_path / "plain")
    assert isinstance(AutoModelForAudioClassification.from_pretrained(tmp_path / "plain"), CctForAudioClassification)
