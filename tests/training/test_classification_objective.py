import math

import numpy as np
import pytest
import torch
from tiny import LABELS, tiny_extractor, tiny_model
from torch import nn

from hf_ser.augmentation import NoisyTwin
from hf_ser.training import ClassificationObjective, CrossEntropyObjective, SerCollator, SerDataset
from hf_ser.training.spectrogram_augmentation import SpectrogramAugmentation


class Linear(nn.Module):
    """Counts its calls, and reads the mean of each clip's features."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.calls = nn.Linear(3, 4), 0

    def forward(self, input_features, attention_mask=None):
        self.calls += 1
        return {"logits": self.layer(input_features.mean(-1).flatten(1))}


def batch(twins=False, mixed=False):
    torch.manual_seed(1)
    made = {"input_features": torch.randn(5, 1, 3, 6), "labels": torch.tensor([0, 1, 2, 3, 0])}
    made["attention_mask"] = torch.ones(5, 6, dtype=torch.long)
    if twins:
        made["twin_input_features"] = made["input_features"] + torch.randn(5, 1, 3, 6)
        made["twin_attention_mask"] = made["attention_mask"]
    if mixed:
        made["mix_partner"], made["mix_share"] = torch.tensor([4, 2, 0, 1, 3]), torch.tensor([0.5, 0.9, 0.6, 1.0, 0.7])
    return made


def logits_of(model, features):
    return model.layer(features.mean(-1).flatten(1))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_without_options_it_is_cross_entropy(smoothing):
    model = Linear()
    plain, _ = CrossEntropyObjective(smoothing)(model, batch())
    loss, outputs = ClassificationObjective(smoothing)(model, batch())
    assert torch.allclose(loss, plain, atol=1e-6)
    assert outputs["logits"].shape == (5, 4)


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.5, 3.0]])
@pytest.mark.parametrize("mixed", [False, True])
def test_stability_training_equals_its_formula(weights, mixed):
    model, inputs = Linear(), batch(twins=True, mixed=mixed)
    loss, outputs = ClassificationObjective(class_weights=weights, stability_weight=0.7)(model, inputs)
    assert model.calls == 1
    sides = [inputs["input_features"], inputs["twin_input_features"]]
    partner, share = inputs.get("mix_partner", torch.arange(5)), inputs.get("mix_share", torch.ones(5))
    factors = torch.tensor(weights or [1.0] * 4)
    logits = [
        logits_of(model, share.view(-1, 1, 1, 1) * side + (1 - share.view(-1, 1, 1, 1)) * side[partner])
        for side in sides
    ]
    p, q = (side.softmax(-1) for side in logits)
    total = weight = 0.0
    for clip in range(5):
        clean = noisy = counted = 0.0
        for part, label in ((share[clip], inputs["labels"][clip]), (1 - share[clip], inputs["labels"][partner[clip]])):
            clean += part * factors[label] * -p[clip, label].log()
            noisy += part * factors[label] * -q[clip, label].log()
            counted += part * factors[label]
        kl = (p[clip] * (p[clip].log() - q[clip].log())).sum()
        total += 0.5 * (clean + noisy) + 0.7 * counted * kl
        weight += counted
    assert torch.allclose(loss, total / weight, atol=1e-5)
    assert torch.allclose(outputs["logits"], logits[0], atol=1e-6)


def test_a_twin_like_its_clip_adds_nothing():
    inputs = batch(twins=True) | {"twin_input_features": batch()["input_features"]}
    plain, _ = ClassificationObjective()(Linear(), batch())
    loss, _ = ClassificationObjective(stability_weight=5.0)(Linear(), inputs)
    assert torch.allclose(loss, plain, atol=1e-6)


def test_weight_of_a_batch_is_what_its_mean_was_divided_by():
    assert ClassificationObjective().batch_weight(batch()) == 5
    weighted = ClassificationObjective(class_weights=np.array([1.0, 2.0, 0.5, 3.0]))
    assert weighted.batch_weight(batch()) == pytest.approx(7.5)
    mixed = batch(mixed=True)
    factors = torch.tensor([1.0, 2.0, 0.5, 3.0])[mixed["labels"]]
    expected = (mixed["mix_share"] * factors + (1 - mixed["mix_share"]) * factors[mixed["mix_partner"]]).sum()
    assert weighted.batch_weight(mixed) == pytest.approx(float(expected))


def test_classes_of_weight_nothing_make_no_nan():
    loss, _ = ClassificationObjective(class_weights=[0.0, 1.0, 1.0, 1.0])(
        Linear(), batch() | {"labels": torch.zeros(5, dtype=torch.long)}
    )
    assert loss == 0


def test_twins_that_are_missing_are_named():
    with pytest.raises(ValueError, match="the batch holds no twins"):
        ClassificationObjective(stability_weight=0.5)(Linear(), batch())


@pytest.mark.parametrize("settings", [{"focal_gamma": -1.0}, {"stability_weight": math.inf}, {"label_smoothing": 1.0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="expected"):
        ClassificationObjective(**settings)


def test_twins_are_extracted_beside_their_clips_and_masked_alike(corpus):
    from hf_ser.augmentation import SpectrogramMasking

    dataset = SerDataset(corpus, LABELS)
    dataset.twin = NoisyTwin(snr_db=(0.0, 0.0), reverb=0.0)
    examples = [dataset[index] for index in range(3)]
    for example in examples:
        clip, twin = example["waveform"].astype(np.float64), example["twin_waveform"].astype(np.float64)
        assert np.mean((twin - clip) ** 2) == pytest.approx(np.mean(clip**2), rel=1e-3)
    masking = SpectrogramMasking(num_time_masks=1, max_time_share=0.5, num_frequency_masks=1, max_frequency_width=8)
    extractor = tiny_extractor()
    plain, masked = (
        SerCollator(extractor)(examples),
        SerCollator(extractor, SpectrogramAugmentation(None, masking))(examples),
    )
    for clip in range(3):
        assert torch.equal(plain["attention_mask"], plain["twin_attention_mask"])
        alone = extractor(examples[clip]["twin_waveform"], sampling_rate=16000, padding=False, return_tensors="pt")
        length = int(plain["twin_attention_mask"][clip].sum())
        assert torch.allclose(
            plain["twin_input_features"][clip, ..., :length], alone["input_features"][0, ..., :length], atol=1e-4
        )
        hidden = (masked["input_features"][clip] != plain["input_features"][clip])[..., :length]
        twin_hidden = (masked["twin_input_features"][clip] != plain["twin_input_features"][clip])[..., :length]
        assert hidden.any()
        assert (hidden == twin_hidden).float().mean() > 0.99


def test_twins_reach_the_model_of_real_shape(corpus):
    dataset = SerDataset(corpus, LABELS)
    dataset.twin = NoisyTwin()
    made = SerCollator(tiny_extractor())([dataset[index] for index in range(4)])
    made.pop("row_ids")
    model = tiny_model().eval()
    loss, outputs = ClassificationObjective(stability_weight=0.5)(model, made)
    clean = model(input_features=made["input_features"], attention_mask=made["attention_mask"])["logits"]
    assert torch.allclose(outputs["logits"], clean, atol=1e-5)
    loss.backward()
