"""Colours, orientation, size and ImageNet's statistics."""

import pytest
import torch

from hf_ser.features.imaging import apply_magma, imagenet_normalize, render, resize

# matplotlib's magma at steps 0, 64, 128, 192 and 255 of 256
MAGMA = {
    0: (0.001462, 0.000466, 0.013866),
    64: (0.316654, 0.07169, 0.48538),
    128: (0.716387, 0.214982, 0.47529),
    192: (0.9867, 0.535582, 0.38221),
    255: (0.987053, 0.991438, 0.749504),
}
PLAIN = {
    "value_range": None,
    "num_channels": 1,
    "colormap": None,
    "low_frequency_at": "top",
    "image_normalization": None,
    "size": None,
    "resample": "bilinear",
    "antialias": True,
}


@pytest.mark.parametrize("step", MAGMA)
def test_magma_has_matplotlibs_colours(step):
    colour = apply_magma(torch.full((1, 1, 1, 1), (step + 0.5) / 256)).flatten()
    torch.testing.assert_close(colour, torch.tensor(MAGMA[step]), rtol=0, atol=0.51 / 255)


def test_magma_clips_what_lies_outside():
    colours = apply_magma(torch.tensor([-1.0, 0.0, 1.0, 2.0]).view(1, 1, 1, 4))[0, :, 0]
    assert torch.equal(colours[:, 0], colours[:, 1])
    assert torch.equal(colours[:, 2], colours[:, 3])


def test_imagenet_statistics():
    grey = imagenet_normalize(torch.full((1, 3, 1, 1), 0.5)).flatten().tolist()
    assert grey == pytest.approx([(0.5 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.5 - 0.406) / 0.225])


def test_resize_is_half_pixel_centred():
    ramp = torch.arange(4.0).view(1, 1, 1, 4)
    assert resize(ramp, (1, 8), "bilinear", False).flatten().tolist() == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]
    # smoothing before shrinking takes the mean of neighbours, plain sampling at the same points does too for factor 2
    assert resize(ramp, (1, 2), "bilinear", False).flatten().tolist() == [0.5, 2.5]
    smooth = resize(torch.eye(8)[None, None], (2, 2), "bilinear", True)
    assert smooth.sum() == pytest.approx(0.5, abs=0.02)


def test_render_maps_range_and_repeats_channels():
    values = torch.tensor([[-80.0, -40.0], [0.0, 10.0]]).view(1, 1, 2, 2)
    grey = render(values, **{**PLAIN, "value_range": (-80.0, 0.0), "num_channels": 3})
    assert grey.shape == (1, 3, 2, 2)
    assert grey[0, 2].tolist() == [[0.0, 0.5], [1.0, 1.0]]
    turned = render(values, **{**PLAIN, "low_frequency_at": "bottom"})
    assert turned[0, 0].tolist() == [[0.0, 10.0], [-80.0, -40.0]]


def test_bicubic_pictures_stay_between_black_and_white():
    step = torch.cat([torch.zeros(1, 1, 4, 8), torch.ones(1, 1, 4, 8)], dim=2)
    picture = render(step, **{**PLAIN, "value_range": (0.0, 1.0), "size": (32, 32), "resample": "bicubic"})
    assert picture.min() == 0.0
    assert picture.max() == 1.0
