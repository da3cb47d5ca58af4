"""Any speaker encoder is loaded and used in one way; what is none is named."""

import json

import numpy as np
import pytest
import torch
from reference_speaker_encoders import ecapa_config, vgg_config
from transformers import (
    AutoFeatureExtractor,
    AutoModel,
    HubertConfig,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForXVector,
    Wav2Vec2Model,
    WavLMConfig,
    WavLMForXVector,
)

from hf_ser import (
    EcapaTdnnFeatureExtractor,
    EcapaTdnnModel,
    VggVoxFeatureExtractor,
    VggVoxModel,
    embed_speakers,
    load_speaker_encoder,
)
from hf_ser.models.loading_report import CheckpointError
from hf_ser.models.speaker_encoder import speaker_embedding_size, speaker_encoder_from_config
from hf_ser.models.speaker_encoder.embedding_speakers import embed_long_enough

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
SIZES |= {"conv_dim": [8] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2, "num_labels": 3}
SIZES |= {"tdnn_dim": [8] * 5, "xvector_output_dim": 6}


def x_vector(kind):
    model = (
        Wav2Vec2ForXVector(Wav2Vec2Config(**SIZES)) if kind == "wav2vec2" else WavLMForXVector(WavLMConfig(**SIZES))
    )
    return model.eval()


def save(kind, folder):
    """A tiny encoder with its extractor in a folder; its size, and its class."""
    torch.manual_seed(0)
    if kind in ("wav2vec2", "wavlm"):
        model, extractor, size = x_vector(kind), Wav2Vec2FeatureExtractor(), 6
        for name, parameter in model.named_parameters():
            # transformers draws the layers on the encoder so small that nothing would show
            parameter.data.mul_(15 if name.startswith(("projector", "tdnn", "feature_extractor")) else 1)
    elif kind == "ecapa":
        model, extractor, size = EcapaTdnnModel(ecapa_config()), EcapaTdnnFeatureExtractor(num_mel_bins=6), 7
    else:
        model, extractor, size = VggVoxModel(vgg_config()), VggVoxFeatureExtractor(), 5
    model.save_pretrained(folder)
    extractor.save_pretrained(folder)
    return size, type(model)


def clips(seconds):
    generator = np.random.default_rng(0)
    return [(0.1 * generator.standard_normal(round(16000 * length))).astype(np.float32) for length in seconds]


@pytest.mark.parametrize("kind", ["ecapa", "vgg_vox", "wav2vec2", "wavlm"])
@torch.no_grad()
def test_from_clips_to_vectors_with_any_encoder(kind, tmp_path):
    size, model_class = save(kind, tmp_path)
    model, extractor = load_speaker_encoder(tmp_path)
    assert type(model) is model_class
    assert type(speaker_encoder_from_config(model.config)) is model_class
    assert speaker_embedding_size(model.config) == size
    batch = clips([2.5, 0.4, 1.1, 0.4])
    together = embed_speakers(model, *extractor(batch, sampling_rate=16000, return_tensors="pt").values())
    assert together.shape == (4, size)
    for row, clip in enumerate(batch):
        alone = embed_speakers(model, *extractor(clip, sampling_rate=16000, return_tensors="pt").values())
        torch.testing.assert_close(alone[0], together[row], rtol=0, atol=1e-4)
    assert (together[1:] - together[0]).abs().max() > 1e-2


@pytest.mark.parametrize(
    ("kind", "extractor"), [("ecapa", "EcapaTdnnFeatureExtractor"), ("vgg_vox", "VggVoxFeatureExtractor")]
)
def test_auto_classes_load_them_and_foreign_keys_of_the_hub_do_no_harm(kind, extractor, tmp_path):
    _, model_class = save(kind, tmp_path)
    settings = json.loads((tmp_path / "preprocessor_config.json").read_text())
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings | {"min_seconds": 0.5, "auto_map": {}}))
    assert type(AutoModel.from_pretrained(tmp_path)) is model_class
    loaded = AutoFeatureExtractor.from_pretrained(tmp_path)
    assert type(loaded).__name__ == extractor
    assert loaded.min_seconds == 0.5


@torch.no_grad()
def test_an_x_vector_model_is_told_of_too_short_a_clip():
    model = x_vector("wavlm")
    assert embed_speakers(model, torch.zeros(1, 16 * 320 + 80)).isfinite().all()
    with pytest.raises(ValueError, match=r"5199 samples.*15 frames of wavlm, expected at least 16"):
        embed_speakers(model, torch.zeros(1, 16 * 320 + 79))


def test_what_is_no_speaker_encoder_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"model type 'hubert'.*ser_ecapa_tdnn, ser_vgg_vox.*wavlm"):
        speaker_encoder_from_config(HubertConfig())
    folder = tmp_path / "speechbrain"
    folder.mkdir()
    (folder / "embedding_model.ckpt").write_bytes(b"")
    with pytest.raises(ValueError, match="convert_ecapa_tdnn_checkpoint"):
        load_speaker_encoder(folder)
    with pytest.raises(ValueError, match="convert_vgg_vox_checkpoint"):
        load_speaker_encoder(_touched(tmp_path / "weights.h5"))
    bare = tmp_path / "bare"
    HubertConfig().save_pretrained(bare)
    with pytest.raises(FileNotFoundError, match=r"without model\.safetensors"):
        load_speaker_encoder(bare)
    _touched(bare / "model.safetensors")
    with pytest.raises(FileNotFoundError, match=r"without preprocessor_config\.json"):
        load_speaker_encoder(bare)
    Wav2Vec2FeatureExtractor().save_pretrained(bare)
    with pytest.raises(ValueError, match="holds no speaker encoder: got a configuration of model type 'hubert'"):
        load_speaker_encoder(bare)
    with pytest.raises(OSError, match="nowhere"):
        load_speaker_encoder(str(tmp_path / "nowhere"))


def _touched(path):
    path.write_bytes(b"")
    return path


def test_an_encoder_without_its_speaker_layers_is_refused(tmp_path):
    Wav2Vec2Model(Wav2Vec2Config(**SIZES)).save_pretrained(tmp_path)
    Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"whole Wav2Vec2ForXVector \(missing: classifier"):
        load_speaker_encoder(tmp_path)


@pytest.mark.parametrize("kind", ["ecapa", "vgg_vox", "wav2vec2"])
@torch.no_grad()
def test_autocast_takes_padded_batches_and_too_short_clips(kind, tmp_path):
    save(kind, tmp_path)
    model, extractor = load_speaker_encoder(tmp_path)
    inputs, mask = extractor(
        clips([2.5, 0.4, 1.1, 0.4]), sampling_rate=16000, return_tensors="pt", padding=True
    ).values()
    short = mask.clone()
    short[1] = 0
    expected = embed_speakers(model, inputs, mask)
    with torch.autocast("cpu", torch.bfloat16):
        found = embed_speakers(model, inputs, mask)
        long_enough, known = embed_long_enough(model, inputs, short)
        # what is left is not padded
        unpadded, _ = embed_long_enough(model, inputs[:2], short[:2])
    assert known.tolist() == [True, False, True, True]
    assert not long_enough[1].any()
    for vectors, wanted in ((found, expected), (long_enough[known], expected[known]), (unpadded[:1], expected[:1])):
        assert torch.isfinite(vectors).all()
        assert torch.cosine_similarity(vectors.float(), wanted).min() > 0.99
