"""Filter banks and the cosine transform."""

import pytest
import torch
from transformers.audio_utils import mel_filter_bank

from hf_ser.features.mel_filters import cosine_transform, mel_filters, to_mel

CPU = torch.device("cpu")
SETTINGS = {
    "sampling_rate": 16000,
    "n_fft": 512,
    "num_mel_bins": 50,
    "min_frequency": 20.0,
    "max_frequency": 7600.0,
    "mel_scale": "htk",
    "mel_norm": None,
    "triangularize_in_mel_space": False,
}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"mel_scale": "slaney", "mel_norm": "slaney"},
        {"num_mel_bins": 3},
        {"num_mel_bins": 1},
        {"num_mel_bins": 130},
        {"n_fft": 64, "num_mel_bins": 60},
        {"triangularize_in_mel_space": True},
    ],
)
@pytest.mark.filterwarnings("ignore:At least one mel filter")
def test_groups_of_filters_equal_the_whole_matrix(change):
    settings = {**SETTINGS, **change}
    spectrum = torch.rand(2, settings["n_fft"] // 2 + 1, 7, generator=torch.Generator().manual_seed(0))
    whole = mel_filters(device=CPU, **settings)
    torch.testing.assert_close(to_mel(spectrum, **settings), whole @ spectrum)
    reference = mel_filter_bank(
        settings["n_fft"] // 2 + 1,
        settings["num_mel_bins"],
        20.0,
        7600.0,
        16000,
        settings["mel_norm"],
        settings["mel_scale"],
        settings["triangularize_in_mel_space"],
    )
    torch.testing.assert_close(whole, torch.tensor(reference.T, dtype=torch.float32))


def test_cosine_transform_is_orthonormal():
    matrix = cosine_transform(40, 40, CPU)
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(40), rtol=0, atol=1e-5)
    constant = cosine_transform(5, 16, CPU) @ torch.ones(16)
    torch.testing.assert_close(constant, torch.tensor([4.0, 0, 0, 0, 0]), rtol=0, atol=1e-5)
