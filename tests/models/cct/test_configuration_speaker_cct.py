"""The configuration: named variants, what follows from the speaker encoder, and values that do not fit."""

import pytest
from tiny_speaker_cct import tiny_encoder_config, tiny_speaker_config

from hf_ser.models.cct import SpeakerCctConfig


@pytest.mark.parametrize(
    ("name", "fusion", "tokens"),
    [
        ("speaker_vgg_cct_14_7x2_224", "pair", 196),
        ("speaker_vgg_cct_end_to_end_14_7x2_224", "token", 197),
        ("speaker_vgg_cct_end_to_end_speaker_token_14_7x2_224", "speaker_token", 197),
        ("speaker_vgg_cct_end_to_end_7_3x1_32", "token", 257),
    ],
)
def test_published_names(name, fusion, tokens):
    config = SpeakerCctConfig.from_variant(name)
    assert (config.fusion, config.num_tokens, config.num_labels) == (fusion, tokens, 10)
    assert config.speaker_embedding_dim == config.hidden_size
    assert not config.normalize_speaker_embeddings
    assert config.speaker_dropout == 0
    assert SpeakerCctConfig.from_variant(name, id2label={0: "calm", 1: "angry"}).num_labels == 2


def test_any_cct_size():
    config = SpeakerCctConfig.from_variant("cct_6_3x1_32", fusion="pair", speaker_embedding_dim=192)
    assert (config.num_hidden_layers, config.num_tokens, config.token_sizes) == (6, 256, [192])
    assert config.normalize_speaker_embeddings


def test_the_encoder_tells_the_size_of_its_embeddings():
    config = SpeakerCctConfig(speaker_encoder_config={"model_type": "ser_ecapa_tdnn", "embedding_size": 20})
    assert (config.speaker_embedding_dim, config.speaker_encoder_config.embedding_size) == (20, 20)
    assert SpeakerCctConfig().speaker_embedding_dim == 256
    reduced = SpeakerCctConfig(speaker_encoder_config=config.speaker_encoder_config, speaker_reduction_dim=8)
    assert reduced.token_sizes == [8]


def test_a_round_trip_through_a_folder(tmp_path):
    config = tiny_speaker_config("pair", encoder=True, context_sizes=[2, 6], speaker_reduction_dim=4)
    config.save_pretrained(tmp_path)
    loaded = SpeakerCctConfig.from_pretrained(tmp_path)
    assert loaded.speaker_encoder_config.to_dict() == config.speaker_encoder_config.to_dict()
    assert loaded.to_diff_dict() == config.to_diff_dict()
    assert (loaded.fusion, loaded.token_sizes, loaded.num_leading_tokens) == ("pair", [4, 2, 6], 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fusion": "late"}, "fusion='late', expected one of 'pair', 'token', 'speaker_token'"),
        ({"pooling": "class_token"}, "expected 'sequence'"),
        ({"speaker_dropout": 1.0}, "speaker_dropout=1.0, expected a share"),
        ({"speaker_embedding_dim": 0}, "speaker_embedding_dim=0 .*expected sizes of 1 or more"),
        ({"context_sizes": [2, 0]}, r"context_sizes=\[2, 0\]"),
        ({"speaker_reduction_dim": 13}, "speaker_reduction_dim=13, expected 1 to 12"),
        ({"speaker_encoder_config": {"hidden_size": 3}}, "without model_type"),
        (
            {"speaker_encoder_config": tiny_encoder_config(), "speaker_embedding_dim": 13},
            "gives embeddings of size 12",
        ),
    ],
)
def test_values_that_do_not_fit(settings, message):
    with pytest.raises(ValueError, match=message):
        tiny_speaker_config(**settings)


@pytest.mark.parametrize("name", ["speaker_vgg_cct_end_14_7x2_224", "speaker_cct_14_7x2_224"])
def test_unknown_names_list_the_published_ones(name):
    with pytest.raises(ValueError, match=r"did you mean .*speaker_vgg_cct_14_7x2_224"):
        SpeakerCctConfig.from_variant(name)
