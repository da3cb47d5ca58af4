import numpy as np
import pytest
import torch
from tiny import LABELS, tiny_extractor, tiny_model

from hf_ser.training import ClassificationObjective, MixupCollator, SerCollator, SerDataset
from hf_ser.training.mixing import mix_inputs


def examples(size, epoch=0, seed=5, first=0):
    return [{"draw": (seed, epoch, first + row)} for row in range(size)]


def empty(batch):
    return {}


def test_shares_are_folded_beta_draws_and_partners_a_permutation():
    draw = MixupCollator(empty, 0.4)
    shares = []
    for epoch in range(200):
        batch = draw(examples(16, epoch))
        assert sorted(batch["mix_partner"].tolist()) == list(range(16))
        shares.append(batch["mix_share"].numpy())
    shares = np.concatenate(shares)
    expected = np.random.default_rng(0).beta(0.4, 0.4, 100_000)
    expected = np.maximum(expected, 1 - expected)
    assert shares.min() >= 0.5
    assert shares.max() <= 1.0
    assert np.allclose(np.quantile(shares, [0.1, 0.5, 0.9]), np.quantile(expected, [0.1, 0.5, 0.9]), atol=0.02)


def test_draws_depend_on_seed_epoch_and_rows_alone():
    draw = MixupCollator(empty, 0.4)
    first = draw(examples(8))
    assert all(torch.equal(value, draw(examples(8))[name]) for name, value in first.items())
    for other in (examples(8, epoch=1), examples(8, seed=6), examples(8, first=1), examples(8)[::-1]):
        assert not torch.equal(first["mix_share"], draw(other)["mix_share"])


def test_batch_mode_draws_one_share():
    shares = [MixupCollator(empty, 0.4, "batch")(examples(8, epoch))["mix_share"] for epoch in range(3)]
    assert all(len(set(share.tolist())) == 1 for share in shares)
    assert len({share[0].item() for share in shares}) == 3


def test_features_are_mixed_masks_united_and_the_rest_kept():
    features, mask = torch.randn(3, 1, 2, 4), torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 0]])
    partner, share = torch.tensor([1, 2, 0]), torch.tensor([0.5, 0.75, 1.0])
    mixed = mix_inputs({"input_features": features, "attention_mask": mask, "flag": True}, partner, share)
    for clip in range(3):
        expected = share[clip] * features[clip] + (1 - share[clip]) * features[partner[clip]]
        assert torch.allclose(mixed["input_features"][clip], expected, atol=1e-6)
    assert mixed["attention_mask"].tolist() == [[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 0, 0]]
    assert mixed["attention_mask"].dtype == mask.dtype
    assert mixed["flag"] is True
    assert mix_inputs({"mask": mask.bool()}, partner, share)["mask"].dtype == torch.bool


def test_a_mixture_is_scored_the_same_whatever_it_is_padded_to(corpus):
    dataset, extractor, model = SerDataset(corpus, LABELS), tiny_extractor(), tiny_model().eval()
    clips = [dataset[index] for index in range(4)]
    longer = MixupCollator(SerCollator(extractor, padding="max_length"), 0.4)(clips)
    shorter = MixupCollator(SerCollator(extractor, padding="longest"), 0.4)(clips)
    assert longer["input_features"].shape[-1] > shorter["input_features"].shape[-1]
    assert torch.equal(longer["mix_share"], shorter["mix_share"])
    losses = []
    for batch in (longer, shorter):
        batch.pop("row_ids")
        losses.append(ClassificationObjective()(model, batch)[0])
    assert torch.allclose(*losses, atol=1e-5)


@pytest.mark.parametrize(("alpha", "mode"), [(0.0, "sample"), (-1.0, "sample"), (0.4, "clip")])
def test_settings_out_of_range_are_refused(alpha, mode):
    with pytest.raises(ValueError, match="expected"):
        MixupCollator(empty, alpha, mode)
