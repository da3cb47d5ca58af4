"""The golden figures of the original Compact Transformers, from formula-made weights and inputs (see golden_rule)."""

import re

import torch
from golden_rule import draw, figures, read_index, weight

from hf_ser.models.cct import CctConfig

ENTRIES = read_index("golden.json")


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
