import pytest
import torch
from torch import nn

from hf_ser.training import CrossEntropyObjective


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 4)

    def forward(self, input_features):
        return {"logits": self.layer(input_features)}


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_equals_its_formula(smoothing):
    torch.manual_seed(0)
    model, features, labels = Linear(), torch.randn(5, 3), torch.tensor([0, 1, 2, 3, 0])
    loss, outputs = CrossEntropyObjective(smoothing)(model, {"input_features": features, "labels": labels})
    log_probabilities = outputs["logits"].log_softmax(-1)
    hit = log_probabilities[torch.arange(5), labels]
    expected = -((1 - smoothing) * hit + smoothing * log_probabilities.mean(-1)).mean()
    assert torch.allclose(loss, expected, atol=1e-6)
    loss.backward()
    assert model.layer.weight.grad is not None


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_smoothing_out_of_range_is_refused(smoothing):
    with pytest.raises(ValueError, match=r"expected a number in \[0, 1\)"):
        CrossEntropyObjective(smoothing)
