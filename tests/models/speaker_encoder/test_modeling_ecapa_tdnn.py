"""ECAPA-TDNN equals a plain re-implementation, alone and in any padded batch."""

import pytest
import torch
from reference_speaker_encoders import ecapa_config, ecapa_reference, speechbrain_weights

from hf_ser import EcapaTdnnConfig, EcapaTdnnModel
from hf_ser.models.loading_report import CheckpointError
from hf_ser.models.speaker_encoder.convert_ecapa_tdnn_checkpoint import key_map

LENGTHS = [40, 5, 6, 23, 39]


@pytest.fixture(scope="module")
def weights():
    return speechbrain_weights(ecapa_config())


@pytest.fixture(scope="module")
def model(weights):
    model = EcapaTdnnModel(ecapa_config())
    state = model.state_dict()
    names = key_map(model.config, state)
    model.load_state_dict({ours: weights[theirs].reshape(state[ours].shape) for theirs, ours in names.items()})
    return model.eval()


def batch(lengths, fill=float("nan"), bands=6):
    generator = torch.Generator().manual_seed(0)
    frames = torch.randn(len(lengths), max(lengths), bands, generator=generator)
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    return frames.masked_fill(mask[..., None] == 0, fill), mask


@torch.no_grad()
def test_embeddings_are_those_of_the_reference_alone_and_in_a_batch(model, weights):
    frames, mask = batch(LENGTHS)
    together = model(frames, mask).embeddings
    assert together.shape == (len(LENGTHS), 7)
    for row, length in enumerate(LENGTHS):
        expected = ecapa_reference(weights, model.config, frames[row, :length])
        torch.testing.assert_close(model(frames[row : row + 1, :length]).embeddings[0], expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(together[row], expected, rtol=1e-5, atol=1e-5)
    assert (together[1:] - together[0]).abs().max() > 0.1


@torch.no_grad()
def test_the_published_sizes():
    with torch.device("meta"):
        model = EcapaTdnnModel(EcapaTdnnConfig())
    assert sum(parameter.numel() for parameter in model.parameters()) == 20_767_552
    assert len(model.state_dict()) == 231
    assert model.config.embedding_size == 192
    assert model.config.min_frames == 5


@torch.no_grad()
def test_saved_and_loaded_it_is_the_same(model, tmp_path):
    model.save_pretrained(tmp_path)
    frames, mask = batch(LENGTHS)
    again = EcapaTdnnModel.from_pretrained(tmp_path)
    assert torch.equal(again(frames, mask).embeddings, model(frames, mask).embeddings)
    tuple_of = again(frames, mask, return_dict=False)
    assert torch.equal(tuple_of[0], again(frames, mask).embeddings)
    assert again(frames, mask).last_hidden_state.shape == (5, 40, 10)


def test_a_folder_that_lacks_a_tensor_is_refused(model, tmp_path):
    state = model.state_dict()
    del state["projection.weight"]
    model.save_pretrained(tmp_path, state_dict=state)
    with pytest.raises(CheckpointError, match=r"missing projection\.weight"):
        EcapaTdnnModel.from_pretrained(tmp_path)


def test_in_training_padding_changes_neither_statistics_nor_gradients(weights):
    def trained(frames, mask):
        torch.manual_seed(0)
        model = EcapaTdnnModel(ecapa_config()).train()
        model(frames, mask).embeddings.square().sum().backward()
        return model.stem.norm.running_var, model.stem.conv.weight.grad, model.pooling.score.weight.grad

    frames, mask = batch([20, 12], fill=0.0)
    wider = torch.nn.functional.pad(frames, (0, 0, 0, 9), value=3.0), torch.nn.functional.pad(mask, (0, 9))
    for one, other in zip(trained(frames, mask), trained(*wider), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@torch.no_grad()
def test_half_precision_is_finite_and_close(model, dtype):
    frames, mask = batch(LENGTHS, fill=0.0)
    half = EcapaTdnnModel(model.config).eval()
    half.load_state_dict(model.state_dict())
    similar = torch.cosine_similarity(half.to(dtype)(frames.to(dtype), mask).embeddings.float(),
                                      model(frames, mask).embeddings)  # fmt: skip
    assert similar.min() > 0.99


@pytest.mark.parametrize(
    ("shape", "lengths", "said"),
    [
        ((2, 4, 6), None, "clip of 4 frames, expected at least 5"),
        ((2, 9, 6), [9, 4], "clip of 4 frames, expected at least 5"),
        ((2, 9, 5), None, r"\(batch, frames, 6\)"),
        ((2, 6), None, r"\(batch, frames, 6\)"),
        ((2, 9, 6), [8, 8], r"attention_mask of shape \(2, 8\), expected \(2, 9\)"),
    ],
)
def test_wrong_input_is_named(model, shape, lengths, said):
    mask = None if lengths is None else batch(lengths)[1]
    with pytest.raises(ValueError, match=said):
        model(torch.zeros(shape), mask)


def test_padding_on_the_left_is_refused(model):
    frames, mask = batch([9, 6], fill=0.0)
    with pytest.raises(ValueError, match="zeros before ones"):
        model(frames, mask.flip(1))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hidden_size": 13}, "res2net_scale=3"),
        ({"kernel_sizes": [5, 3]}, "lists of one length"),
        ({"kernel_sizes": [4, 3, 3, 3]}, "odd kernels"),
        ({"embedding_size": 0}, "embedding_size=0"),
    ],
)
def test_sizes_that_do_not_fit_are_named(settings, said):
    with pytest.raises(ValueError, match=said):
        ecapa_config(**settings)
