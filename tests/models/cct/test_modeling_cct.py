"""The model: against the plain reference, attention implementations, gradients, training, compilation and export."""

import copy

import pytest
import torch
from reference_cct import ReferenceCct
from tiny_cct import KINDS, padded_batch, tiny_config, tiny_model
from torch import nn

from hf_ser.models.cct import CctConfig, CctForAudioClassification, CctModel, convert_cct_state_dict


@pytest.mark.parametrize("name", ["cct_2_3x2_32", "cct_6_3x1_32", "cct_2_7x2_32", "cvt_2_4_32", "vit_2_4_32"])
def test_a_spectrogram_model_equals_the_plain_reference(name):
    torch.manual_seed(0)
    config = CctConfig.from_variant(name, num_channels=1, image_size=[24, 56], num_labels=5)
    reference = ReferenceCct(config).eval()
    nn.init.normal_(reference.classifier.positional_emb, std=0.2)
    model = CctForAudioClassification(config).eval()
    original = reference.state_dict()
    model.load_state_dict(convert_cct_state_dict(original, config, source_grid=config.token_grid))
    features = torch.randn(3, 1, 24, 56)
    with torch.no_grad():
        torch.testing.assert_close(model(features).logits, reference(features), rtol=0, atol=1e-5)


def test_a_shorter_clip_takes_the_first_columns_of_the_table():
    model = tiny_model("cct_1_conv").cct
    frequency, time = model.config.token_grid
    features, _ = padded_batch([20], size=20)
    short = model.config.tokens_along(20)
    tokens = model.embeddings.tokenizer(features)[0].flatten(2).transpose(1, 2)
    table = model.embeddings.position_embeddings.view(frequency, time, -1)[:, :short].flatten(0, 1)
    torch.testing.assert_close(model.embeddings(features)[0], tokens + table)


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_states_and_attentions(kind):
    model = tiny_model(kind)
    model.set_attn_implementation("eager")
    features, _ = padded_batch([50, 50])
    outputs = model(features, output_hidden_states=True, output_attentions=True)
    tokens = model.config.num_tokens
    assert [tuple(state.shape) for state in outputs.hidden_states] == [(2, tokens, 32)] * 3
    assert [tuple(attention.shape) for attention in outputs.attentions] == [(2, 2, tokens, tokens)] * 2
    base = model.cct(features)
    torch.testing.assert_close(model.cct.layernorm(outputs.hidden_states[-1]), base.last_hidden_state)
    torch.testing.assert_close(model.classifier(base.pooler_output), outputs.logits)


def test_tuples_on_request():
    model = tiny_model()
    features, _ = padded_batch([50])
    logits = model(features).logits
    assert torch.equal(model(features, return_dict=False)[0], logits)
    assert torch.equal(model.cct(features, return_dict=False)[1], model.cct(features).pooler_output)


def test_loss_is_cross_entropy():
    model = tiny_model()
    features, _ = padded_batch([50, 50])
    labels = torch.tensor([3, 0])
    outputs = model(features, labels=labels)
    torch.testing.assert_close(outputs.loss, nn.functional.cross_entropy(outputs.logits, labels))


def test_soft_labels_are_refused_unless_the_problem_type_says_so():
    features, _ = padded_batch([50])
    soft = torch.tensor([[0.7, 0.1, 0.1, 0.1]])
    with pytest.raises(ValueError, match=r"expected class indices.*multi_label_classification"):
        tiny_model()(features, labels=soft)
    assert torch.isfinite(tiny_model(problem_type="multi_label_classification")(features, labels=soft).loss)


@pytest.mark.parametrize("kind", ["cct_2_convs", "vit"])
def test_gradient_checkpointing_gives_the_same_gradients(kind):
    plain = tiny_model(kind, drop_path_rate=0.0, attention_probs_dropout_prob=0.0).train()
    checkpointed = copy.deepcopy(plain)
    checkpointed.gradient_checkpointing_enable()
    features, mask = padded_batch([50, 30])
    for model in (plain, checkpointed):
        model(features, mask, labels=torch.tensor([0, 1])).loss.backward()
    for (name, one), other in zip(plain.named_parameters(), checkpointed.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, msg=name)


def test_one_seed_gives_one_training_step():
    losses = []
    for _ in range(2):
        model = tiny_model(hidden_dropout_prob=0.2, drop_path_rate=0.5).train()
        features, mask = padded_batch([50, 30])
        torch.manual_seed(3)
        losses.append(model(features, mask, labels=torch.tensor([0, 1])).loss)
    assert torch.equal(*losses)


def test_stochastic_depth_drops_whole_clips_and_keeps_the_mean():
    model = tiny_model(num_hidden_layers=3, drop_path_rate=0.4)
    assert [layer.drop_path_rate for layer in model.cct.layers] == pytest.approx([0.0, 0.2, 0.4])
    layer = model.cct.layers[-1].train()
    torch.manual_seed(0)
    branch = layer._drop_path(torch.ones(4000, 3, 2))
    torch.testing.assert_close(branch.unique(), torch.tensor([0.0, 1 / 0.6]))
    assert branch[:, 0, 0].mean() == pytest.approx(1.0, abs=0.05)
    assert torch.equal(branch, branch[:, :1, :1].expand_as(branch))


def test_initialisation_follows_the_paper():
    torch.manual_seed(0)
    model = CctForAudioClassification(CctConfig.from_variant("cct_6_3x2_32"))
    linear = model.cct.layers[0].attention.qkv.weight.detach()
    conv = model.cct.embeddings.tokenizer.stages[1].conv.weight.detach()
    table = model.cct.embeddings.position_embeddings.detach()
    assert linear.std() == pytest.approx(0.02, rel=0.05)
    assert conv.std() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.05)
    assert table.std() == pytest.approx(0.2, rel=0.05)
    assert table.abs().max() <= 2
    assert not model.classifier.bias.any()
    assert tiny_model("vit").cct.embeddings.class_token.shape == (1, 1, 32)


@pytest.mark.parametrize("kind", ["cct_2_convs", "vit"])
def test_it_learns_one_batch(kind):
    torch.manual_seed(0)
    model = CctForAudioClassification(tiny_config(kind)).train()
    features, mask = padded_batch([50, 41, 33, 27, 50, 45, 38, 22])
    labels = torch.arange(8) % 4
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(60):
        loss = model(features, mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    assert (model(features, mask).logits.argmax(-1) == labels).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_half_precision_stays_close(dtype, attention):
    model = tiny_model()
    features, mask = padded_batch([50, 20])
    with torch.no_grad():
        full = model(features, mask).logits
        half = copy.deepcopy(model).to(dtype)
        half.set_attn_implementation(attention)
        logits = half(features, mask).logits  # float features are cast to the model's type
    assert logits.dtype == dtype
    torch.testing.assert_close(logits.float(), full, rtol=0.05, atol=0.05)


def test_autocast_with_a_mask():
    model = tiny_model()
    features, mask = padded_batch([50, 20])
    full = model(features, mask).logits
    for attention in ("sdpa", "eager"):
        model.set_attn_implementation(attention)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            torch.testing.assert_close(model(features, mask).logits.float(), full, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("kind", ["cct_2_convs", "vit"])
def test_export_with_any_batch_and_length(kind):
    model = tiny_model(kind)
    features, mask = padded_batch([48, 31])
    any_size = torch.export.Dim.DYNAMIC
    shapes = {"input_features": {0: any_size, 3: any_size}, "attention_mask": {0: any_size, 1: any_size}}
    program = torch.export.export(
        model, (), {"input_features": features, "attention_mask": mask}, dynamic_shapes=shapes, strict=False
    )
    other, other_mask = padded_batch([37, 12, 30], size=37)
    for inputs in ((features, mask), (other, other_mask)):
        keywords = dict(zip(("input_features", "attention_mask"), inputs, strict=True))
        torch.testing.assert_close(program.module()(**keywords).logits, model(**keywords).logits, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cct_2_convs", "vit"])
@pytest.mark.parametrize("masked", [False, True])
def test_compile_without_graph_breaks(kind, masked):
    torch.compiler.reset()
    model = tiny_model(kind)
    compiled = torch.compile(model, fullgraph=True)
    features, mask = padded_batch([50, 30])
    inputs = {"input_features": features} | ({"attention_mask": mask} if masked else {})
    with torch.no_grad():
        torch.testing.assert_close(compiled(**inputs).logits, model(**inputs).logits, rtol=0, atol=1e-5)


def test_tracing_by_dynamo_has_no_graph_breaks():
    torch.compiler.reset()
    model = tiny_model()
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    features, mask = padded_batch([50, 30])
    with torch.no_grad():
        torch.testing.assert_close(compiled(features, mask).logits, model(features, mask).logits)


def test_the_base_model_is_the_classifiers_trunk(tmp_path):
    model = tiny_model()
    model.save_pretrained(tmp_path)
    trunk = CctModel.from_pretrained(tmp_path)
    features, _ = padded_batch([50])
    assert torch.equal(trunk(features).pooler_output, model.cct(features).pooler_output)
    assert trunk.get_input_embeddings() is trunk.embeddings.tokenizer


@pytest.mark.slow
def test_flex_attention_agrees_under_a_mask():
    model = tiny_model(hidden_size=64)
    features, mask = padded_batch([50, 31])
    with torch.no_grad():
        sdpa = model(features, mask).logits
        model.set_attn_implementation("flex_attention")
        torch.testing.assert_close(model(features, mask).logits, sdpa, rtol=0, atol=1e-5)
