"""A clip alone is the clip in any batch, for every family and every head."""

import pytest
import torch
from tiny_speech_encoder import ENCODERS, NAMED, alone, batch, largest, tiny_model
from torch import nn

from hf_ser.models.speech_encoder.configuration_speech_encoder import HEADS
from hf_ser.models.speech_encoder.encoders.group_norm import masked_group_norm
from hf_ser.models.speech_encoder.encoders.spec_augment import draw_spans

# beside a clip of 6 s: 0.1 s, shorter than one frame (0.02 s), odd and even numbers of frames
SECONDS = [6.0, 0.1, 1.01, 2.0, 0.02, 0.335]
# few convolutions and frames of 80 ms: quicker
COARSE = {"conv_dim": [8] * 3, "conv_kernel": [40, 16, 4], "conv_stride": [20, 16, 4]}


@pytest.mark.parametrize("kind", ENCODERS)
@torch.no_grad()
def test_states_of_a_clip_alone_are_those_in_a_batch(kind):
    model = tiny_model(kind, head="weighted_sum")
    inputs = batch(kind, SECONDS)
    together = model(**inputs, output_hidden_states=True)
    for row in range(len(SECONDS)):
        single = model(**alone(inputs, row), output_hidden_states=True)
        torch.testing.assert_close(single.logits[0], together.logits[row], rtol=0, atol=1e-5)
        for one, other in zip(single.hidden_states, together.hidden_states, strict=True):
            frames = one.shape[1]
            torch.testing.assert_close(one[0], other[row, :frames], rtol=0, atol=1e-5)
            assert not other[row, frames:].any()


@pytest.mark.parametrize("kind", NAMED)
@pytest.mark.parametrize("head", HEADS)
@torch.no_grad()
def test_logits_of_a_clip_alone_are_those_in_a_batch(kind, head):
    model = tiny_model(kind, {} if kind == "whisper" else COARSE, head=head)
    inputs = batch(kind, SECONDS[:4])
    together = model(**inputs).logits
    for row in range(4):
        torch.testing.assert_close(model(**alone(inputs, row)).logits[0], together[row], rtol=0, atol=1e-4)
    assert largest(together[1:], together[:1]) > 1e-3


@pytest.mark.parametrize("kind", NAMED)
@torch.no_grad()
def test_the_answer_never_flips_over_200_clips(kind):
    model = tiny_model(kind, {} if kind == "whisper" else COARSE, head="statistics", head_hidden_size=0)
    # ten lengths, twenty clips of each: those of one length go through together and have no padding then
    rounds = [batch(kind, [6.0, *[0.1 * length - 0.03] * 20], seed=length) for length in range(2, 12)]
    answers = []
    for inputs in rounds:
        length = int(inputs["attention_mask"][1].sum())
        single = {name: value[1:, :length] for name, value in inputs.items() if name != "attention_mask"}
        beside, without = model(**inputs).logits[1:], model(**single).logits
        assert largest(beside, without) < 1e-4
        assert torch.equal(beside.argmax(1), without.argmax(1))
        answers.append(without)
    assert torch.cat(answers).shape == (200, 4)
    assert torch.cat(answers).std(0).min() > 1e-2


@torch.no_grad()
def test_masked_group_norm_is_what_makes_hubert_exact():
    inputs = batch("hubert", [6.0, 0.5])
    inputs["input_values"][1] *= 3
    differences = {}
    for masked in (True, False):
        model = tiny_model("hubert", masked_group_norm=masked)
        single = model(**alone(inputs, 1), output_hidden_states=True).hidden_states[-1]
        both = model(**inputs, output_hidden_states=True).hidden_states[-1][1:, : single.shape[1]]
        differences[masked] = largest(single, both)
    assert differences[True] < 1e-5
    assert differences[False] > 1e-2


@pytest.mark.parametrize("groups", [6, 3, 1])
def test_masked_group_norm_is_group_norm_of_what_is_real(groups):
    norm = nn.GroupNorm(groups, 6)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    values = torch.randn(3, 6, 40) * 4 + 2
    lengths = torch.tensor([40, 7, 2])
    normal = masked_group_norm(norm, values, lengths)
    for row, length in enumerate(lengths):
        expected = norm(values[row : row + 1, :, :length])
        torch.testing.assert_close(normal[row : row + 1, :, :length], expected, rtol=0, atol=3e-6)
    assert torch.equal(masked_group_norm(norm, values, None), norm(values))


def test_spans_lie_within_real_frames_and_cover_the_share_asked_for():
    torch.manual_seed(0)
    lengths = torch.tensor([200, 50, 9, 10, 1]).repeat(200)
    masked = draw_spans(lengths, 200, probability=0.3, span=10, least=0).view(200, 5, 200)
    assert not masked[:, 1, 50:].any()
    assert not masked[:, 2].any()
    assert not masked[:, 4].any()
    assert masked[:, 3].sum(1).unique().tolist() == [0, 10]
    # spans overlap: 6 of 10 frames cover less than 60 of 200
    assert 0.2 < masked[:, 0].float().mean() < 0.3
    assert draw_spans(torch.tensor([5]), 5, 0.5, 10, 2).sum() == 0
    assert draw_spans(torch.tensor([30]), 30, 0.0, 10, 2).sum() >= 11
