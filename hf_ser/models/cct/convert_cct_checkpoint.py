"""Conversion of original checkpoints: state dicts of CCT, CVT and ViT-Lite, and of Speaker VGG CCT."""

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
from .configuration_speaker_cct import SpeakerCctConfig
from .modeling_cct import CctForAudioClassification
from .modeling_speaker_cct import SpeakerCctForAudioClassification
from .original_names_cct import HEAD, TABLE, dead_names, original_names, speaker_variant_of
from .positions_cct import is_sinusoid_table, resize_position_table, sinusoid_table
from .variants_cct import split_speaker_variant

logger = logging.get_logger(__name__)

_WRAPPERS = ("state_dict", "model")
_PREFIXES = ("module.", "model.")
_REDUCTION = "cct.speaker.reduction_"


def unwrap(state_dict: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Take off what training scripts and data-parallel wrappers put around the names.

    Args:
        state_dict: Names to tensors, or a mapping that holds such a one.

    Returns:
        The names that the model itself has, to tensors.
    """
    for wrapper in _WRAPPERS:
        if isinstance(state_dict.get(wrapper), Mapping):
            return unwrap(state_dict[wrapper])
    for prefix in _PREFIXES:
        if state_dict and all(key.startswith(prefix) for key in state_dict):
            return unwrap({key.removeprefix(prefix): value for key, value in state_dict.items()})
    return dict(state_dict)


def _class_of(config: CctConfig) -> type[CctForAudioClassification]:
    return SpeakerCctForAudioClassification if isinstance(config, SpeakerCctConfig) else CctForAudioClassification


def _listed(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _way_out(tensors: Mapping[str, torch.Tensor], config: CctConfig) -> str:
    """What to do with a checkpoint of other tensors than the configuration's."""
    speaker_variant = speaker_variant_of(tensors)
    if speaker_variant is not None and not isinstance(config, SpeakerCctConfig):
        return (
            "it is a speaker-conditioned CCT's, expected a plain one's: convert it whole with "
            "hf_ser.convert_cct_state_dict and a SpeakerCctConfig, e.g. "
            f"SpeakerCctConfig.from_variant({speaker_variant!r}) of its size"
        )
    hint = ""
    if speaker_variant is None and isinstance(config, SpeakerCctConfig):
        hint = "; from a plain CCT, hf_ser.transfer_from_cct takes what fits"
    return (
        f"build the configuration with {type(config).__name__}.from_variant of the variant that the checkpoint was "
        f"trained as{hint}"
    )


def _source_grid(table: torch.Tensor, config: CctConfig, source_grid: tuple[int, int] | None) -> tuple[int, int]:
    """The (frequency, time) grid a stored table was made for; original images are square."""
    tokens = table.shape[1] - config.num_leading_tokens
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
                f"got a checkpoint with {TABLE} for position_embedding_type='none', expected none; build the "
                "configuration with 'learnable' to keep the table"
            )
        return None
    if stored is None:
        if kind == "sinusoidal":
            return sinusoid_table(config.num_tokens, config.hidden_size)
        raise ValueError(
            f"got a checkpoint without {TABLE}, expected one for position_embedding_type='learnable'; build the "
            "configuration with 'sinusoidal' or 'none' if it was trained so"
        )
    if stored.ndim != 3 or stored.shape[0] != 1 or stored.shape[2] != config.hidden_size:
        raise ValueError(
            f"got {TABLE} of shape {tuple(stored.shape)}, expected (1, tokens, {config.hidden_size}); "
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

    Tensors that the original never uses (a norm of the pair model) are left out; the vector of an unknown speaker,
    which the originals lack, is zero.

    Args:
        state_dict: Original names to tensors, bare or wrapped (`state_dict`, `model`, `module.`).
        config: The configuration to convert for, a `SpeakerCctConfig` for Speaker VGG CCT; its image size may differ
            from the checkpoint's, the table is then resized bilinearly.
        source_grid: Tokens along frequency and time of the stored table; by default the square that original models
            have.
        drop_head: Leave the classification layer out, for a model with other classes.

    Returns:
        State dict of `CctForAudioClassification(config)`, or of `SpeakerCctForAudioClassification(config)` without
        its speaker encoder and reduction, which originals keep elsewhere (`set_speaker_encoder`,
        `fit_speaker_reduction`); without `classifier.*` if the head is dropped.

    Raises:
        ValueError: If tensors are missing, unexpected or of another shape, or the number of classes differs; the
            message names them.
    """
    tensors = unwrap(state_dict)
    speaks = isinstance(config, SpeakerCctConfig)
    if isinstance(config, SpeakerCctConfig) and set(config.token_sizes) != {config.hidden_size}:
        raise ValueError(
            f"got a configuration with vectors of sizes {config.token_sizes} for hidden_size={config.hidden_size}, "
            "expected the same: the originals have no projection; leave speaker_embedding_dim out, or reduce to it "
            f"with speaker_reduction_dim={config.hidden_size}"
        )
    stored_table = tensors.pop(TABLE, None)
    names = original_names(config)
    for dead in dead_names(config):
        tensors.pop(dead, None)
    missing = [name for name in names if name not in tensors and not (drop_head and name.startswith(HEAD))]
    unexpected = [name for name in tensors if name not in names]
    if missing or unexpected:
        found = {"missing": missing, "unexpected": unexpected}
        problems = "; ".join(f"{kind} {_listed(keys)}" for kind, keys in found.items() if keys)
        raise ValueError(f"the checkpoint does not fit the configuration: {problems}; {_way_out(tensors, config)}")
    if drop_head:
        names = {theirs: ours for theirs, ours in names.items() if not theirs.startswith(HEAD)}
    with torch.device("meta"):
        expected = {name: tensor.shape for name, tensor in _class_of(config)(config).state_dict().items()}
    for theirs, ours in names.items():
        if tensors[theirs].shape == expected[ours]:
            continue
        if theirs.startswith(HEAD):
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
    if speaks:
        converted["cct.speaker.unknown"] = torch.zeros(expected["cct.speaker.unknown"])
    return converted


def read_cct_checkpoint(path: Path) -> Mapping[str, Any]:
    """Read a file's tensors without running anything in it.

    Args:
        path: Original file (.pth, .pth.tar, .bin) or .safetensors.

    Returns:
        Names to tensors, perhaps wrapped.

    Raises:
        ValueError: If it is damaged, or holds more than tensors.
        OSError: If it cannot be read.
    """
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
        variant: Name of the variant, for instance "cct_14_7x2_224"; see `CctConfig.from_variant` and
            `SpeakerCctConfig.from_variant`. Originals hold no speaker encoder, and no reduction: one that
            `speaker_reduction_dim` asks for is written unfitted, with a warning.
        source_grid: See `convert_cct_state_dict`.
        drop_head: Write the encoder only (a `CctModel`), for training with other classes.
        **overrides: Fields of the configuration that differ from the variant's, such as `num_labels` or `image_size`.

    Returns:
        The output folder.

    Raises:
        FileExistsError: If the output folder holds anything.
        ValueError: If the checkpoint does not fit the variant, or holds more than tensors, or a speaker encoder's
            configuration is among the overrides.
        OSError: If the checkpoint cannot be read.
    """
    source, target = Path(checkpoint), Path(output_folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"got output folder {target}, expected an empty or new one; choose another or clear it")
    if overrides.get("speaker_encoder_config") is not None:
        raise ValueError(
            "got speaker_encoder_config, but original checkpoints hold no speaker encoder; leave it out (pass "
            "speaker_embedding_dim where it is needed), load the folder, and give the model its encoder with "
            "model.set_speaker_encoder(folder or model)"
        )
    tensors = unwrap(read_cct_checkpoint(source))
    speaks = split_speaker_variant(variant)[1] is not None
    config = (SpeakerCctConfig if speaks else CctConfig).from_variant(variant, **overrides)
    stored = tensors.get(TABLE)
    promised_sinusoid = config.position_embedding_type == "sinusoidal" and "position_embedding_type" not in overrides
    if promised_sinusoid and stored is not None and not is_sinusoid_table(stored):
        logger.warning(f"{source} holds a trained positional table, not a sinusoid: kept, as a learnable table")
        config.position_embedding_type = "learnable"
    converted = convert_cct_state_dict(tensors, config, source_grid=source_grid, drop_head=drop_head)
    model = _class_of(config)(config)
    own = model.state_dict()
    unfitted = [name for name in own if name.startswith(_REDUCTION)]
    left = [*unfitted, *(name for name in own if drop_head and name.startswith("classifier."))]
    model.load_state_dict({**converted, **{name: own[name] for name in left}})
    if unfitted:
        logger.warning(
            f"{source} holds no reduction of speaker vectors: the one to {config.speaker_reduction_dim} is written "
            "unfitted; call model.fit_speaker_reduction(vectors of the training clips) before the model is used"
        )
    (model.cct if drop_head else model).save_pretrained(target)
    return target


__all__ = ["convert_cct_checkpoint", "convert_cct_state_dict", "read_cct_checkpoint", "unwrap"]
