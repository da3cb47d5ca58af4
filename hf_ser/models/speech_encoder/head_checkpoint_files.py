"""Reading a published checkpoint, from a folder, a Hub id or a single file, as tensors only."""

import json
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import AutoConfig, PreTrainedConfig

from ..loading_report import CheckpointError

_SAFETENSORS, _PICKLE = "model.safetensors", "pytorch_model.bin"
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_DATA_PARALLEL = "module."


@dataclass(frozen=True)
class HeadCheckpoint:
    """A checkpoint as it was published.

    `config` is the encoder's configuration with the labels, `tensors` all weights by name, `folder` where a
    preprocessor_config.json may lie, `notes` what a reader should know of the files.
    """

    config: PreTrainedConfig
    tensors: dict[str, torch.Tensor]
    folder: Path
    notes: tuple[str, ...]


def read_head_checkpoint(
    path: str | os.PathLike, config: PreTrainedConfig | str | os.PathLike | None = None
) -> HeadCheckpoint:
    """Read a checkpoint without running anything in it.

    Args:
        path: folder (config.json, and safetensors or else a pytorch_model.bin), Hub id, or a single file of weights.
        config: configuration, or the folder or id of an encoder that has it; needed for a file that has none beside.

    Returns:
        the checkpoint.

    Raises:
        CheckpointError: if a file is damaged or holds more than tensors.
        FileNotFoundError: if there is no such checkpoint, or no configuration or weights in it.
        ValueError: if the configuration cannot be read.
    """
    place = Path(path)
    if not place.exists():
        place = _fetched(os.fspath(path))
    folder = place if place.is_dir() else place.parent
    if config is None:
        if not (folder / "config.json").is_file():
            raise FileNotFoundError(
                f"got {str(path)!r} without a config.json beside the weights, expected one that says how the encoder "
                "is built; pass config=, the encoder's configuration or its folder or Hub id"
            )
        config = folder
    if not isinstance(config, PreTrainedConfig):
        config = AutoConfig.from_pretrained(config)
    files = [place] if place.is_file() else _weight_files(folder)
    tensors: dict[str, torch.Tensor] = {}
    for file in files:
        tensors |= _unwrapped(_read(file))
    notes = tuple(
        f"{file.name} is no safetensors file: read as tensors only, nothing in it was run"
        for file in files
        if file.suffix != ".safetensors"
    )
    return HeadCheckpoint(config, tensors, folder, notes)


def _fetched(repository: str) -> Path:
    """The folder of a Hub id; weights that can only be unpickled are fetched where there are no others."""
    try:
        folder = Path(snapshot_download(repository, allow_patterns=["*.json", "*.safetensors"]))
        if not list(folder.glob("*.safetensors")):
            folder = Path(snapshot_download(repository, allow_patterns=["*.json", "pytorch_model*.bin"]))
    except (HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError) as error:
        raise FileNotFoundError(
            f"got {repository!r}, expected a checkpoint's folder or file on this machine, or a Hub id that can be "
            f"reached ({error}); offline, copy the folder here and give its path"
        ) from error
    return folder


def _weight_files(folder: Path) -> list[Path]:
    for name in (_SAFETENSORS, _PICKLE):
        if (folder / name).is_file():
            return [folder / name]
        index = folder / f"{name}.index.json"
        if index.is_file():
            shards = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
            return [folder / shard for shard in sorted(set(shards))]
    raise FileNotFoundError(
        f"got {str(folder)!r}, expected {_SAFETENSORS} or {_PICKLE} in it; it holds "
        f"{', '.join(sorted(file.name for file in folder.iterdir())[:10]) or 'nothing'}"
    )


def _read(file: Path) -> Mapping[str, Any]:
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        found = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(
            f"got {str(file)!r}, expected a whole file of tensors only: it is damaged, or holds Python objects such "
            "as a pickled model, which could run code; fetch it again, or save its state_dict alone where you trust "
            "it and convert that"
        ) from error
    if not isinstance(found, Mapping):
        raise CheckpointError(f"got {str(file)!r} holding a {type(found).__name__}, expected named tensors")
    return found


def _unwrapped(found: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Take off what training scripts and data-parallel wrappers put around the names."""
    for wrapper in _WRAPPERS:
        if isinstance(found.get(wrapper), Mapping):
            return _unwrapped(found[wrapper])
    if found and all(key.startswith(_DATA_PARALLEL) for key in found):
        found = {key.removeprefix(_DATA_PARALLEL): value for key, value in found.items()}
    return {key: value for key, value in found.items() if isinstance(value, torch.Tensor)}


__all__ = ["HeadCheckpoint", "read_head_checkpoint"]
