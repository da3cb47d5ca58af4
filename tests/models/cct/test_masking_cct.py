"""Padding: a clip in a padded batch gives what it gives alone, and masks that make no sense are refused."""

import pytest
import torch
from tiny_cct import KINDS, padded_batch, tiny_model

LENGTHS = [50, 49, 37, 24, 10, 7]


@pytest.mark.parametrize("positions", ["learnable", "sinusoidal", "none"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_alone_equals_the_clip_in_a_batch(kind, positions):
    model = tiny_model(kind, position_embedding_type=positions)
    lengths = [length for length in LENGTHS if model.config.tokens_along(length) > 0]
    features, mask = padded_batch(lengths)
    with torch.no_grad():
        together = model(features, attention_mask=mask).logits
        alone = [model(clip[None, :, :, :length]).logits[0] for clip, length in zip(features, lengths, strict=True)]
    torch.testing.assert_close(together, torch.stack(alone), rtol=0, atol=1e-5)
    assert together.std(0).max() > 1e-2  # the clips do differ


@pytest.mark.parametrize("kind", ["cct_wide_kernel", "cvt", "cct_negative_activation"])
def test_every_length_and_batch_width_agree(kind):
    model = tiny_model(kind)
    lengths = list(range(1, 23))
    features, mask = padded_batch(lengths, size=22)
    with torch.no_grad():
        narrow = model(features, attention_mask=mask).logits
        wide = model(
            torch.nn.functional.pad(features, (0, 28)), attention_mask=torch.nn.functional.pad(mask, (0, 28))
        ).logits
        alone = [model(clip[None, :, :, :length]).logits[0] for clip, length in zip(features, lengths, strict=True)]
    torch.testing.assert_close(narrow, wide, rtol=0, atol=1e-5)
    torch.testing.assert_close(narrow, torch.stack(alone), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_the_padding_does_not_matter(kind):
    model = tiny_model(kind)
    features, mask = padded_batch([50, 20])
    rubbish = features.clone()
    rubbish[1, :, :, 20:] = float("nan")
    with torch.no_grad():
        assert torch.equal(model(features, mask).logits, model(rubbish, mask).logits)


@pytest.mark.parametrize("kind", ["cct_2_convs", "vit"])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_full_mask_changes_nothing(kind, attention):
    model = tiny_model(kind)
    model.set_attn_implementation(attention)
    features, mask = padded_batch([50, 50])
    assert torch.equal(model(features, mask).logits, model(features).logits)
    assert torch.equal(model(features, mask.bool()).logits, model(features, mask.float()).logits)


@pytest.mark.parametrize("kind", KINDS)
def test_eager_and_sdpa_agree_under_a_mask(kind):
    model = tiny_model(kind)
    features, mask = padded_batch(LENGTHS)
    with torch.no_grad():
        sdpa = model.cct(features, mask)
        model.set_attn_implementation("eager")
        eager = model.cct(features, mask)
    torch.testing.assert_close(sdpa.last_hidden_state, eager.last_hidden_state, rtol=0, atol=1e-5)
    torch.testing.assert_close(sdpa.pooler_output, eager.pooler_output, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", ["cct_2_convs", "vit"])
def test_no_attention_falls_on_padded_tokens(kind):
    model = tiny_model(kind)
    model.set_attn_implementation("eager")
    features, mask = padded_batch([50, 17])
    outputs = model(features, mask, output_attentions=True)
    frequency, time = model.config.token_grid
    real = torch.zeros(frequency, time, dtype=torch.bool)
    real[:, : model.config.tokens_along(17)] = True
    real = real.flatten()
    if kind == "vit":
        real = torch.cat([torch.tensor([True]), real])
    for attention in outputs.attentions:
        assert attention.shape == (2, 2, len(real), len(real))
        assert attention[1][:, :, ~real].abs().max() == 0
        torch.testing.assert_close(attention[1].sum(-1), torch.ones(2, len(real)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_clip_without_frames_gives_numbers(kind, attention):
    model = tiny_model(kind)
    model.set_attn_implementation(attention)
    features, mask = padded_batch([50, 0])
    loss = model(features, mask, labels=torch.tensor([0, 1])).loss
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_gradients_agree_with_the_clip_alone():
    model = tiny_model("cct_2_convs")
    features, mask = padded_batch([21], size=50)
    gradients = []
    for inputs in ({"input_features": features, "attention_mask": mask}, {"input_features": features[..., :21]}):
        model.zero_grad()
        model(**inputs, labels=torch.tensor([1])).loss.backward()
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("kind", ["cvt", "vit"])
def test_a_partial_patch_is_completed_with_zeros(kind):
    model = tiny_model(kind, image_size=[16, 48])
    features, _ = padded_batch([18], size=18)
    completed = torch.nn.functional.pad(features, (0, 2))
    with torch.no_grad():
        torch.testing.assert_close(model(features).logits, model(completed).logits, rtol=0, atol=1e-6)
        assert not torch.allclose(model(features).logits, model(features[..., :16]).logits, atol=1e-4)


@pytest.mark.parametrize(
    ("frames", "row"),
    [([[1, 1, 1, 0], [0, 1, 1, 1]], 1), ([[1, 0, 1, 1], [1, 1, 1, 1]], 0)],
    ids=["left padding", "hole"],
)
def test_masks_other_than_right_padding_are_refused(frames, row):
    with pytest.raises(ValueError, match=f"row {row} has real frames after padding.*pad clips on the right"):
        tiny_model()(torch.randn(2, 1, 16, 4), attention_mask=torch.tensor(frames))


def test_a_mask_of_tokens_or_samples_is_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 13\), expected \(batch, time\) = \(2, 50\)"):
        tiny_model()(torch.randn(2, 1, 16, 50), attention_mask=torch.ones(2, 13))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 16, 50), r"shape \(1, 16, 50\), expected \(batch, 1, 16, up to 50\)"),
        ((1, 3, 16, 50), "3 channels.*num_channels"),
        ((1, 1, 20, 50), r"20 frequency bins.*image_size=\[20, 50\]"),
        ((1, 1, 16, 51), r"51 time frames.*windows.*image_size=\[16, 51\]"),
    ],
)
def test_wrong_shapes_are_refused_with_the_way_out(shape, message):
    with pytest.raises(ValueError, match=message):
        tiny_model()(torch.randn(shape))


def test_a_clip_too_short_for_one_token_is_refused():
    model = tiny_model("cct_no_padding", tokenizer_max_pool=False)
    with pytest.raises(ValueError, match="1 time frames, expected at least 7"):
        model(torch.randn(1, 1, 16, 1))
