import numpy as np
import pytest
import torch
from audio_models import MODELS, tiny_audio_model
from tiny import tiny_model
from torch import nn

from hf_ser.evaluation import concordance_correlation
from hf_ser.training.dimensions import (
    DimensionsObjective,
    concordance_loss,
    label_figures,
    squared_error,
    start_at_labels,
)


class Fixed(nn.Module):
    def __init__(self, answers):
        super().__init__()
        self.answers = nn.Parameter(torch.as_tensor(answers, dtype=torch.float32))

    def forward(self):
        return {"logits": self.answers}


def drawn(shape=(12, 3), missing=0.3, seed=0, scale=1.0, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    predictions, labels = (torch.randn(shape, generator=generator) * scale + shift for _ in range(2))
    labels[torch.rand(shape, generator=generator) < missing] = float("nan")
    return predictions, labels


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (0.01, 100.0), (40.0, 50.0)])
def test_loss_is_one_minus_lins_coefficient_over_the_clips_that_have_labels(scale, shift):
    predictions, labels = drawn(scale=scale, shift=shift)
    loss = concordance_loss(predictions, labels)
    for column in range(3):
        known = ~labels[:, column].isnan()
        expected = 1 - concordance_correlation(labels[known, column], predictions[known, column])
        assert loss[column].item() == pytest.approx(expected, abs=1e-4)


def test_loss_does_not_depend_on_the_unit():
    predictions, labels = drawn()
    assert torch.allclose(
        concordance_loss(predictions, labels), concordance_loss(20 * predictions + 60, 20 * labels + 60), atol=1e-4
    )


def test_gradient_equals_that_of_the_formula_and_ignores_what_has_no_label():
    predictions, labels = drawn(seed=3)
    predictions = predictions.double().requires_grad_()
    concordance_loss(predictions, labels.double()).sum().backward()
    twin = predictions.detach().clone().requires_grad_()
    total = 0
    for column in range(3):
        known = ~labels[:, column].isnan()
        x, y = twin[known, column], labels[known, column].double()
        covariance = ((x - x.mean()) * (y - y.mean())).mean()
        spread = x.var(correction=0) + y.var(correction=0) + (x.mean() - y.mean()) ** 2
        total = total + 1 - 2 * covariance / spread
    total.backward()
    assert torch.allclose(predictions.grad, twin.grad, atol=1e-6)
    assert not predictions.grad[labels.isnan()].any()


@pytest.mark.parametrize(
    "labels",
    [
        [[2.0], [2.0], [2.0]],  # no spread on either side
        [[2.0], [float("nan")], [float("nan")]],  # one clip
        [[float("nan")], [float("nan")], [float("nan")]],
    ],
)
def test_batch_without_concordance_gives_a_finite_loss_and_gradient(labels):
    model = Fixed([[2.0], [2.0], [2.0]])
    loss, _ = DimensionsObjective()(model, {"labels": torch.tensor(labels)})
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(model.answers.grad).all()


def test_constant_answers_learn_from_labels_that_vary():
    model = Fixed([[2.0], [2.0], [2.0]])
    loss, _ = DimensionsObjective()(model, {"labels": torch.tensor([[1.0], [2.0], [4.0]])})
    loss.backward()
    assert loss.item() == pytest.approx(1.0)
    assert model.answers.grad[0] > 0 > model.answers.grad[2]


def test_mixture_with_the_squared_error_is_measured_in_the_spread_of_the_labels():
    predictions, labels = drawn(missing=0.2, seed=5)
    inputs, spread = {"labels": labels}, np.array([1.0, 2.0, 4.0], np.float32)
    ccc, _ = DimensionsObjective(0.0)(Fixed(predictions), inputs)
    mse, _ = DimensionsObjective(1.0, spread)(Fixed(predictions), inputs)
    both, _ = DimensionsObjective(0.3, spread)(Fixed(predictions), inputs)
    errors = ((predictions - labels) / torch.as_tensor(spread)).numpy() ** 2
    assert mse.item() == pytest.approx(np.nanmean(errors, axis=0).mean(), rel=1e-5)
    assert ccc.item() == pytest.approx(concordance_loss(predictions, labels).mean().item(), rel=1e-5)
    assert both.item() == pytest.approx(0.7 * ccc.item() + 0.3 * mse.item(), rel=1e-5)


def test_dimension_that_a_batch_has_no_labels_of_is_left_out_of_the_mean():
    predictions, labels = drawn(missing=0.0)
    labels[:, 1] = float("nan")
    loss, _ = DimensionsObjective()(Fixed(predictions), {"labels": labels})
    two, _ = DimensionsObjective()(Fixed(predictions[:, [0, 2]]), {"labels": labels[:, [0, 2]]})
    assert loss.item() == pytest.approx(two.item())
    assert squared_error(predictions, labels)[1] == 0


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"labels have shape \(2,\) and logits \(2, 1\)"):
        DimensionsObjective()(Fixed([[1.0], [2.0]]), {"labels": torch.zeros(2)})


def test_figures_are_of_rows_that_have_labels_and_refuse_what_does_not_vary():
    labels = np.array([[1.0, 5.0], [3.0, np.nan], [5.0, 7.0]], np.float32)
    mean, spread = label_figures(labels, ["arousal", "valence"])
    assert mean.tolist() == [3.0, 6.0]
    assert spread.tolist() == pytest.approx([np.std([1, 3, 5]), 1.0])
    with pytest.raises(ValueError, match=r"'valence' has 1 labels and 1 different values"):
        label_figures(labels[:2], ["arousal", "valence"])


@pytest.mark.parametrize("name", [*MODELS, "cct"])
def test_new_output_layer_starts_at_the_labels_and_a_trained_one_is_left_alone(name):
    settings = {"num_labels": 2}
    model = (
        tiny_audio_model(name, **settings)
        if name != "cct"
        else tiny_model(id2label={0: "a", 1: "v"}, label2id={"a": 0, "v": 1})
    )
    output = model.classifier.dense if name == "ast" else model.classifier
    before = output.weight.detach().clone()
    assert start_at_labels(model, np.array([3.0, 50.0]), np.array([0.5, 20.0]))
    assert output.bias.tolist() == [3.0, 50.0]
    assert torch.allclose(output.weight, before * torch.tensor([[0.5], [20.0]]))
    assert not start_at_labels(model, np.array([0.0, 0.0]), np.array([1.0, 1.0]))
    assert output.bias.tolist() == [3.0, 50.0]
