"""The fields of a configuration that heads read, and stacks of random encoder states."""

from types import SimpleNamespace

import torch

from hf_ser.models.speech_encoder.heads import build_head, init_head_weights

DEFAULTS = {
    "head_hidden_size": 16,
    "head_dropout": 0.1,
    "head_config": {},
    "normalize_layers": False,
    "functionals_size": 0,
    "reference": None,
    "num_labels": 5,
}


def settings(head, **changes):
    """A stand-in for the configuration."""
    return SimpleNamespace(**{**DEFAULTS, "head": head, **changes})


def small_head(head, num_states=2, feature_size=8, **changes):
    """A head in evaluation mode, the same weights every time."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        built = build_head(settings(head, **changes), num_states, feature_size)
        for module in built.modules():
            init_head_weights(module)
    return built.eval()


def clips(lengths, num_states=2, feature_size=8, seed=0):
    """A stack whose padding holds NaN, and its mask."""
    generator = torch.Generator().manual_seed(seed)
    stack = torch.randn(len(lengths), num_states, max(lengths), feature_size, generator=generator)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return stack.masked_fill(~mask[:, None, :, None], torch.nan), mask
