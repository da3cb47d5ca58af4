"""Weights and inputs made by formula, and the comparison with what the original systems give for them.

Every tensor is drawn from a generator seeded with the CRC-32 of its name, so only outputs are stored (tests/golden).
"""

import json
import math
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

FOLDER = Path(__file__).parent / "golden"
SALT = "golden-1"


def draw(key, shape):
    """Standard normal float32 numbers for a name."""
    seed = zlib.crc32(f"{SALT}/{key}".encode())
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(shape, dtype=np.float32)


def weight(key, shape):
    """The tensor that the rule gives for an original parameter's or buffer's name."""
    if key.endswith("num_batches_tracked"):
        return torch.tensor(1)
    values = draw(key, shape)
    if key.endswith(("positional_emb", "positional_emb_scnd_blcks", "class_emb")):
        values = np.float32(0.2) * values
    elif len(shape) > 1:
        values = values * np.float32(1 / math.sqrt(math.prod(shape[1:])))
    elif key.endswith("running_var"):
        values = np.float32(1) + np.float32(0.1) * np.abs(values)
    elif key.endswith(".weight"):
        values = np.float32(1) + np.float32(0.1) * values
    else:
        values = np.float32(0.1) * values
    return torch.from_numpy(values)


def read_index(file):
    """An index of entries, and a check that it was made by this rule."""
    index = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    assert (index["format_version"], index["salt"]) == (1, SALT)
    return index["models"]


@cache
def figures(file):
    """All stored outputs of one family."""
    return load_file(FOLDER / file)


def assert_figures(expected, actual, tolerance=2e-5):
    """Compare a tensor with the stored shape, first and last values, mean and deviation that `expected` gives."""
    actual = actual.detach()
    assert list(actual.shape) == expected("shape").tolist()
    flat = actual.flatten()
    torch.testing.assert_close(flat[:8], expected("first8"), rtol=0, atol=tolerance)
    torch.testing.assert_close(flat[-8:], expected("last8"), rtol=0, atol=tolerance)
    stats = torch.stack([flat.double().mean(), flat.double().std(correction=0)])
    torch.testing.assert_close(stats, expected("stats").double(), rtol=0, atol=tolerance)
