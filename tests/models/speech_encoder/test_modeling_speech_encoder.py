"""The model: states as transformers gives them, training, gradients, attention implementations, wrong input."""

import copy

import numpy as np
import pytest
import torch
from tiny_speech_encoder import ENCODERS, FAMILIES, batch, largest, tiny_config, tiny_model
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from hf_ser.models.speech_encoder import SpeechEncoderForAudioClassification, SpeechEncoderModel

SECONDS = 0.7


def stock_states(model, kind, inputs):
    """What transformers' own forward gives, the last state after the final norm."""
    if kind == "whisper":
        features = torch.zeros(1, 3000, 8)
        features[:, : inputs["input_features"].shape[1]] = inputs["input_features"]
        output = model.encoder(features.transpose(1, 2), output_hidden_states=True)
    else:
        output = model.encoder(inputs["input_values"], output_hidden_states=True)
    return [*output.hidden_states[:-1], output.last_hidden_state]


@pytest.mark.parametrize("kind", ENCODERS)
def test_states_are_those_of_transformers(kind):
    model = tiny_model(kind)
    inputs = batch(kind, [30.0 if kind == "whisper" else SECONDS])
    with torch.no_grad():
        states = model(**inputs, output_hidden_states=True).hidden_states
        expected = stock_states(model, kind, inputs)
    assert len(states) == len(expected) == 4
    for state, wanted in zip(states, expected, strict=True):
        torch.testing.assert_close(state, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("frames", [200, 201])
def test_whisper_on_30_s_of_padding_under_a_mask_is_the_clip_alone_and_the_stock_one_is_not(frames):
    model = tiny_model("whisper")
    clip = batch("whisper", [frames / 100])["input_features"]
    padded, mask = torch.zeros(1, 3000, 8), torch.zeros(1, 3000)
    padded[:, :frames], mask[:, :frames] = clip, 1
    with torch.no_grad():
        short = model(input_features=clip, output_hidden_states=True).hidden_states
        long = model(input_features=padded, attention_mask=mask, output_hidden_states=True).hidden_states
        stock = stock_states(model, "whisper", {"input_features": clip})
    positions = (frames + 1) // 2
    for one, other in zip(short, long, strict=True):
        assert one.shape[1] == positions
        torch.testing.assert_close(one, other[:, :positions], rtol=0, atol=1e-5)
    # why not: after an odd number of frames the second convolution reads what the first makes of padding; and every
    # layer attends to 30 s, most of it padding
    assert largest(short[0][:, :100], stock[0][:, :100]) < 1e-5
    assert (largest(short[0][:, -1], stock[0][:, positions - 1]) > 1e-4) == (frames == 201)
    assert largest(short[-1], stock[-1][:, :positions]) > 1e-2


@pytest.mark.parametrize("kind", ["hubert", "wav2vec2_layer", "whisper"])
def test_eager_is_sdpa(kind):
    model = tiny_model(kind)
    inputs = batch(kind, [0.9, 0.4])
    logits = {}
    for implementation in ("eager", "sdpa"):
        model.set_attn_implementation(implementation)
        assert model.encoder.config._attn_implementation == implementation
        with torch.no_grad():
            logits[implementation] = model(**inputs).logits
    torch.testing.assert_close(logits["eager"], logits["sdpa"], rtol=0, atol=1e-5)


def test_default_attention_is_sdpa_where_the_encoder_has_it():
    assert tiny_model("whisper").encoder.config._attn_implementation == "sdpa"
    assert tiny_model("wavlm").encoder.config._attn_implementation == "eager"


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_kept_lower_part_has_the_states_of_the_whole(kind):
    whole = tiny_model(kind, layers=[0, 2], head="weighted_sum", num_encoder_layers=3)
    part = tiny_model(kind, layers=[0, 2], head="weighted_sum")
    assert len(whole.encoder_layers) == 3
    assert len(part.encoder_layers) == 2
    assert part.config.is_truncated
    assert part.runner.final_norm(part.encoder) is None
    weights = whole.state_dict()
    part.load_state_dict({name: weights[name] for name in part.state_dict()})
    assert any("encoder.layers.2." in name for name in weights)
    assert not any("encoder.layers.2." in name for name in part.state_dict())
    inputs = batch(kind, [0.9, 0.4])
    with torch.no_grad():
        torch.testing.assert_close(part(**inputs).logits, whole(**inputs).logits, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", FAMILIES)
def test_going_on_from_a_prefix_is_the_whole_forward(kind):
    model = tiny_model(kind, head="weighted_sum", layers=[1, 3])
    inputs = batch(kind, [0.9, 0.4])
    with torch.no_grad():
        expected = model(**inputs).logits
        model.train()
        prefixes = [model.compute_prefix(count, **inputs) for count in range(4)]
        assert model.training
        assert model.encoder_layers[0].training
        model.eval()
        for count, (prefix, mask) in enumerate(prefixes):
            assert prefix.shape[1] == len(model.prefix_states(count)) == [1, 1, 2, 2][count]
            assert not prefix[1, :, int(mask[1].sum()) :].any()
            logits = model(prefix=prefix, prefix_layers=count, attention_mask=mask).logits
            torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


def test_only_the_top_of_an_unknown_encoder_can_be_kept():
    model = tiny_model("conformer")
    inputs = batch("conformer", [0.9, 0.4])
    prefix, mask = model.compute_prefix(3, **inputs)
    logits = model(prefix=prefix, prefix_layers=3, attention_mask=mask).logits
    torch.testing.assert_close(logits, model(**inputs).logits, rtol=0, atol=1e-5)
    with pytest.raises(ValueError, match=r"wav2vec2-conformer.*layer by layer"):
        model.compute_prefix(1, **inputs)
    with pytest.raises(ValueError, match="leave num_encoder_layers out"):
        tiny_model("conformer", num_encoder_layers=2)


@pytest.mark.parametrize("kind", FAMILIES)
def test_prefix_modules_own_every_parameter_that_the_prefix_reads(kind):
    model = tiny_model(kind)
    for module in model.prefix_modules(2):
        module.requires_grad_(False)
    inputs = batch(kind, [0.5])
    model(**inputs, labels=torch.tensor([1])).loss.backward()
    trained = {name for name, value in model.encoder.named_parameters() if value.grad is not None}
    assert trained
    assert all("layers.2." in name or "layer_norm" in name for name in trained), trained
    assert sum(len(list(module.parameters())) for module in model.prefix_modules(3)) == len(
        list(model.encoder.parameters())
    )


@pytest.mark.parametrize("kind", ENCODERS)
def test_every_state_is_there_in_training_and_short_clips_are_no_error(kind):
    spec = {"mask_time_prob": 0.5, "mask_feature_prob": 0.3, "mask_feature_length": 4, "apply_spec_augment": True}
    drop = {"encoder_layerdrop": 0.9} if kind == "whisper" else {"layerdrop": 0.9}
    model = tiny_model(kind, spec | drop, head="weighted_sum").train()
    for seconds in ([0.1, 0.06], [0.7, 0.1]):
        inputs = batch(kind, seconds)
        output = model(**inputs, labels=torch.tensor([0, 1]), output_hidden_states=True)
        assert len(output.hidden_states) == 4
        assert torch.isfinite(output.loss)
        output.loss.backward()


def test_spec_augment_masks_long_clips_by_torchs_seed():
    model = tiny_model("hubert", {"mask_time_prob": 0.5, "hidden_dropout": 0.0, "activation_dropout": 0.0})
    model.encoder.train()
    inputs = batch("hubert", [2.0])
    outputs = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        np.random.seed(seed + 5)  # noqa: NPY002 - must not matter
        outputs.append(model(**inputs, output_hidden_states=True).hidden_states[0])
    assert torch.equal(outputs[0], outputs[1])
    assert largest(outputs[0], outputs[2]) > 1e-2


@pytest.mark.parametrize("kind", ["hubert", "whisper"])
def test_gradient_checkpointing_gives_the_same_gradients(kind):
    still = dict.fromkeys(("hidden_dropout", "activation_dropout", "attention_dropout", "feat_proj_dropout"), 0.0)
    plain = tiny_model(kind, still if kind == "hubert" else {}, head_dropout=0.0).train()
    checkpointed = copy.deepcopy(plain)
    checkpointed.gradient_checkpointing_enable()
    inputs = batch(kind, [0.5, 0.3])
    for model in (plain, checkpointed):
        model(**inputs, labels=torch.tensor([0, 1])).loss.backward()
    for (name, one), other in zip(plain.named_parameters(), checkpointed.parameters(), strict=True):
        if one.requires_grad and one.grad is not None:
            torch.testing.assert_close(one.grad, other.grad, msg=name)


def test_loss_tuples_and_soft_labels():
    model = tiny_model()
    inputs = batch("hubert", [0.5, 0.3])
    labels = torch.tensor([3, 0])
    output = model(**inputs, labels=labels)
    torch.testing.assert_close(output.loss, torch.nn.functional.cross_entropy(output.logits, labels))
    assert torch.equal(model(**inputs, return_dict=False)[0], output.logits)
    with pytest.raises(ValueError, match=r"expected class indices.*multi_label_classification"):
        tiny_model()(**inputs, labels=torch.full((2, 4), 0.25))


def test_functionals_are_standardised_with_what_training_speakers_gave():
    model = tiny_model(head="mean_tanh", functionals_size=88)
    inputs = batch("hubert", [0.5, 0.3])
    functionals = 100 + torch.randn(2, 88)
    before = model(**inputs, functionals=functionals).logits
    std = torch.full((88,), 2.0)
    std[3] = 0.0
    model.set_functionals_statistics(torch.full((88,), 100.0), std)
    assert model.functionals_std[3] == 1
    expected = (functionals - 100) / model.functionals_std
    torch.testing.assert_close(model._standardised(functionals), expected)
    assert largest(before, model(**inputs, functionals=functionals).logits) > 1e-3
    with pytest.raises(ValueError, match=r"got no functionals, expected \(batch, 88\)"):
        model(**inputs)
    with pytest.raises(ValueError, match=r"shape \(2, 87\)"):
        model(**inputs, functionals=functionals[:, 1:])
    with pytest.raises(ValueError, match="expected none for functionals_size=0"):
        tiny_model()(**inputs, functionals=functionals)
    with pytest.raises(ValueError, match="not finite or negative"):
        model.set_functionals_statistics(torch.zeros(88), -std)
    with pytest.raises(ValueError, match=r"shapes \(3,\)"):
        model.set_functionals_statistics(torch.zeros(3), std)


def test_the_bare_encoder_gives_states():
    model = tiny_model("wavlm")
    bare = SpeechEncoderModel(model.config).eval()
    bare.encoder.load_state_dict(model.encoder.state_dict())
    inputs = batch("wavlm", [0.5, 0.3])
    output = bare(**inputs, output_hidden_states=True)
    wanted = model(**inputs, output_hidden_states=True).hidden_states
    torch.testing.assert_close(output.last_hidden_state, wanted[-1])
    assert len(output.hidden_states) == len(wanted)


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        ("hubert", {"input_features": torch.zeros(1, 50, 8)}, "got input_features, expected input_values alone"),
        ("whisper", {"input_values": torch.zeros(1, 800)}, "got input_values, expected input_features alone"),
        ("hubert", {}, "got no input, expected input_values"),
        ("hubert", {"input_values": torch.zeros(1, 2, 800)}, r"shape \(1, 2, 800\), expected \(batch, samples\)"),
        (
            "whisper",
            {"input_features": torch.zeros(1, 8, 50)},
            r"shape \(1, 8, 50\), expected \(batch, frames, 8",
        ),
        ("whisper", {"input_features": torch.zeros(1, 3001, 8)}, r"30\.0 s\), expected at most 3000 .*1500 positions"),
        (
            "hubert",
            {"input_values": torch.zeros(1, 800), "attention_mask": torch.ones(1, 2)},
            r"attention_mask of shape \(1, 2\), expected \(1, 800\)",
        ),
        (
            "hubert",
            {"input_values": torch.zeros(1, 3200), "attention_mask": torch.arange(3200)[None] > 9},
            "zeros before ones, expected padding at the end",
        ),
        ("hubert", {"prefix": torch.zeros(1, 1, 5, 32)}, "without prefix_layers"),
        ("hubert", {"prefix": torch.zeros(1, 2, 5, 32), "prefix_layers": 1}, r"expected \(batch, 1, frames, 32\)"),
        ("hubert", {"prefix": torch.zeros(1, 1, 5, 32), "prefix_layers": 4}, "prefix_layers=4, expected 0 to 3"),
        ("hubert", {"input_values": torch.zeros(1, 800), "prefix_layers": 1}, "prefix_layers=1 without prefix"),
    ],
)
def test_wrong_input_is_told_what_is_expected(kind, inputs, message):
    with pytest.raises(ValueError, match=message):
        tiny_model(kind)(**inputs)


def test_no_speech_encoder_no_model():
    from transformers import BertConfig

    from hf_ser.models.speech_encoder import SpeechEncoderConfig

    with pytest.raises(ValueError, match=r"'bert' \(BertModel, which is none\), expected a speech encoder"):
        SpeechEncoderForAudioClassification(SpeechEncoderConfig(encoder_config=BertConfig()))
    with pytest.raises(ValueError, match="add_adapter=False"):
        SpeechEncoderForAudioClassification(tiny_config("wav2vec2_group", {"add_adapter": True}))


def test_encoder_classes():
    assert isinstance(tiny_model("whisper").encoder, WhisperEncoder)
    assert type(tiny_model("unispeech_sat").encoder).__name__ == "UniSpeechSatModel"
