"""What holds for every head: padding, shapes, settings, functionals, initialisation."""

import copy

import pytest
import torch
from head_stubs import clips, settings, small_head
from transformers import HubertConfig

from hf_ser import SpeechEncoderConfig, SpeechEncoderForAudioClassification
from hf_ser.models.speech_encoder.heads import HEADS, build_head, init_head_weights

VARIANTS = {
    **{head: (head, {}) for head in HEADS},
    "mean_tanh of a weighted sum": ("mean_tanh", {"head_config": {"weigh_states": True, "pooling": "max"}}),
    "normed statistics": ("statistics", {"head_config": {"batch_norm": True}}),
    "linear statistics": ("statistics", {"head_hidden_size": 0}),
    "fixed vgg": ("vgg", {"head_config": {"input_size": [100, 8]}}),
    "gru, last": ("gru", {"head_config": {"pooling": "last", "num_layers": 2}}),
}


@pytest.fixture(params=VARIANTS.values(), ids=list(VARIANTS))
def variant(request):
    return request.param


def test_the_configuration_knows_these_heads():
    for head in HEADS:
        assert SpeechEncoderConfig(head=head).head == head
    with pytest.raises(ValueError, match="weighted_sum"):
        build_head(settings("weighted_sums"), 1, 8)


@pytest.mark.parametrize(("functionals_size", "normalize_layers"), [(0, False), (88, True)])
@torch.no_grad()
def test_a_clip_alone_equals_the_clip_in_a_padded_batch(variant, functionals_size, normalize_layers):
    head, changes = variant
    built = small_head(head, functionals_size=functionals_size, normalize_layers=normalize_layers, **changes)
    lengths = [100, 1, 2, 4, 85]
    stack, mask = clips(lengths)
    functionals = torch.randn(len(lengths), 88) if functionals_size else None
    together = built(stack, mask, functionals)
    assert together.shape == (len(lengths), 5)
    for row, length in enumerate(lengths):
        alone = built(
            stack[row : row + 1, :, :length], None, None if functionals is None else functionals[row : row + 1]
        )
        torch.testing.assert_close(together[row], alone[0], rtol=0, atol=2e-6)


def test_every_weight_learns_and_padding_brings_no_nan(variant):
    head, changes = variant
    built = small_head(head, functionals_size=88, **changes).train()
    stack, mask = clips([100, 1, 90])
    functionals = torch.randn(3, 88)
    torch.nn.functional.cross_entropy(built(stack, mask, functionals), torch.tensor([0, 1, 2])).backward()
    for name, parameter in built.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        if name != "pooling.score.bias" and not name.endswith("convolutions.0.bias"):
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("head", HEADS)
def test_every_frame_and_state_counts(head):
    built = small_head(head)
    stack, _ = clips([81])
    stack.requires_grad_()
    built(stack)[0, 0].backward()
    share = (stack.grad.abs().sum(-1) > 0).float().mean()
    assert share > (0.5 if head == "vgg" else 0.999)


@pytest.mark.parametrize("shape", [(2, 1, 20, 8), (2, 2, 20, 9), (2, 2, 0, 8), (2, 20, 8)])
def test_a_stack_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="layer stack of shape"):
        small_head("mean_tanh")(torch.zeros(shape))


def test_a_mask_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"frame mask of shape \(2, 19\)"):
        small_head("mean_tanh")(torch.zeros(2, 2, 20, 8), torch.ones(2, 19, dtype=torch.bool))


@pytest.mark.parametrize(("head", "changes"), [("gru", {}), ("statistics", {"head_hidden_size": 0})])
def test_functionals_are_asked_for_exactly_where_the_head_has_them(head, changes):
    stack, _ = clips([30, 30])
    with pytest.raises(ValueError, match="got functionals, but this head has none"):
        small_head(head, **changes)(stack, None, torch.zeros(2, 88))
    fused = small_head(head, functionals_size=88, **changes)
    with pytest.raises(ValueError, match=r"got no functionals, expected shape \(2, 88\)"):
        fused(stack)
    with pytest.raises(ValueError, match=r"functionals of shape \(2, 87\)"):
        fused(stack, None, torch.zeros(2, 87))
    changed = fused(stack, None, torch.zeros(2, 88)) - fused(stack, None, torch.ones(2, 88))
    assert changed.abs().max() > 1e-3


@pytest.mark.parametrize(
    ("head", "changes", "message"),
    [
        ("mean_tanh", {"head_config": {"activations": "tanh"}}, "did you mean 'activation'"),
        ("mean_tanh", {"head_config": {"activation": "sine"}}, "'sine'.*'tanh'"),
        ("mean_tanh", {"head_config": {"pooling": "median"}}, "'median'.*'mean'"),
        ("mean_tanh", {"head_hidden_size": 0}, "head_hidden_size=0, expected a whole number of at least 1"),
        ("statistics", {"head_dropout": 1.0}, "head_dropout=1.0"),
        ("attentive_statistics", {"head_config": {"attention_size": 1.5}}, "attention_size.*1.5"),
        ("weighted_sum", {"head_config": {"num_frame_layers": 0}}, "num_frame_layers.*0"),
        ("lstm", {"head_config": {"bidirectional": "yes"}}, "bidirectional.*'yes'"),
        ("gru", {"head_config": {"pooling": "first"}}, "'first'.*'last'"),
        ("vgg", {"head_config": {"input_size": 263}}, r"input_size.*263.*\[frames, 8\]"),
        ("vgg", {"head_config": {"input_size": [263, 768]}}, "this encoder has 8 features"),
        ("vgg", {"head_config": {"input_size": [0, 8]}}, "at least 1"),
        ("vgg", {"head_config": {"input_size": [263, 8], "grid_rows": 3}}, "expected one of them"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(head, changes, message):
    with pytest.raises(ValueError, match=message):
        small_head(head, **changes)


def tiny_model(head, changes):
    encoder = HubertConfig(
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        conv_dim=[8],
        conv_stride=[320],
        conv_kernel=[400],
        num_feat_extract_layers=1,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
    )
    config = SpeechEncoderConfig(
        encoder_config=encoder, head=head, layers=[0, 1], **{"head_hidden_size": 16, **changes}
    )
    return SpeechEncoderForAudioClassification(config)


def test_a_model_draws_the_weights_that_a_checkpoint_lacks_and_keeps_the_others(variant, tmp_path):
    head, changes = variant
    model = tiny_model(head, changes)
    with torch.no_grad():
        for tensor in model.head.state_dict().values():
            tensor.fill_(7)
    kept = ("classifier.bias", "projector.weight", "frame_layers.0.weight", "stages.0.norms.0.running_var")
    state = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("head.")}
    state |= {f"head.{name}": tensor for name, tensor in model.head.state_dict().items() if name in kept}
    loaded = SpeechEncoderForAudioClassification.from_pretrained(
        None, config=model.config, state_dict=state, ignore_mismatched_sizes=True
    )
    scale = {"weight": (0.01, 1.0), "bias": (0.0, 1.0)}
    for name, tensor in loaded.head.state_dict().items():
        if name in kept:
            assert (tensor == 7).all(), name
        elif name == "layer_weights":
            assert (tensor == 0).all()
        elif "norm" not in name:
            least, most = scale["bias" if "bias" in name else "weight"]
            assert least <= tensor.abs().mean() < most, name
            assert (tensor.std() if tensor.numel() > 1 else 1) > 0 or "convolutions" in name, name


def test_only_parts_of_heads_are_initialised_here(variant):
    head, changes = variant
    built = small_head(head, **changes)
    assert init_head_weights(built)
    assert init_head_weights(built.classifier)
    assert not init_head_weights(torch.nn.Linear(2, 2))
    assert not any(init_head_weights(module) for module in built.modules() if isinstance(module, torch.nn.BatchNorm2d))


def test_a_copy_and_a_reloaded_head_give_the_same(variant):
    head, changes = variant
    first = small_head(head, **changes)
    second = build_head(settings(head, **changes), 2, 8).eval()
    second.load_state_dict(first.state_dict())
    stack, mask = clips([40, 20])
    assert torch.equal(first(stack, mask), second(stack, mask))
    assert torch.equal(first(stack, mask), copy.deepcopy(first)(stack, mask))


def test_half_precision_gives_nearly_the_same(variant):
    head, changes = variant
    stack, mask = clips([40, 20])
    single = small_head(head, **changes)(stack, mask)
    half = small_head(head, **changes).bfloat16()(stack.bfloat16(), mask)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), single, rtol=0, atol=0.1)
