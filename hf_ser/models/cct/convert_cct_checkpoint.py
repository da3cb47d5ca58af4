"""Conversion of the original Compact Transformers' checkpoints (state dicts of CCT, CVT and ViT-Lite)."""

import argparse
import math
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers.utils import logging

from .configuration_cct import CctConfig
from .modeling_cct import CctForAudioClassification
from .positions_cct import is_sinusoid_table, resize_position_table, sinusoid_table

logger = logging.get_logger(__name__)

_WRAPPERS = ("state_dict", "model")
_PREFIXES = ("module.", "model.")
_TABLE = "classifier.positional_emb"
# part of an original block -> our part, and whether it has a bias
_BLOCK_PARTS = {
    "pre_norm": ("layernorm_before", True),
    "norm1": ("layernorm_after", True),
    "self_attn.qkv": ("attention.qkv", False),
    "self_attn.proj": ("attention.o_proj", True),
    "linear1": ("mlp.fc1", True),
    "linear2": ("mlp.fc2", True),
}


def _unwrap(state_dict: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Take off what training scripts and data-parallel wrappers put around the names."""
    for wrapper in _WRAPPERS:
        if isinstance(state_dict.get(wrapper), Mapping):
            return _unwrap(state_dict[wrapper])
    for prefix in _PREFIXES:
        if state_dict and all(key.startswith(prefix) for key in state_dict):
            return _unwrap({key.removeprefix(prefix): value for key, value in state_dict.items()})
    return dict(state_dict)


def _key_map(config: CctConfig) -> dict[str, str]:
    """Original name -> our name for every tensor of the variant except the positional table."""
    names = {}
    for stage in range(config.tokenizer_num_layers):
        for kind in ("weight", "bias") if config.tokenizer_bias else ("weight",):
            ours = f"cct.embeddings.tokenizer.stages.{stage}.conv.{kind}"
            names[f"tokenizer.conv_layers.{stage}.0.{kind}"] = ours
    if config.pooling == "class_token":
        names["classifier.class_emb"] = "cct.embeddings.class_token"
    modules = {"classifier.norm": ("cct.layernorm", True), "classifier.fc": ("classifier", True)}
    if config.pooling == "sequence":
        modules["classifier.attention_pool"] = ("cct.pooler.score", True)
    for block in range(config.num_hidden_layers):
        for theirs, (ours, bias) in _BLOCK_PARTS.items():
            modules[f"classifier.blocks.{block}.{theirs}"] = (f"cct.layers.{block}.{ours}", bias)
    for theirs, (ours, bias) in modules.items():
        for kind in ("weight", "bias") if bias else ("weight",):
            names[f"{theirs}.{kind}"] = f"{ours}.{kind}"
    return names


def _listed(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _source_grid(table: torch.Tensor, config: CctConfig, source_grid: tuple[int, int] | None) -> tuple[int, int]:
    """The (frequency, time) grid a stored table was made for; original images are square."""
    tokens = table.shape[1] - (config.pooling == "class_token")
    side = math.isqrt(max(tokens, 0))
    grid = (side, side) if source_grid is None else (int(source_grid[0]), int(source_grid[1]))
    if source_grid is None and side * side != tokens and config.token_grid[0] * config.token_grid[1] == tokens:
        grid = config.token_grid
    if grid[0] * grid[1] != tokens:
        raise ValueError(
            f"got a positional table of {tokens} tokens, expected those of a {grid[0]} x {grid[1]} grid; pass "
            "source_grid=(frequency tokens, time tokens) of the model it was trained with"
        )
    return grid


def _position_table(
    stored: torch.Tensor | None, config: CctConfig, source_grid: tuple[int, int] | None
) -> torch.Tensor | None:
    """The positional table for the configuration: stored, resized, or a sinusoid built anew."""
    kind = config.position_embedding_type
    if kind == "none":
        if stored is not None:
            raise ValueError(
                f"got a checkpoint with {_TABLE} for position_embedding_type='none', expected none; build the "
                "configuration with 'learnable' to keep the table"
            )
        return None
    if stored is None:
        if kind == "sinusoidal":
            return sinusoid_table(config.num_tokens, config.hidden_size)
        raise ValueError(
            f"got a checkpoint without {_TABLE}, expected one for position_embedding_type='learnable'; build the "
            "configuration with 'sinusoidal' or 'none' if it was trained so"
        )
    if stored.ndim != 3 or stored.shape[0] != 1 or stored.shape[2] != config.hidden_size:
        raise ValueError(
            f"got {_TABLE} of shape {tuple(stored.shape)}, expected (1, tokens, {config.hidden_size}); "
            "is this the right variant?"
        )
    if kind == "sinusoidal" and is_sinusoid_table(stored):
        return sinusoid_table(config.num_tokens, config.hidden_size).to(stored.dtype)
    return resize_position_table(stored, _source_grid(stored, config, source_grid), config.token_grid)


def convert_cct_state_dict(
    state_dict: Mapping[str, Any],
    config: CctConfig,
    *,
    source_grid: tuple[int, int] | None = None,
    drop_head: bool = False,
) -> dict[str, torch.Tensor]:
    """Rename an original state dict's tensors to ours, and fit its positional table to the configuration.

    A stored table is kept, whatever the variant's name says: the original code built learnable tables for its
    `_sine` CCT and CVT. With `position_embedding_type="sinusoidal"` such a table is kept frozen, and a missing one
    is built.

    Args:
        state_dict: Original names to tensors, bare or wrapped (`state_dict`, `model`, `module.`).
        config: The configuration to convert for; its image size may differ from the checkpoint's, the table is then
            resized bilinearly.
        source_grid: Tokens along frequency and time of the stored table; by default the square that original models
            have.
        drop_head: Leave the classification layer out, for a model with other classes.

    Returns:
        State dict of `CctForAudioClassification(config)`, without `classifier.*` if the head is dropped.

    Raises:
        ValueError: If tensors are missing, unexpected or of another shape, or the number of classes differs; the
            message names them.
    """
    tensors = _unwrap(state_dict)
    stored_table = tensors.pop(_TABLE, None)
    names = _key_map(config)
    missing = [name for name in names if name not in tensors and not (drop_head and name.startswith("classifier.fc."))]
    unexpected = [name for name in tensors if name not in names]
    if missing or unexpected:
        found = {"missing": missing, "unexpected": unexpected}
        problems = [f"{kind} {_listed(keys)}" for kind, keys in found.items() if keys]
        raise ValueError(
            f"the checkpoint does not fit the configuration: {'; '.join(problems)}; build the configuration with "
            "CctConfig.from_variant of the variant that the checkpoint was trained as"
        )
    if drop_head:
        names = {theirs: ours for theirs, ours in names.items() if not theirs.startswith("classifier.fc.")}
    with torch.device("meta"):
        expected = {name: tensor.shape for name, tensor in CctForAudioClassification(config).state_dict().items()}
    for theirs, ours in names.items():
        if tensors[theirs].shape == expected[ours]:
            continue
        if theirs.startswith("classifier.fc."):
            classes = tensors[theirs].shape[0]
            raise ValueError(
                f"got a checkpoint with {classes} classes, expected num_labels={config.num_labels}; pass "
                f"num_labels={classes} to keep its head, or drop_head=True to train a new one"
            )
        raise ValueError(
            f"got {theirs} of shape {tuple(tensors[theirs].shape)}, expected {tuple(expected[ours])}; "
            "is this the right variant and num_channels?"
        )
    converted = {ours: tensors[theirs].detach() for theirs, ours in names.items()}
    table = _position_table(stored_table, config, source_grid)
    if table is not None:
        converted["cct.embeddings.position_embeddings"] = table.detach()
    return converted


def _read_checkpoint(path: Path) -> Mapping[str, Any]:
    """Read a file's tensors without running anything in it."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # timm, which trained the originals, stores its command line (a Namespace of plain values) beside the weights
        with torch.serialization.safe_globals([argparse.Namespace]):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError, SafetensorError) as error:
        raise ValueError(
            f"got {path}, expected a whole file of tensors only: it is damaged, or holds Python objects, which could "
            "run code; fetch it again, or save its state_dict alone where you trust it and convert that"
        ) from error
    if not isinstance(checkpoint, Mapping):
        raise ValueError(f"got {path} holding a {type(checkpoint).__name__}, expected a state dict of named tensors")
    return checkpoint


def convert_cct_checkpoint(
    checkpoint: str | os.PathLike,
    output_folder: str | os.PathLike,
    variant: str,
    *,
    source_grid: tuple[int, int] | None = None,
    drop_head: bool = False,
    **overrides: Any,
) -> Path:
    """Turn an original checkpoint file into a folder that `from_pretrained` reads (config.json and safetensors).

    A `_sine` checkpoint whose stored table is not the sinusoid is written with
    `position_embedding_type="learnable"`, since that is what it was trained with.

    Args:
        checkpoint: Original file (.pth, .pth.tar, .bin: read as tensors only, no code is run; or .safetensors).
        output_folder: Folder to write; must not exist or be empty.
        variant: Name of the variant, for instance "cct_14_7x2_224"; see `CctConfig.from_variant`.
        source_grid: See `convert_cct_state_dict`.
        drop_head: Write the encoder only (a `CctModel`), for training with other classes.
        **overrides: Fields of the configuration that differ from the variant's, such as `num_labels` or `image_size`.

    Returns:
        The output folder.

    Raises:
        FileExistsError: If the output folder holds anything.
        ValueError: If the checkpoint does not fit the variant, or holds more than tensors.
        OSError: If the checkpoint cannot be read.
    """
    source, target = Path(checkpoint), Path(output_folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"got output folder {target}, expected an empty or new one; choose another or clear it")
    tensors = _unwrap(_read_checkpoint(source))
    config = CctConfig.from_variant(variant, **overrides)
    stored = tensors.get(_TABLE)
    promised_sinusoid = config.position_embedding_type == "sinusoidal" and "position_embedding_type" not in overrides
    if promised_sinusoid and stored is not None and not is_sinusoid_table(stored):
        logger.warning(f"{source} holds a trained positional table, not a sinusoid: kept, as a learnable table")
        config.position_embedding_type = "learnable"
    converted = convert_cct_state_dict(tensors, config, source_grid=source_grid, drop_head=drop_head)
    model = CctForAudioClassification(config)
    model.load_state_dict(converted, strict=not drop_head)
    (model.cct if drop_head else model).save_pretrained(target)
    return target


__all__ = ["convert_cct_checkpoint", "convert_cct_state_dict"]
