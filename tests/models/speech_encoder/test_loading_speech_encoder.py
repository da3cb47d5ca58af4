"""Saving and loading, and starting from a pretrained encoder in whatever shape it comes."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_speech_encoder import ENCODERS, NAMED, batch, largest, tiny_model
from transformers import (
    AutoModel,
    AutoModelForAudioClassification,
    BertConfig,
    HubertForCTC,
    HubertForSequenceClassification,
    HubertModel,
    Wav2Vec2ForXVector,
    WhisperForAudioClassification,
    WhisperForConditionalGeneration,
    WhisperModel,
)

from hf_ser.models.loading_report import CheckpointError
from hf_ser.models.speech_encoder import SpeechEncoderForAudioClassification, SpeechEncoderModel
from hf_ser.models.speech_encoder.configuration_speech_encoder import HEADS

XVECTOR = {"tdnn_dim": [8] * 5, "xvector_output_dim": 8, "vocab_size": 20}


def assert_same(one, other):
    first, second = one.state_dict(), other.state_dict()
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name
    assert {name for name, _ in one.named_buffers()} == {name for name, _ in other.named_buffers()}
    for (name, value), other_value in zip(one.named_buffers(), other.buffers(), strict=True):
        assert torch.equal(value, other_value), name


@pytest.mark.parametrize("kind", NAMED)
@pytest.mark.parametrize("head", HEADS)
def test_a_saved_model_is_the_model(kind, head, tmp_path):
    settings = {"functionals_size": 88} if head in ("mean_tanh", "vgg", "statistics") else {}
    model = tiny_model(kind, head=head, **settings)
    if settings:
        model.set_functionals_statistics(torch.randn(88), torch.rand(88) + 0.1)
    model.save_pretrained(tmp_path)
    loaded, report = SpeechEncoderForAudioClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values()), report
    assert_same(model, loaded)
    inputs = batch(kind, [0.5, 0.3])
    if settings:
        inputs["functionals"] = torch.randn(2, 88)
    with torch.no_grad():
        assert torch.equal(model(**inputs).logits, loaded(**inputs).logits)


@pytest.mark.parametrize("kind", ENCODERS)
def test_other_encoders_and_lower_parts_are_saved_too(kind, tmp_path):
    part = {} if kind == "conformer" else {"num_encoder_layers": 2}
    model = tiny_model(kind, **part)
    model.save_pretrained(tmp_path)
    loaded = AutoModelForAudioClassification.from_pretrained(tmp_path)
    assert type(loaded) is SpeechEncoderForAudioClassification
    assert_same(model, loaded)
    names = load_file(tmp_path / "model.safetensors")
    assert not part or not any(".encoder.layers.2." in name for name in names)


def test_half_precision(tmp_path):
    tiny_model("whisper").half().save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == "float16"
    single = SpeechEncoderForAudioClassification.from_pretrained(tmp_path, dtype=torch.float32)
    assert {value.dtype for value in single.parameters()} == {torch.float32}
    half = SpeechEncoderForAudioClassification.from_pretrained(tmp_path)
    assert {value.dtype for value in half.parameters()} == {torch.float16}
    inputs = batch("whisper", [0.5])
    with torch.no_grad():
        assert largest(half(**inputs).logits.float(), single(**inputs).logits) < 2e-2


def test_auto_model_gives_the_bare_encoder(tmp_path):
    model = tiny_model("whisper")
    model.save_pretrained(tmp_path)
    bare = AutoModel.from_pretrained(tmp_path)
    assert type(bare) is SpeechEncoderModel
    assert_same(bare.encoder, model.encoder)


def test_a_missing_head_is_an_error_not_a_fresh_one(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in weights.items() if not name.startswith("head.classifier")}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"missing head\.classifier\.bias"):
        SpeechEncoderForAudioClassification.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("kind", "wrapped"),
    [
        ("hubert", HubertModel),
        ("hubert", HubertForCTC),
        ("hubert", HubertForSequenceClassification),
        ("wav2vec2_layer", Wav2Vec2ForXVector),
        ("whisper", WhisperModel),
        ("whisper", WhisperForConditionalGeneration),
        ("whisper", WhisperForAudioClassification),
        ("whisper", None),
        ("conformer", None),
    ],
)
@pytest.mark.parametrize("depth", [None, 2])
def test_starting_from_an_encoder_with_any_head(kind, wrapped, depth, tmp_path):
    torch.manual_seed(3)
    settings = ENCODERS[kind](**(XVECTOR if wrapped is Wav2Vec2ForXVector else {}))
    settings.vocab_size = 20
    if wrapped is None:
        if kind == "conformer" and depth:
            pytest.skip("an unknown encoder cannot be cut")
        source = tiny_model(kind)
        encoder = source.encoder
    else:
        source = wrapped(settings)
        base = getattr(source, source.base_model_prefix, source)
        encoder = source.get_encoder() if kind == "whisper" else base
    source.half().save_pretrained(tmp_path)
    model = SpeechEncoderForAudioClassification.from_encoder(
        tmp_path, head="statistics", num_labels=5, num_encoder_layers=depth
    )
    assert not model.training
    assert model.dtype == torch.float32
    assert model.config.num_labels == model.head.classifier.out_features == 5
    weights = encoder.float().state_dict()
    loaded = model.encoder.state_dict()
    assert loaded.keys() <= weights.keys()
    assert depth or loaded.keys() == weights.keys()
    for name, value in loaded.items():
        assert torch.equal(value, weights[name]), name
    model.save_pretrained(tmp_path / "again")
    assert_same(SpeechEncoderForAudioClassification.from_pretrained(tmp_path / "again"), model)


def test_a_saved_folder_does_not_say_where_the_encoder_came_from(tmp_path):
    tiny_model("hubert").encoder.save_pretrained(tmp_path / "somewhere")
    model = SpeechEncoderForAudioClassification.from_encoder(tmp_path / "somewhere", num_labels=3)
    model.save_pretrained(tmp_path / "saved")
    assert "somewhere" not in (tmp_path / "saved" / "config.json").read_text(encoding="utf-8")


def test_a_fresh_head_differs_by_seed_and_labels_are_the_users(tmp_path):
    source = HubertForSequenceClassification(ENCODERS["hubert"](id2label={0: "x", 1: "y", 2: "z"}, vocab_size=20))
    source.save_pretrained(tmp_path)
    weights = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        labels = {0: "calm", 1: "sad"}
        model = SpeechEncoderForAudioClassification.from_encoder(
            tmp_path, id2label=labels, attn_implementation="eager"
        )
        assert model.config.id2label == labels
        assert model.encoder.config._attn_implementation == "eager"
        weights.append(model.head.classifier.weight)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_vector_for_masking_may_be_missing_and_is_drawn(tmp_path):
    HubertModel(ENCODERS["hubert"]()).save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text()) | {"mask_time_prob": 0.1}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    model = SpeechEncoderForAudioClassification.from_encoder(tmp_path, num_labels=3)
    assert 0 < model.encoder.masked_spec_embed.abs().max() <= 1


@pytest.mark.parametrize("kind", ["hubert", "whisper"])
def test_missing_encoder_weights_are_named(kind, tmp_path):
    tiny_model(kind).encoder.save_pretrained(tmp_path)
    if kind == "whisper":
        (tmp_path / "config.json").write_text(json.dumps(ENCODERS["whisper"]().to_dict()))
    weights = load_file(tmp_path / "model.safetensors")
    lost = next(name for name in weights if "layers.1.final_layer_norm.weight" in name)
    del weights[lost]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"weights of the encoder: .*layers\.1\.final_layer_norm\.weight"):
        SpeechEncoderForAudioClassification.from_encoder(tmp_path, num_labels=3)
    # what lies above the part that is kept is not missed
    SpeechEncoderForAudioClassification.from_encoder(tmp_path, num_labels=3, num_encoder_layers=1)


def test_what_is_wrong_is_said(tmp_path):
    load = SpeechEncoderForAudioClassification.from_encoder
    BertConfig().save_pretrained(tmp_path / "bert")
    with pytest.raises(ValueError, match=r"'bert' \(BertModel, which is none\), expected a speech encoder"):
        load(tmp_path / "bert", num_labels=3)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(OSError, match=r"folder .*nothing' without a whole checkpoint, expected config\.json"):
        load(tmp_path / "nothing", num_labels=3)
    with pytest.raises(OSError, match=r"neither a folder nor in the local cache.*hf download nobody/no-encoder"):
        load("nobody/no-encoder", num_labels=3, local_files_only=True)
    ENCODERS["hubert"]().save_pretrained(tmp_path / "config_only")
    with pytest.raises(OSError, match="without a whole checkpoint"):
        load(tmp_path / "config_only", num_labels=3)
    with pytest.raises(ValueError, match="head_hiden_size=3, which SpeechEncoderConfig has not; did you mean"):
        load(tmp_path / "config_only", num_labels=3, head_hiden_size=3)
    with pytest.raises(ValueError, match=r"got 13 in layers=\[13\], expected states from 0 to 3"):
        load(tmp_path / "config_only", num_labels=3, layers=[13])


@pytest.mark.parametrize("head", HEADS)
def test_every_weight_of_a_head_is_drawn_after_the_meta_device_too(head, tmp_path):
    model = tiny_model("whisper", head=head, functionals_size=88)
    model.set_functionals_statistics(torch.randn(88), torch.rand(88))
    model.save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in weights.items() if name.startswith("encoder.")}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    drawn = SpeechEncoderForAudioClassification.from_pretrained(tmp_path, ignore_mismatched_sizes=True)
    assert not drawn.functionals_mean.any()
    assert (drawn.functionals_std == 1).all()
    for name, value in drawn.head.state_dict().items():
        assert torch.isfinite(value).all(), name
        assert value.abs().max() < 10, name
        assert value.ndim < 2 or value.std() > 1e-3, name
