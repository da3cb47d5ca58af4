"""Time and frequency masking."""

import numpy as np
import pytest
import torch

from hf_ser.augmentation import SpectrogramMasking
from hf_ser.features import SpectrogramFeatureExtractor

FILL = -80.0


def rngs(*rows: int) -> list[np.random.Generator]:
    return [np.random.default_rng([0, 0, row]) for row in rows]


def features(batch: int = 3, channels: int = 2, bands: int = 16, time: int = 50) -> torch.Tensor:
    return torch.randn(batch, channels, bands, time, generator=torch.Generator().manual_seed(0))


def masked_cells(out: torch.Tensor) -> np.ndarray:
    return (out == FILL).numpy()


@pytest.mark.parametrize("seed", range(20))
def test_masks_are_stripes_of_allowed_width_in_all_channels(seed: int) -> None:
    mask = SpectrogramMasking(1, 0.2, 7, 1, 5, fill=FILL)
    cells = masked_cells(mask(features(1), None, rngs(seed)))[0]
    np.testing.assert_array_equal(cells[0], cells[1])
    bands, frames = cells[0].all(axis=1), cells[0].all(axis=0)
    np.testing.assert_array_equal(cells[0], bands[:, None] | frames[None, :])
    for line, widest in ((bands, 5), (frames, 7)):
        hit = np.flatnonzero(line)
        assert hit.size <= widest
        assert hit.size == 0 or hit[-1] - hit[0] + 1 == hit.size


def test_every_width_and_every_place_occurs() -> None:
    mask = SpectrogramMasking(1, 0.3, None, 1, 3, fill=FILL)
    times, bands = set(), set()
    for seed in range(1000):
        cells = masked_cells(mask(features(1, 1, 4, 10), None, rngs(seed)))[0, 0]
        times.add(tuple(np.flatnonzero(cells.all(axis=0))))
        bands.add(tuple(np.flatnonzero(cells.all(axis=1))))
    assert times == {tuple(range(a, a + width)) for width in range(4) for a in range(11 - width)}
    assert bands == {tuple(range(a, a + width)) for width in range(4) for a in range(5 - width)}


def test_padding_is_untouched_and_a_clip_alone_is_masked_like_in_a_batch() -> None:
    mask = SpectrogramMasking(2, 0.3, None, 2, 4, fill="mean")
    batch, lengths = features(), [50, 31, 4]
    attention = torch.tensor([[int(t < n) for t in range(50)] for n in lengths])
    out = mask(batch, attention, rngs(5, 6, 7))
    for row, length in enumerate(lengths):
        assert torch.equal(out[row, :, :, length:], batch[row, :, :, length:])
        alone = mask(batch[row : row + 1, :, :, :length], None, rngs(5 + row))
        torch.testing.assert_close(out[row : row + 1, :, :, :length], alone)
        changed = (out[row] != batch[row]).any(dim=0)
        assert changed[:, :length].all(dim=0).sum() <= 2 * int(0.3 * length)


def test_padding_on_the_left_or_with_holes_is_respected() -> None:
    attention = torch.ones(1, 50, dtype=torch.long)
    attention[0, :10] = attention[0, 20:25] = 0
    for seed in range(10):
        batch = features(1)
        out = SpectrogramMasking(3, 0.5, None, 2, 8, fill=FILL)(batch, attention, rngs(seed))
        assert torch.equal(out[:, :, :, attention[0] == 0], batch[:, :, :, attention[0] == 0])


def test_rows_draw_from_their_own_generators() -> None:
    batch = features(1).repeat(3, 1, 1, 1)
    mask = SpectrogramMasking(fill=FILL)
    out = mask(batch, None, rngs(1, 2, 1))
    assert torch.equal(out[0], out[2])
    assert not torch.equal(out[0], out[1])
    assert torch.equal(mask(batch, None, rngs(1, 2, 1)), out)


def test_fills() -> None:
    batch, attention = features(1), torch.ones(1, 50)
    attention[0, 30:] = 0
    everything = {"num_time_masks": 200, "max_time_share": 1.0, "num_frequency_masks": 0}
    mean = SpectrogramMasking(**everything, fill="mean")(batch, attention, rngs(0))
    torch.testing.assert_close(
        mean[0, :, :, :30], batch[0, :, :, :30].mean(dim=(1, 2)).reshape(2, 1, 1).expand(2, 16, 30)
    )
    masked = torch.zeros(2, 16, 30)
    for fill in (-80.0, list(range(16)), np.arange(32.0).reshape(2, 16).tolist()):
        out = SpectrogramMasking(**everything, fill=fill)(batch, attention, rngs(0))
        masked[:] = torch.as_tensor(fill).float().expand(2, 16).unsqueeze(2)
        torch.testing.assert_close(out[0, :, :, :30], masked)
        bands = SpectrogramMasking(0, num_frequency_masks=200, max_frequency_width=16, fill=fill)
        torch.testing.assert_close(bands(batch, attention, rngs(0))[0, :, :, :30], masked)


@pytest.mark.parametrize("feature_type", ["log_mel", "log_mel_delta"])
def test_the_extractors_floor_makes_masks_look_like_padding(feature_type: str) -> None:
    extractor = SpectrogramFeatureExtractor(feature_type=feature_type)
    clips = [np.random.default_rng(n).standard_normal(n).astype(np.float32) / 10 for n in (8000, 16000)]
    batch = extractor(clips, sampling_rate=16000, padding="longest", return_tensors="pt")
    masking = SpectrogramMasking(200, 1.0, num_frequency_masks=0, fill=extractor.floor_value)
    out = masking(batch["input_features"], batch["attention_mask"], rngs(0, 1))
    silence = batch["input_features"][0, :, :, -1:]
    torch.testing.assert_close(out[0], silence.expand_as(out[0]))


def test_tiny_and_empty_clips_are_safe_and_input_is_kept() -> None:
    batch = features(2, 1, 16, 3)
    before = batch.clone()
    attention = torch.tensor([[1, 0, 0], [0, 0, 0]])
    for seed in range(10):
        out = SpectrogramMasking(2, 0.4, None, 0, fill=FILL)(batch, attention, rngs(seed, seed))
        assert torch.equal(out, before)  # 40 % of one frame is none
    assert torch.equal(batch, before)


def test_half_precision_stays() -> None:
    assert SpectrogramMasking()(features().half(), None, rngs(0, 1, 2)).dtype == torch.float16


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"num_time_masks": -1}, "num_time_masks: got -1"),
        ({"max_frequency_width": 2.5}, "max_frequency_width: got 2.5"),
        ({"max_time_share": 1.5}, "between 0 and 1"),
        ({"max_time_share": "x"}, "got 'x', expected a share"),
        ({"max_time_share": None}, "got None, expected a share"),
        ({"max_time_share": float("nan")}, "got nan"),
        ({"fill": "zero"}, "got 'zero', expected \"mean\""),
        ({"fill": None}, "no fixed floor"),
        ({"fill": [[1.0], [1.0, 2.0]]}, "one per band"),
    ],
)
def test_wrong_settings_are_explained(kwargs: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SpectrogramMasking(**kwargs)


@pytest.mark.parametrize(
    ("batch", "attention", "rows", "kwargs", "says"),
    [
        (features()[0], None, 3, {}, r"expected floating point \(batch, channels"),
        (features().long(), None, 3, {}, "int64"),
        (features(), torch.ones(3, 49), 3, {}, r"\(3, 50\)"),
        (features(), None, 2, {}, "got 2 generators, expected one per row, 3"),
        (features(), None, 3, {"max_frequency_width": 17}, "at most 16 bands"),
        (features(), None, 3, {"fill": [0.0] * 3}, r"shape \(3,\), expected one, \(16,\) or \(2, 16\)"),
    ],
)
def test_wrong_batches_are_explained(batch, attention, rows: int, kwargs: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SpectrogramMasking(**kwargs)(batch, attention, rngs(*range(rows)))
