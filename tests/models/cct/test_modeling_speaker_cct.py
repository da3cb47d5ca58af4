"""The speaker-conditioned model: padding, attention, unknown voices, the encoder it owns, saving, and bad input."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_cct import padded_batch
from tiny_speaker_cct import (
    EMBEDDING_SIZE,
    FUSIONS,
    tiny_encoder_config,
    tiny_speaker_config,
    tiny_speaker_model,
    voice_features,
    voices,
)
from transformers import AutoModel, AutoModelForAudioClassification, Wav2Vec2Config, Wav2Vec2ForXVector

from hf_ser.models.cct import SpeakerCctForAudioClassification, SpeakerCctModel
from hf_ser.models.speaker_encoder import EcapaTdnnModel

LENGTHS = [50, 37, 10]


@pytest.mark.parametrize("fusion", FUSIONS)
@torch.no_grad()
def test_a_clip_alone_equals_the_clip_in_a_batch_for_both_attentions(fusion):
    model = tiny_speaker_model(fusion, encoder=True, context_sizes=[2])
    features, mask = padded_batch(LENGTHS)
    speech, speech_mask = voice_features([60, 41, 22])
    context = torch.eye(2)[[0, 1, 0]]
    together = model(features, None, speech, speech_mask, mask, context_embeddings=context).logits
    for row, (frames, heard) in enumerate(zip(LENGTHS, [60, 41, 22], strict=True)):
        clip, voice = features[row : row + 1, ..., :frames], speech[row : row + 1, :heard]
        alone = model(clip, speaker_features=voice, context_embeddings=context[row : row + 1]).logits
        torch.testing.assert_close(alone[0], together[row], rtol=0, atol=1e-5)
    model.set_attn_implementation("eager")
    eager = model(features, None, speech, speech_mask, mask, context_embeddings=context).logits
    torch.testing.assert_close(eager, together, rtol=0, atol=1e-5)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_voice_and_the_context_matter_and_are_learned_from(fusion):
    model = tiny_speaker_model(fusion, context_sizes=[2, 32])
    features, mask = padded_batch([50, 31])
    context = torch.randn(2, 34, generator=torch.Generator().manual_seed(0))
    one = model(features, voices(2), attention_mask=mask, labels=torch.tensor([0, 1]), context_embeddings=context)
    for other in (
        model(features, voices(2, seed=9), attention_mask=mask, context_embeddings=context),
        model(features, voices(2), attention_mask=mask, context_embeddings=-context),
        model(features, voices(2), attention_mask=mask),
    ):
        assert (one.logits - other.logits).abs().max() > 1e-3
    one.loss.backward()
    without = {name for name, parameter in model.named_parameters() if parameter.grad is None}
    without |= {
        name for name, parameter in model.named_parameters() if name not in without and not parameter.grad.any()
    }
    assert without == {"cct.speaker.unknown"}


@pytest.mark.parametrize("fusion", FUSIONS)
def test_only_the_transformers_own_layers_are_captured(fusion):
    model = tiny_speaker_model(fusion, encoder=True)
    model.set_attn_implementation("eager")
    features, _ = padded_batch([50])
    speech, mask = voice_features([30])
    outputs = model(features, None, speech, mask, output_hidden_states=True, output_attentions=True)
    tokens = model.config.num_tokens
    assert tokens == 52 + (fusion != "pair")
    assert [tuple(state.shape) for state in outputs.hidden_states] == [(1, tokens, 32)] * 3
    assert [tuple(attention.shape) for attention in outputs.attentions] == [(1, 2, tokens, tokens)] * 2


def test_an_unknown_voice_is_said_once(caplog):
    model = tiny_speaker_model()
    features, _ = padded_batch([50])
    first = model(features).logits
    assert torch.equal(model(features).logits, first)
    assert [record.message.startswith("neither speaker_embeddings nor") for record in caplog.records] == [True]
    with torch.no_grad():
        model.cct.speaker.unknown.add_(torch.arange(32.0))
    assert not torch.allclose(model(features).logits, first)


def test_speaker_dropout_withholds_whole_vectors_in_training_only():
    model = tiny_speaker_model(speaker_dropout=0.25, context_sizes=[2]).cct.speaker
    vectors, context = voices(4000), torch.ones(4000, 2)
    torch.manual_seed(0)
    tokens = model.train()(vectors, context, 4000)
    withheld = (tokens == model.unknown).all(-1)
    assert withheld.float().mean(0) == pytest.approx([0.25, 0.25], abs=0.03)
    # each on its own
    assert withheld.all(1).float().mean() == pytest.approx(0.0625, abs=0.02)
    kept = model.eval()(vectors, context, 4000)
    assert torch.equal(tokens[~withheld], kept[~withheld])
    tokens.sum().backward()
    assert model.unknown.grad.abs().min() > 0


def test_vectors_are_scaled_before_a_projection_and_left_alone_without_one():
    model = tiny_speaker_model()
    features, _ = padded_batch([50, 50])
    logits = model(features, voices(2)).logits
    torch.testing.assert_close(model(features, 30 * voices(2)).logits, logits, rtol=0, atol=1e-5)
    assert torch.isfinite(model(features, torch.zeros(2, EMBEDDING_SIZE)).logits).all()
    plain = tiny_speaker_model(speaker_embedding_dim=32)
    tokens = plain.cct.speaker(voices(2, 32), None, 2)
    assert torch.equal(tokens[:, 0], voices(2, 32))


def test_the_encoder_is_frozen_and_always_in_evaluation_mode():
    model = tiny_speaker_model(encoder=True).train()
    assert model.cct.training
    assert not any(module.training for module in model.speaker_encoder.modules())
    assert not any(parameter.requires_grad for parameter in model.speaker_encoder.parameters())
    before = {name: value.clone() for name, value in model.speaker_encoder.state_dict().items()}
    speech, mask = voice_features([40, 30])
    features, _ = padded_batch([50, 50])
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(features, None, speech, mask, labels=torch.tensor([0, 1])).loss.backward()
    optimizer.step()
    assert all(torch.equal(before[name], value) for name, value in model.speaker_encoder.state_dict().items())
    assert not model.get_speaker_embeddings(speech, mask).requires_grad
    assert model.encoder_layers is model.cct.layers


@torch.no_grad()
def test_features_are_embedded_and_given_vectors_win():
    model = tiny_speaker_model(encoder=True)
    features, _ = padded_batch([50, 50])
    speech, mask = voice_features([40, 30])
    vectors = model.get_speaker_embeddings(speech, mask)
    assert vectors.shape == (2, EMBEDDING_SIZE)
    from_features = model(features, speaker_features=speech, speaker_attention_mask=mask).logits
    assert torch.equal(from_features, model(features, vectors).logits)
    assert torch.equal(from_features, model(features, vectors, torch.randn_like(speech), mask).logits)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_vector_of_zeros_is_an_unknown_voice(fusion):
    model = tiny_speaker_model(fusion, speaker_reduction_dim=4)
    model.fit_speaker_reduction(voices(9, seed=3) + 7)
    features, mask = padded_batch([50, 20])
    given = voices(2)
    given[1] = 0
    with torch.no_grad():
        mixed = model(features, given, attention_mask=mask).logits
        known, unknown = (
            model(features, voices(2), attention_mask=mask).logits,
            model(features, attention_mask=mask).logits,
        )
    torch.testing.assert_close(mixed, torch.stack([known[0], unknown[1]]))
    assert not torch.allclose(known[1], unknown[1], atol=1e-3)


def test_clips_without_a_frame_of_voice_get_vectors_of_zeros_said_once(caplog):
    model = tiny_speaker_model(encoder=True)
    features, mask = voice_features([30, 20])
    alone = model.get_speaker_embeddings(features, mask)
    assert "too short" not in caplog.text
    mask[1] = 0
    for _ in range(2):
        found = model.get_speaker_embeddings(features, mask)
    assert caplog.text.count("too short for the speaker encoder") == 1
    assert torch.equal(found[0], alone[0])
    assert not found[1].any()


def test_a_folder_brings_everything_back_wherever_it_lies(tmp_path):
    EcapaTdnnModel(tiny_encoder_config()).save_pretrained(tmp_path / "encoder")
    (tmp_path / "encoder" / "preprocessor_config.json").write_text(
        json.dumps({"feature_extractor_type": "EcapaTdnnFeatureExtractor"}), encoding="utf-8"
    )
    model = tiny_speaker_model("pair", speaker_reduction_dim=4).set_speaker_encoder(tmp_path / "encoder")
    model.fit_speaker_reduction(voices(30))
    model.save_pretrained(tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    assert str(tmp_path) not in (tmp_path / "there" / "config.json").read_text(encoding="utf-8")
    assert [file.name for file in (tmp_path / "there").glob("*.safetensors")] == ["model.safetensors"]
    loaded = AutoModelForAudioClassification.from_pretrained(tmp_path / "there")
    assert isinstance(loaded, SpeakerCctForAudioClassification)
    assert not any(parameter.requires_grad for parameter in loaded.speaker_encoder.parameters())
    features, mask = padded_batch([50, 23])
    speech, speech_mask = voice_features([40, 30])
    with torch.no_grad():
        expected = model(features, None, speech, speech_mask, mask).logits
        assert torch.equal(loaded(features, None, speech, speech_mask, mask).logits, expected)
        base = AutoModel.from_pretrained(tmp_path / "there")
        assert isinstance(base, SpeakerCctModel)
        pooled = base(features, model.get_speaker_embeddings(speech, speech_mask), mask).pooler_output
        torch.testing.assert_close(model.classifier(pooled), expected)


@pytest.mark.parametrize("dtypes", [(torch.bfloat16, torch.float32), (torch.float32, torch.bfloat16)])
@torch.no_grad()
def test_an_encoder_takes_the_models_dtype_and_comes_back_in_it(tmp_path, dtypes):
    own, foreign = dtypes
    encoder = EcapaTdnnModel(tiny_encoder_config())
    encoder.to(foreign).save_pretrained(tmp_path / "encoder")
    encoder = EcapaTdnnModel.from_pretrained(tmp_path / "encoder")
    assert encoder.dtype == foreign
    model = tiny_speaker_model().to(own).set_speaker_encoder(encoder)
    model.save_pretrained(tmp_path / "model")
    loaded = SpeakerCctForAudioClassification.from_pretrained(tmp_path / "model")
    before, after = model.state_dict(), loaded.state_dict()
    assert before.keys() == after.keys()
    assert all(after[name].dtype == value.dtype and torch.equal(after[name], value) for name, value in before.items())
    assert {value.dtype for value in after.values() if value.is_floating_point()} == {own}
    features, mask = padded_batch([50, 23])
    speech, speech_mask = voice_features([40, 30])
    given = (features.to(own), None, speech, speech_mask, mask)
    assert torch.equal(loaded(*given).logits, model(*given).logits)


def test_a_checkpoint_without_its_encoders_weights_is_refused(tmp_path):
    tiny_speaker_model(encoder=True).save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in tensors.items() if not name.startswith("speaker_encoder.")}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"missing speaker_encoder\."):
        SpeakerCctForAudioClassification.from_pretrained(tmp_path)


@torch.no_grad()
def test_an_x_vector_model_of_transformers_serves(tmp_path):
    config = Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, conv_dim=[8] * 3,
        conv_kernel=[10, 8, 4], conv_stride=[5, 4, 2], num_feat_extract_layers=3, num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2, tdnn_dim=[8] * 5, xvector_output_dim=EMBEDDING_SIZE,
    )  # fmt: skip
    torch.manual_seed(0)
    model = tiny_speaker_model().set_speaker_encoder(Wav2Vec2ForXVector(config))
    model.save_pretrained(tmp_path)
    loaded = SpeakerCctForAudioClassification.from_pretrained(tmp_path)
    features, _ = padded_batch([50, 50])
    waves = torch.randn(2, 6000, generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(6000) < torch.tensor([[6000], [4000]])).long()
    together = loaded(features, None, waves, mask).logits
    assert torch.equal(together, model(features, None, waves, mask).logits)
    alone = model(features[1:], speaker_features=waves[1:, :4000]).logits
    torch.testing.assert_close(alone[0], together[1], rtol=0, atol=1e-5)
    # 300 samples are too few for its layers over time
    mask[1, 300:] = 0
    voices_of = model.get_speaker_embeddings(waves, mask)
    assert torch.equal(voices_of[0], model.get_speaker_embeddings(waves[:1])[0])
    assert not voices_of[1].any()
    assert not model.get_speaker_embeddings(waves[:, :300]).any()


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_step_without_voices_gives_every_weight_a_gradient(fusion, dropout):
    # data-parallel training refuses weights without one
    model = tiny_speaker_model(fusion, encoder=True, context_sizes=[2], speaker_dropout=dropout).train()
    features, mask = padded_batch([50, 31])
    model(features, attention_mask=mask, labels=torch.tensor([0, 1])).loss.backward()
    gradients = {name: value.grad for name, value in model.named_parameters() if value.requires_grad}
    assert [name for name, gradient in gradients.items() if gradient is None] == []
    assert {name for name, gradient in gradients.items() if "projections" in name and not gradient.any()} == {
        f"cct.speaker.projections.{place}.{kind}" for place in (0, 1) for kind in ("weight", "bias")
    }


def test_another_image_size_keeps_the_leading_rows(tmp_path):
    model = tiny_speaker_model(context_sizes=[2])
    model.save_pretrained(tmp_path)
    loaded = SpeakerCctForAudioClassification.from_pretrained(tmp_path, image_size=[16, 80])
    old, new = (each.cct.embeddings.position_embeddings for each in (model, loaded))
    assert new.shape == (1, 2 + 4 * 20, 32)
    assert torch.equal(new[:, :2], old[:, :2])
    assert loaded(torch.randn(1, 1, 16, 71), voices(1)).logits.shape == (1, 4)


@pytest.mark.slow
def test_tracing_by_dynamo_has_no_graph_breaks():
    torch.compiler.reset()
    model = tiny_speaker_model("pair")
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    features, mask = padded_batch([50, 30])
    with torch.no_grad():
        expected = model(features, voices(2), attention_mask=mask).logits
        torch.testing.assert_close(compiled(features, voices(2), attention_mask=mask).logits, expected)


def test_half_precision_takes_long_vectors():
    model = tiny_speaker_model()
    features, mask = padded_batch([50, 20])
    with torch.no_grad():
        full = model(features, 50 * voices(2), attention_mask=mask).logits
        half = model.to(torch.bfloat16)(features, 50 * voices(2), attention_mask=mask).logits
    torch.testing.assert_close(half.float(), full, rtol=0.05, atol=0.05)


FRESH = """
import sys
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForAudioClassification
import hf_ser
model = AutoModelForAudioClassification.from_pretrained(sys.argv[1])
inputs = load_file(f"{sys.argv[1]}/inputs.bin")
tensors = {f"state.{name}": value.clone() for name, value in model.state_dict().items()}
with torch.no_grad():
    tensors["logits"] = model(**inputs).logits
save_file(tensors, f"{sys.argv[1]}/outputs.bin")
"""


@pytest.mark.slow
def test_a_fresh_process_classifies_as_before(tmp_path):
    model = tiny_speaker_model("token", encoder=True)
    model.save_pretrained(tmp_path)
    features, mask = padded_batch([50, 23])
    speech, speech_mask = voice_features([40, 30])
    inputs = {"input_features": features, "attention_mask": mask}
    inputs |= {"speaker_features": speech, "speaker_attention_mask": speech_mask}
    save_file(inputs, tmp_path / "inputs.bin")
    subprocess.run([sys.executable, "-c", FRESH, str(tmp_path)], check=True, capture_output=True)
    outputs = load_file(tmp_path / "outputs.bin")
    assert set(outputs) == {*(f"state.{name}" for name in model.state_dict()), "logits"}
    for name, value in model.state_dict().items():
        assert torch.equal(outputs[f"state.{name}"], value), name
    with torch.no_grad():
        torch.testing.assert_close(outputs["logits"], model(**inputs).logits, rtol=0, atol=1e-6)


def test_the_configuration_builds_the_same_model_from_a_dictionary():
    config = tiny_speaker_config(encoder=True)
    again = type(config)(**{key: value for key, value in config.to_dict().items() if key != "model_type"})
    assert list(SpeakerCctForAudioClassification(again).state_dict()) == list(
        SpeakerCctForAudioClassification(config).state_dict()
    )
