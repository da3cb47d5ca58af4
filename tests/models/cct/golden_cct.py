"""The golden figures of the original Compact Transformers, from formula-made weights and inputs.

Every tensor is drawn from a generator seeded with the CRC-32 of its name, so only outputs are stored (tests/golden).
"""

import json
import math
import re
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from hf_ser.models.cct import CctConfig

FOLDER = Path(__file__).parents[2] / "golden"
INDEX = json.loads((FOLDER / "golden.json").read_text(encoding="utf-8"))
ENTRIES = INDEX["models"]


def draw(key, shape):
    """Standard normal float32 numbers for a name."""
    seed = zlib.crc32(f"{INDEX['salt']}/{key}".encode())
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(shape, dtype=np.float32)


def weight(key, shape):
    """The tensor that the rule gives for an original parameter's name."""
    values = draw(key, shape)
    if key.endswith(("positional_emb", "class_emb")):
        values = np.float32(0.2) * values
    elif len(shape) > 1:
        values = values * np.float32(1 / math.sqrt(math.prod(shape[1:])))
    elif key.endswith(".weight"):
        values = np.float32(1) + np.float32(0.1) * values
    else:
        values = np.float32(0.1) * values
    return torch.from_numpy(values)


@cache
def figures(file):
    """All stored outputs of one family."""
    return load_file(FOLDER / file)


def expected(name, what):
    """One stored output of an entry, such as `logits` or `pooled.stats`."""
    return figures(ENTRIES[name]["file"])[f"{name}/{what}"]


def input_features(name):
    """The input an entry was run on."""
    return torch.from_numpy(draw("input.input_features", ENTRIES[name]["inputs"]["input.input_features"]))


def config_of(name, **overrides):
    """Our configuration of an entry, with the positional table that the original really used."""
    entry = ENTRIES[name]
    _, channels, *image_size = entry["inputs"]["input.input_features"]
    settings = {"num_labels": entry["num_classes"], "num_channels": channels, "image_size": image_size}
    if "original behaviour: the sine request is lost" in entry["positional_embedding"]:
        settings["position_embedding_type"] = "learnable"
    return CctConfig.from_variant(name.split("@")[0], **(settings | overrides))


def state_dict(name):
    """The original state dict of an entry; a sinusoidal table is left out, since no rule draws it."""
    entry = ENTRIES[name]
    resized_from = re.search(r"@resize_(\d+)_to", name)
    tensors = {}
    for template, shape in entry["keys"]:
        for block in range(entry["blocks"]) if "{b}" in template else [0]:
            key = template.format(b=block)
            if key == "classifier.positional_emb":
                if entry["positional_embedding"].startswith("sinusoid"):
                    continue
                if resized_from:
                    shape = [1, config_of(name, image_size=int(resized_from[1])).num_tokens, shape[2]]
            tensors[key] = weight(key, shape)
    return tensors
