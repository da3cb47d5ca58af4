"""One waveform to both branches: batches, saving, the stock pipeline, and an encoder that is only lent."""

import copy
import json
import pickle

import numpy as np
import pytest
import torch
from transformers import AutoFeatureExtractor, Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForXVector, pipeline

from hf_ser import (
    CctConfig,
    CctForAudioClassification,
    EcapaTdnnConfig,
    EcapaTdnnFeatureExtractor,
    SpeakerCctConfig,
    SpeakerCctForAudioClassification,
    SpeakerSpectrogramFeatureExtractor,
    SpectrogramFeatureExtractor,
    VggVoxFeatureExtractor,
)

SETTINGS = {"num_mel_bins": 16, "num_frames": 50, "normalization": "clip"}
EXTRACTORS = [EcapaTdnnFeatureExtractor(), VggVoxFeatureExtractor(), Wav2Vec2FeatureExtractor()]


def clips(seconds=(0.5, 0.8)):
    generator = np.random.default_rng(0)
    return [generator.uniform(-0.3, 0.3, round(16000 * length)).astype("float32") for length in seconds]


def extractor(speaker_extractor=None, **settings):
    chosen = EcapaTdnnFeatureExtractor() if speaker_extractor is None else speaker_extractor
    return SpeakerSpectrogramFeatureExtractor(chosen, **(SETTINGS | settings))


def tiny_model():
    torch.manual_seed(0)
    encoder = EcapaTdnnConfig(
        hidden_size=16, aggregation_size=24, squeeze_size=8, attention_size=8, res2net_scale=2, embedding_size=12
    )
    config = SpeakerCctConfig.from_variant(
        "cct_2_3x2_32", image_size=[16, 50], num_channels=1, num_labels=4, speaker_encoder_config=encoder
    )
    return SpeakerCctForAudioClassification(config).eval()


@pytest.mark.parametrize("speaker_extractor", EXTRACTORS, ids=lambda each: type(each).__name__)
def test_both_branches_get_what_their_own_extractors_give(speaker_extractor, tmp_path):
    both = extractor(speaker_extractor)
    batch = both(clips(), sampling_rate=16000, return_tensors="pt")
    assert list(batch) == both.model_input_names
    alone = SpectrogramFeatureExtractor(**SETTINGS)(clips(), sampling_rate=16000, return_tensors="pt")
    assert torch.equal(batch["input_features"], alone["input_features"])
    speech = speaker_extractor(
        clips(), sampling_rate=16000, padding=True, return_attention_mask=True, return_tensors="pt"
    )
    assert torch.equal(batch["speaker_features"], speech[speaker_extractor.model_input_names[0]])
    assert torch.equal(batch["speaker_attention_mask"], speech["attention_mask"])
    assert both(clips(), sampling_rate=16000)["speaker_features"].shape == batch["speaker_features"].shape
    both.save_pretrained(tmp_path)
    loaded = SpeakerSpectrogramFeatureExtractor.from_pretrained(tmp_path)
    assert type(loaded.speaker_extractor) is type(speaker_extractor)
    assert loaded.to_dict() == both.to_dict()
    again = loaded(clips(), sampling_rate=16000, return_tensors="pt")
    assert all(torch.equal(again[name], value) for name, value in batch.items())


@pytest.mark.parametrize("batch_size", [1, 2])
def test_the_stock_pipeline_needs_nothing_else(tmp_path, batch_size):
    model = tiny_model()
    model.save_pretrained(tmp_path)
    extractor().save_pretrained(tmp_path)
    assert type(AutoFeatureExtractor.from_pretrained(tmp_path)) is SpeakerSpectrogramFeatureExtractor
    classify = pipeline("audio-classification", model=str(tmp_path))
    answers = classify(clips((0.3, 0.5, 0.45)), batch_size=batch_size)
    for clip, answer in zip(clips((0.3, 0.5, 0.45)), answers, strict=True):
        with torch.no_grad():
            scores = model(**extractor()(clip, sampling_rate=16000, return_tensors="pt")).logits[0].softmax(-1)
        expected = {model.config.id2label[index]: float(score) for index, score in enumerate(scores)}
        assert {one["label"]: one["score"] for one in answer} == pytest.approx(expected, abs=1e-5)


def test_an_encoder_is_lent_at_run_time_only(tmp_path):
    model, both = tiny_model(), extractor()
    plain = both.to_dict()
    assert both.attach_speaker_encoder(model) is both
    batch = both(clips(), sampling_rate=16000, return_tensors="pt")
    expected = model.get_speaker_embeddings(batch["speaker_features"], batch["speaker_attention_mask"])
    assert torch.equal(batch["speaker_embeddings"], expected)
    assert not batch["speaker_embeddings"].requires_grad
    assert both.to_dict() == plain
    both.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "preprocessor_config.json").read_text())["speaker_extractor"]["num_mel_bins"] == 80
    for other in (pickle.loads(pickle.dumps(both)), copy.deepcopy(both), type(both).from_pretrained(tmp_path)):
        assert "speaker_embeddings" not in other(clips(), sampling_rate=16000)
    # the encoder by itself serves too, and can be taken back; it does not learn meanwhile
    with pytest.raises(ValueError, match=r"in training mode.*call encoder.eval\(\)"):
        both.attach_speaker_encoder(copy.deepcopy(model.speaker_encoder).train())
    own = both.attach_speaker_encoder(model.speaker_encoder)(clips(), sampling_rate=16000, return_tensors="pt")
    assert torch.equal(own["speaker_embeddings"], expected)
    assert "speaker_embeddings" not in both.attach_speaker_encoder(None)(clips(), sampling_rate=16000)


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ("ecapa", "got a str, expected a SpeakerCctForAudioClassification with a speaker encoder"),
        (SpeakerCctForAudioClassification, "without a speaker encoder; give it one with"),
        (CctForAudioClassification, "got a CctForAudioClassification, expected"),
    ],
)
def test_what_cannot_embed_voices_is_not_lent(encoder, message):
    if encoder is SpeakerCctForAudioClassification:
        encoder = encoder(SpeakerCctConfig.from_variant("cct_2_3x2_32", speaker_embedding_dim=4))
    elif encoder is CctForAudioClassification:
        encoder = encoder(CctConfig.from_variant("cct_2_3x2_32"))
    with pytest.raises(ValueError, match=message):
        extractor().attach_speaker_encoder(encoder)


def test_an_x_vector_model_lent_through_its_owner_gives_a_clip_the_same_in_any_batch():
    torch.manual_seed(0)
    settings = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    settings |= {"conv_dim": (8, 8), "conv_stride": (5, 4), "conv_kernel": (10, 4), "num_feat_extract_layers": 2}
    settings |= {"tdnn_dim": (8, 8, 16), "tdnn_kernel": (3, 3, 1), "tdnn_dilation": (1, 2, 1), "xvector_output_dim": 6}
    encoder = Wav2Vec2ForXVector(Wav2Vec2Config(**settings, num_conv_pos_embeddings=4)).eval()
    both = extractor(Wav2Vec2FeatureExtractor(return_attention_mask=True))
    with pytest.raises(ValueError, match="X-vector models, which padding disturbs, are lent through"):
        both.attach_speaker_encoder(encoder)
    config = SpeakerCctConfig.from_variant("cct_2_3x2_32", speaker_embedding_dim=6)
    both.attach_speaker_encoder(SpeakerCctForAudioClassification(config).set_speaker_encoder(encoder))
    spoken = clips((0.3, 0.005, 0.5))
    vectors = both(spoken, sampling_rate=16000, return_tensors="pt")["speaker_embeddings"]
    alone = both(spoken[0], sampling_rate=16000, return_tensors="pt")["speaker_embeddings"]
    assert torch.allclose(vectors[:1], alone, atol=1e-6)
    assert vectors.any(1).tolist() == [True, False, True]


class _Clips(torch.utils.data.Dataset):
    def __init__(self, both):
        self.both = both

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return sorted(self.both(clips((0.3,)), sampling_rate=16000))


def test_data_workers_leave_the_embedding_to_the_model():
    loader = torch.utils.data.DataLoader(
        _Clips(extractor().attach_speaker_encoder(tiny_model())),
        batch_size=None,
        num_workers=1,
        multiprocessing_context="fork",
    )
    assert list(loader) == [sorted(extractor().model_input_names)]


def test_without_a_speaker_extractor_it_is_a_spectrogram_extractor():
    plain = SpeakerSpectrogramFeatureExtractor(**SETTINGS)
    assert list(plain(clips(), sampling_rate=16000)) == ["input_features", "attention_mask"]
    assert SpeakerSpectrogramFeatureExtractor.from_preset("log_mel").speaker_extractor is None
    with pytest.raises(ValueError, match="speaker_extractor=None; create the extractor with"):
        plain.attach_speaker_encoder(tiny_model())


def test_the_voice_does_not_change_the_cached_features():
    plain = SpectrogramFeatureExtractor(**SETTINGS).raw_settings
    assert extractor().raw_settings == extractor(own_voice=False).raw_settings == plain


def test_clips_of_a_model_that_hears_voices_elsewhere_come_without_their_own(tmp_path):
    extractor(own_voice=False).save_pretrained(tmp_path)
    loaded = SpeakerSpectrogramFeatureExtractor.from_pretrained(tmp_path).attach_speaker_encoder(tiny_model())
    assert list(loaded(clips(), sampling_rate=16000)) == ["input_features", "attention_mask"]
    assert list(loaded.speaker_inputs(clips())) == ["speaker_features", "speaker_attention_mask"]
    with pytest.raises(TypeError, match="own_voice='no', expected True or False"):
        extractor(own_voice="no")


@pytest.mark.parametrize(
    ("speaker_extractor", "error", "message"),
    [
        ({"num_mel_bins": 80}, ValueError, "feature_extractor_type=None, expected the name of"),
        ({"feature_extractor_type": "Nothing"}, ValueError, "=Nothing, expected the name of"),
        ({"feature_extractor_type": "ViTImageProcessor"}, ValueError, "=ViTImageProcessor, expected the name of"),
        ("ecapa", TypeError, "of type str, expected a feature extractor such as"),
        (Wav2Vec2FeatureExtractor(sampling_rate=8000), ValueError, "for 8000 Hz and spectrograms at 16000 Hz"),
    ],
)
def test_speaker_extractors_that_are_none(speaker_extractor, error, message):
    with pytest.raises(error, match=message):
        extractor(speaker_extractor)


@pytest.mark.parametrize("speaker_extractor", EXTRACTORS[:2], ids=lambda each: type(each).__name__)
def test_a_clip_too_short_for_the_encoder_has_no_voice_and_disturbs_no_other(speaker_extractor):
    both = extractor(speaker_extractor)
    batch = both(clips((0.5, 0.2)), sampling_rate=16000, return_tensors="pt")
    assert batch["speaker_attention_mask"].any(1).tolist() == [True, False]
    assert batch["attention_mask"].any(1).all()
    alone = both(clips((0.5,)), sampling_rate=16000, return_tensors="pt")
    assert torch.equal(batch["speaker_features"][0], alone["speaker_features"][0])
    assert not both(clips((0.2,)), sampling_rate=16000)["speaker_attention_mask"].any()


def test_the_stock_pipeline_takes_short_clips_as_of_an_unknown_voice(tmp_path, caplog):
    model = tiny_model()
    with torch.no_grad():
        model.cct.speaker.unknown.normal_()
    model.save_pretrained(tmp_path)
    extractor().save_pretrained(tmp_path)
    classify = pipeline("audio-classification", model=str(tmp_path))
    spoken = clips((0.3, 0.2, 0.5))
    answers = classify(spoken, batch_size=3)
    assert caplog.text.count("too short for the speaker encoder") == 1
    plain = SpectrogramFeatureExtractor(**SETTINGS)(spoken[1], sampling_rate=16000, return_tensors="pt")
    with torch.no_grad():
        scores = model(**plain).logits[0].softmax(-1)
    expected = {model.config.id2label[index]: float(score) for index, score in enumerate(scores)}
    assert {one["label"]: one["score"] for one in answers[1]} == pytest.approx(expected, abs=1e-5)
    # an encoder that is lent says the same of it
    for encoder in (model, model.speaker_encoder):
        lent = extractor().attach_speaker_encoder(encoder)(spoken, sampling_rate=16000, return_tensors="pt")
        assert lent["speaker_embeddings"].any(1).tolist() == [True, False, True]


def test_late_padding_is_refused_and_silence_is_not():
    with pytest.raises(NotImplementedError, match="call the extractor on the list of clips"):
        extractor().pad([extractor()(clips((0.3,)), sampling_rate=16000)])
    silent = extractor()(np.zeros(8000, "float32"), sampling_rate=16000, return_tensors="pt")
    # nobody is heard in it
    assert not silent["speaker_attention_mask"].any()
    assert torch.isfinite(tiny_model()(**silent).logits).all()
