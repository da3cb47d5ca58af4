"""The convolutions of system 003 over clips of unequal length."""

import pytest
import torch
from head_stubs import clips, small_head
from torch import nn

from hf_ser.models.speech_encoder.heads.masked_convolution import MaskedBatchNorm2d, pool_to_grid


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 8, 40])
def test_each_clip_is_pooled_on_its_own_length(frames):
    images = torch.randn(3, 2, 40, 5)
    pooled = pool_to_grid(images, torch.tensor([40, frames, 7]), 3)
    alone = nn.functional.adaptive_avg_pool2d(images[1:2, :, :frames], (3, 5))
    torch.testing.assert_close(pooled[1:2], alone)
    torch.testing.assert_close(pool_to_grid(images[1:2, :, :frames], None, 3), alone)


def trained_norms(images, lengths):
    torch.manual_seed(0)
    masked, plain = MaskedBatchNorm2d(4).train(), nn.BatchNorm2d(4).train()
    with torch.no_grad():
        masked.weight.uniform_(0.5, 2)
        masked.bias.normal_()
    plain.load_state_dict(masked.state_dict())
    real = torch.cat([image[:, :length] for image, length in zip(images, lengths, strict=True)], dim=1)[None]
    return masked, plain, masked(images, torch.tensor(lengths)), plain(real)


def test_batch_norm_learns_from_real_rows_only():
    lengths = [9, 4, 1]
    images = torch.randn(3, 4, 9, 6) * 3 + 1
    for row, length in enumerate(lengths):
        images[row, :, length:] = 1e6
    masked, plain, got, expected = trained_norms(images, lengths)
    got = torch.cat([image[:, :length] for image, length in zip(got, lengths, strict=True)], dim=1)[None]
    torch.testing.assert_close(got, expected)
    for name, tensor in plain.state_dict().items():
        torch.testing.assert_close(masked.state_dict()[name], tensor, msg=name)


def test_training_sees_no_padding_at_all():
    stack, mask = clips([90, 40])
    head = small_head("vgg", head_dropout=0.0).train()
    longer = nn.functional.pad(stack, (0, 0, 0, 60))
    first = head(stack, mask)
    second = head(longer, nn.functional.pad(mask, (0, 60)))
    torch.testing.assert_close(first, second, rtol=0, atol=1e-5)


def test_the_fixed_original_refuses_what_it_would_cut():
    head = small_head("vgg", head_config={"input_size": [100, 8]})
    stack, mask = clips([130, 50])
    with pytest.raises(ValueError, match="a clip of 130 frames, expected at most 100"):
        head(stack, mask)
    with pytest.raises(ValueError, match="a clip of 130 frames"):
        head(stack[:1])
    torch.testing.assert_close(head(stack[1:], mask[1:]), head(stack[1:, :, :50]))


def test_the_fixed_original_counts_padding_and_the_other_does_not():
    stack, mask = clips([60])
    longer, longer_mask = nn.functional.pad(stack, (0, 0, 0, 40)), nn.functional.pad(mask, (0, 40))
    adaptive, fixed = small_head("vgg"), small_head("vgg", head_config={"input_size": [100, 8]})
    torch.testing.assert_close(adaptive(longer, longer_mask), adaptive(stack))
    assert (adaptive(longer) - adaptive(stack)).abs().max() > 1e-2
    assert torch.equal(fixed(longer), fixed(stack))
