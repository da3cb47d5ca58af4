import pytest
import torch

from hf_ser import CctConfig, CctForAudioClassification

SETTINGS = {
    "num_channels": 1,
    "image_size": [40, 96],
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "tokenizer_num_layers": 3,
    "tokenizer_kernel_size": [7, 3, 3],
    "tokenizer_stride": [2, 1, 1],
    "tokenizer_padding": [3, 1, 1],
    "tokenizer_in_planes": [8, 16],
    "num_labels": 3,
}


def test_each_convolution_has_its_own_shape():
    config = CctConfig(**SETTINGS)
    model = CctForAudioClassification(config)
    shapes = [tuple(stage.conv.weight.shape) for stage in model.cct.embeddings.tokenizer.stages]
    assert shapes == [(8, 1, 7, 7), (16, 8, 3, 3), (32, 16, 3, 3)]
    assert config.token_grid == (3, 6)


def test_lists_travel_through_json(tmp_path):
    model = CctForAudioClassification(CctConfig(**SETTINGS)).eval()
    model.save_pretrained(tmp_path)
    loaded = CctForAudioClassification.from_pretrained(tmp_path).eval()
    features = torch.randn(2, 1, 40, 96)
    assert loaded.config.tokenizer_in_planes == [8, 16]
    assert torch.equal(model(features).logits, loaded(features).logits)


@pytest.mark.parametrize("frames", [17, 50, 79, 96])
def test_a_clip_is_the_same_alone_and_in_a_padded_batch(frames):
    torch.manual_seed(0)
    model = CctForAudioClassification(CctConfig(**SETTINGS)).eval()
    clip, other = torch.randn(1, 1, 40, frames), torch.randn(1, 1, 40, 96)
    padded = torch.cat([torch.nn.functional.pad(clip, (0, 96 - frames), value=7.0), other])
    mask = torch.ones(2, 96, dtype=torch.long)
    mask[0, frames:] = 0
    assert torch.allclose(model(clip).logits, model(padded, attention_mask=mask).logits[:1], atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tokenizer_kernel_size": [7, 3]},
        {"tokenizer_in_planes": [8, 16, 32]},
        {"tokenizer_stride": 0},
        {"tokenizer_padding": [3, 1, -1]},
        {"tokenizer_num_layers": 2},
    ],
)
def test_list_that_does_not_fit_is_refused(wrong):
    with pytest.raises(ValueError, match=r"got tokenizer_\w+=.*expected one number of \d or more, or a list of \d"):
        CctConfig(**(SETTINGS | wrong))
