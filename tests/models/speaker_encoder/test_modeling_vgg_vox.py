"""VGG-Vox equals a plain re-implementation in the original's layout, alone and in any padded batch."""

import numpy as np
import pytest
import torch
from reference_speaker_encoders import keras_arrays, vgg_config, vgg_reference

from hf_ser import VggVoxConfig, VggVoxModel
from hf_ser.models.speaker_encoder.convert_vgg_vox_checkpoint import key_map
from hf_ser.models.speaker_encoder.modeling_vgg_vox import min_frames

# whole seconds as the extractor gives them, and others
LENGTHS = [400, 200, 65, 211]


@pytest.fixture(scope="module")
def arrays():
    return keras_arrays(vgg_config())


@pytest.fixture(scope="module")
def model(arrays):
    model = VggVoxModel(vgg_config())
    state = model.state_dict()
    for theirs, ours in key_map().items():
        if theirs in arrays:
            state[ours].copy_(torch.from_numpy(np.transpose(arrays[theirs])).reshape(state[ours].shape))
    return model.eval()


def batch(lengths):
    frames = torch.randn(len(lengths), max(lengths), 512, generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    return frames.masked_fill(mask[..., None] == 0, float("nan")), mask


@torch.no_grad()
def test_embeddings_are_those_of_the_reference_alone_and_in_a_batch(model, arrays):
    frames, mask = batch(LENGTHS)
    together = model(frames, mask)
    assert together.embeddings.shape == (4, 5)
    assert together.last_hidden_state.shape[::2] == (4, 8)
    for row, length in enumerate(LENGTHS):
        expected = vgg_reference(arrays, frames[row, :length])
        torch.testing.assert_close(model(frames[row : row + 1, :length]).embeddings[0], expected, rtol=0, atol=1e-5)
        torch.testing.assert_close(together.embeddings[row], expected, rtol=0, atol=1e-5)
    assert (together.embeddings[1:] - together.embeddings[0]).abs().max() > 1e-3


def test_the_published_sizes():
    with torch.device("meta"):
        model = VggVoxModel(VggVoxConfig())
    counted = [value.numel() for name, value in model.state_dict().items() if "num_batches" not in name]
    assert sum(counted) == 17_691_328
    assert model.config.embedding_size == 1024


@torch.no_grad()
def test_saved_and_loaded_it_is_the_same(model, tmp_path):
    model.save_pretrained(tmp_path)
    frames, mask = batch([200, 70])
    again = VggVoxModel.from_pretrained(tmp_path)
    assert torch.equal(again(frames, mask).embeddings, model(frames, mask).embeddings)


@torch.no_grad()
def test_the_shortest_clip_gives_one_frame_and_a_shorter_one_is_named(model):
    assert model(torch.zeros(1, min_frames(), 512)).last_hidden_state.shape[1] == 1
    with pytest.raises(ValueError, match=f"{min_frames() - 1} frames, expected at least {min_frames()}"):
        model(torch.zeros(1, min_frames() - 1, 512))
    with pytest.raises(ValueError, match=r"\(batch, frames, 512\)"):
        model(torch.zeros(1, 512, 300, 1))


def test_sizes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="seven sizes"):
        vgg_config(hidden_sizes=[96, 256])
    with pytest.raises(ValueError, match="embedding_size=0"):
        vgg_config(embedding_size=0)
