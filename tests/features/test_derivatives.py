"""Deltas of shapes whose derivatives are known."""

import pytest
import torch

from hf_ser.features.derivatives import savitzky_golay, with_deltas, wrapped_difference

FRAMES = torch.arange(20.0)


@pytest.mark.parametrize("width", [3, 5, 9])
def test_a_straight_line_has_its_slope_everywhere_with_fitted_edges(width):
    delta = savitzky_golay((3 * FRAMES + 1)[None], width, 1, "interp")
    torch.testing.assert_close(delta, torch.full((1, 20), 3.0))


def test_a_parabola_has_its_curvature_everywhere_with_fitted_edges():
    second = savitzky_golay((0.5 * FRAMES**2)[None], 9, 2, "interp")
    torch.testing.assert_close(second, torch.ones(1, 20), rtol=0, atol=1e-4)


def test_repeated_edges_flatten_the_slope_at_the_ends():
    delta = savitzky_golay(FRAMES[None], 5, 1, "nearest")
    torch.testing.assert_close(delta[0, 2:-2], torch.ones(16))
    # offsets -2..2 times values 0, 0, 0, 1, 2, over 2 * (1 + 4)
    assert delta[0, 0] == pytest.approx(0.5)
    assert delta[0, -1] == pytest.approx(0.5)


@pytest.mark.parametrize("frames", [1, 2, 8])
def test_clips_shorter_than_the_window_repeat_their_edges(frames):
    values = torch.randn(2, frames, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(savitzky_golay(values, 9, 1, "interp"), savitzky_golay(values, 9, 1, "nearest"))


def test_wrapped_difference_joins_the_ends():
    assert wrapped_difference(torch.tensor([1.0, 4.0, 9.0])).tolist() == [-3.0, -5.0, 8.0]


def test_second_channel_pairs():
    values = torch.randn(1, 4, 30, generator=torch.Generator().manual_seed(1))
    repeated = with_deltas(values, method="regression", width=5, edge="nearest")
    torch.testing.assert_close(repeated[:, 2], savitzky_golay(repeated[:, 1], 5, 1, "nearest"))
    direct = with_deltas(values, method="savitzky_golay", width=5, edge="nearest")
    torch.testing.assert_close(direct[:, 2], savitzky_golay(values, 5, 2, "nearest"))
    torch.testing.assert_close(direct[:, 0], values)
