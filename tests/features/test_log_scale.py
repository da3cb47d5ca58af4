"""Decibels, natural logarithms and the level of silence."""

import math

import pytest
import torch

from hf_ser.features.log_scale import silence_level, to_decibel, to_natural_log


def test_decibels_under_each_clips_own_maximum():
    power = torch.tensor([[[1.0, 0.1]], [[100.0, 1e-9]]])
    decibel = to_decibel(power.clone(), power=2, reference="max", amin=1e-10, top_db=80.0)
    torch.testing.assert_close(decibel, torch.tensor([[[0.0, -10.0]], [[0.0, -80.0]]]))


def test_magnitudes_have_twice_the_decibels():
    magnitude = torch.tensor([[[1.0, 0.1]]])
    decibel = to_decibel(magnitude, power=1, reference="max", amin=1e-10, top_db=80.0)
    torch.testing.assert_close(decibel, torch.tensor([[[0.0, -20.0]]]))


def test_a_fixed_reference_does_not_depend_on_the_clip():
    power = torch.tensor([[[1.0, 0.1]], [[100.0, 1e-12]]])
    settings = {"power": 2, "reference": 10.0, "amin": 1e-10}
    decibel = to_decibel(power.clone(), top_db=None, **settings)
    torch.testing.assert_close(decibel, torch.tensor([[[-10.0, -20.0]], [[10.0, -110.0]]]))
    assert to_decibel(power.clone(), top_db=50.0, **settings).min() == -50.0


@pytest.mark.parametrize("reference", ["max", 1.0, 0.01])
@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("top_db", [80.0, 300.0])
def test_silence_has_its_level(reference, power, top_db):
    settings = {"reference": reference, "amin": 1e-10, "top_db": top_db}
    level = silence_level(log_scale="db", log_offset=1.0, **settings)
    silent = to_decibel(torch.zeros(1, 2, 3), power=power, **settings)
    torch.testing.assert_close(silent, torch.full((1, 2, 3), level))


def test_natural_log_of_silence():
    level = silence_level(log_scale="ln", reference="max", amin=1e-10, top_db=80.0, log_offset=1e-6)
    assert level == pytest.approx(math.log(1e-6))
    assert to_natural_log(torch.zeros(1), 1e-6).item() == pytest.approx(level)
