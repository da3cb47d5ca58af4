import numpy as np
import pytest
import torch

from hf_ser.augmentation.frequency_shift import FrequencyShift


def generators(*seeds):
    return [np.random.default_rng(seed) for seed in seeds]


def test_every_shift_up_to_the_largest_occurs_and_edges_are_repeated():
    features = torch.arange(8.0)[None, None, :, None].expand(40, 2, 8, 3)
    shifted = FrequencyShift(2)(features, None, generators(*range(40)))
    assert shifted.shape == features.shape
    seen = {tuple(clip[0, :, 0].tolist()) for clip in shifted}
    expected = {tuple(np.clip(np.arange(8.0) - shift, 0, 7)) for shift in range(-2, 3)}
    assert seen == expected
    assert torch.equal(shifted[:, 0], shifted[:, 1])


def test_shift_depends_on_the_generator_alone():
    features = torch.randn(3, 1, 16, 5)
    shift = FrequencyShift(5)
    together = shift(features, None, generators(1, 2, 3))
    alone = torch.cat([shift(features[i : i + 1], None, generators(i + 1)) for i in range(3)])
    assert torch.equal(together, alone)


def test_no_shift_keeps_the_values():
    features = torch.randn(2, 1, 16, 5)
    assert torch.equal(FrequencyShift(0)(features, None, generators(1, 2)), features)


def test_negative_shift_is_refused():
    with pytest.raises(ValueError, match="got -1, expected 0 or more"):
        FrequencyShift(-1)


@pytest.mark.parametrize("bands", [2.5, True, "3", None])
def test_shift_that_is_no_integer_is_refused(bands):
    with pytest.raises(ValueError, match=f"max_bands: got {bands!r}"):
        FrequencyShift(bands)
