"""Small models of each family for fast tests."""

import torch

from hf_ser.models.cct import CctConfig, CctForAudioClassification

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_labels": 4, "num_channels": 1, "image_size": [16, 50]}
NAMES = {
    "cct_1_conv": "cct_2_3x1_32",
    "cct_2_convs": "cct_2_3x2_32",
    "cct_wide_kernel": "cct_2_7x2_32",
    "cvt": "cvt_2_4_32",
    "vit": "vit_2_4_32",
}
CHANGES = {
    "cct_negative_activation": {"tokenizer_activation": "gelu", "tokenizer_bias": True},
    "cct_class_token": {"pooling": "class_token"},
    "cct_no_padding": {"tokenizer_padding": 0, "tokenizer_kernel_size": 3, "tokenizer_stride": 2},
}
KINDS = [*NAMES, *CHANGES]


def tiny_config(kind="cct_2_convs", **overrides):
    """A small configuration of one kind of tokenizer."""
    name = NAMES.get(kind, "cct_2_3x2_32")
    return CctConfig.from_variant(name, **(SMALL | CHANGES.get(kind, {}) | overrides))


def tiny_model(kind="cct_2_convs", seed=0, **overrides):
    """A small model in evaluation mode, its weights far enough from zero for differences to show."""
    torch.manual_seed(seed)
    model = CctForAudioClassification(tiny_config(kind, **overrides)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def padded_batch(lengths, size=50, channels=1, bins=16, seed=1):
    """Random spectrograms (batch, channels, bins, size) with rubbish after each clip's end, and their mask."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(len(lengths), channels, bins, size, generator=generator)
    mask = (torch.arange(size) < torch.tensor(lengths)[:, None]).long()
    return features, mask
