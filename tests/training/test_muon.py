import pytest
import torch
from tiny import tiny_model
from torch import nn

from hf_ser.training.muon import MuonWithAdamW, muon_groups, orthogonalize


@pytest.mark.parametrize("shape", [(8, 32), (32, 8), (16, 16)])
def test_orthogonalized_matrix_has_singular_values_near_one_and_the_same_vectors(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    result = orthogonalize(matrix).float()
    assert result.shape == shape
    values = torch.linalg.svdvals(result)
    assert 0.6 < values.min() <= values.max() < 1.3
    assert torch.nn.functional.cosine_similarity(result.flatten(), (u @ v).flatten(), dim=0) > 0.97


def test_the_rest_is_adamw():
    torch.manual_seed(0)
    first, second = nn.Linear(4, 3), nn.Linear(4, 3)
    second.load_state_dict(first.state_dict())
    ours = MuonWithAdamW([{"params": first.parameters()}], lr=0.01, betas=(0.9, 0.95), weight_decay=0.1)
    theirs = torch.optim.AdamW(second.parameters(), lr=0.01, betas=(0.9, 0.95), weight_decay=0.1)
    for _ in range(5):
        batch = torch.randn(6, 4)
        for layer, optimizer in ((first, ours), (second, theirs)):
            optimizer.zero_grad()
            layer(batch).square().mean().backward()
            optimizer.step()
    assert torch.allclose(first.weight, second.weight, atol=1e-6)


def test_muon_step_equals_torchs_own_on_a_matrix():
    muon = getattr(torch.optim, "Muon", None)
    if muon is None:
        pytest.skip("this torch has no Muon to compare with")
    torch.manual_seed(0)
    first = nn.Parameter(torch.randn(12, 20))
    second = nn.Parameter(first.detach().clone())
    ours = MuonWithAdamW([{"params": [first], "muon": True}], lr=0.01, weight_decay=0.1)
    theirs = muon([second], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for _ in range(3):
        gradient = torch.randn(12, 20)
        first.grad, second.grad = gradient.clone(), gradient.clone()
        ours.step()
        theirs.step()
    assert torch.allclose(first, second, atol=1e-3)


def test_hidden_matrices_get_muon_and_all_parameters_are_in_one_group():
    model = tiny_model()
    groups = muon_groups(model, 0.02, 0.001, 0.05)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert sorted(names) == sorted(id(parameter) for group in groups for parameter in group["params"])
    muon = {names[id(parameter)] for parameter in groups[0]["params"]}
    assert any("qkv" in name for name in muon)
    assert not any("classifier" in name or "position" in name or "bias" in name for name in muon)
    assert {group["weight_decay"] for group in groups} == {0.05, 0.0}
    MuonWithAdamW(groups)


def test_vector_is_refused():
    with pytest.raises(ValueError, match=r"shape \(3,\), expected two axes"):
        MuonWithAdamW([{"params": [nn.Parameter(torch.ones(3))], "muon": True}])
