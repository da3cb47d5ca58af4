"""Conversion of SpeechBrain's ECAPA-TDNN: its own .ckpt, or the same tensors as safetensors."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file

from ...features.feature_extraction_ecapa import EcapaTdnnFeatureExtractor
from ..loading_report import CheckpointError
from .configuration_ecapa_tdnn import EcapaTdnnConfig
from .conversion import SpeakerEncoderConversion, check_output_folder, load_and_save
from .modeling_ecapa_tdnn import EcapaTdnnModel

FILES = ("embedding_model.safetensors", "embedding_model.ckpt")


def convert_ecapa_tdnn_checkpoint(
    path: str | os.PathLike, out: str | os.PathLike, *, config: EcapaTdnnConfig | None = None
) -> SpeakerEncoderConversion:
    """Turn SpeechBrain's ECAPA-TDNN into a folder that `load_speaker_encoder` and `AutoModel` load.

    Args:
        path: The file of weights (safetensors, or a .ckpt, which is read as tensors only), a folder with
            embedding_model.safetensors or embedding_model.ckpt, or a Hub id such as
            "speechbrain/spkrec-ecapa-voxceleb".
        out: Folder to write; must not exist or be empty.
        config: The sizes, where they are not those of SpeechBrain's VoxCeleb model.

    Returns:
        The folder, and the new name of every tensor. Weights are stored as float32.

    Raises:
        CheckpointError: A ValueError, if a tensor is missing, unexpected or of another shape, or the file is damaged
            or holds more than tensors; names what it is.
        FileExistsError: If the output folder holds anything.
        FileNotFoundError: If there is no such checkpoint.
    """
    target = check_output_folder(out)
    config = EcapaTdnnConfig() if config is None else config
    tensors = _read(_weight_file(path))
    model = EcapaTdnnModel(config)
    names = key_map(config, model.state_dict())
    for theirs, ours in names.items():
        stored = tensors.get(theirs)
        # convolutions over a single frame are linear layers here
        if stored is not None and stored.ndim == 3 and model.state_dict()[ours].ndim == 2:
            tensors[theirs] = stored.squeeze(-1)
    extractor = EcapaTdnnFeatureExtractor(num_mel_bins=config.num_mel_bins)
    return load_and_save(model, extractor, tensors, names, path, target)


def key_map(config: EcapaTdnnConfig, ours: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """SpeechBrain's name -> our name for every tensor.

    Args:
        config: The sizes.
        ours: State dict of an `EcapaTdnnModel` of this configuration.

    Returns:
        As many names as the model has tensors.
    """
    modules = {"pooling.score": "asp.conv.conv", "norm": "asp_bn.norm", "projection": "fc.conv"}
    layers = {"stem": "blocks.0", "aggregation": "mfa", "pooling.hidden": "asp.tdnn"}
    for layer in range(len(config.kernel_sizes) - 1):
        mine, block = f"layers.{layer}", f"blocks.{layer + 1}"
        layers |= {f"{mine}.before": f"{block}.tdnn1", f"{mine}.after": f"{block}.tdnn2"}
        for part in range(config.res2net_scale - 1):
            layers[f"{mine}.res2net.layers.{part}"] = f"{block}.res2net_block.blocks.{part}"
        modules[f"{mine}.excitation.squeeze"] = f"{block}.se_block.conv1.conv"
        modules[f"{mine}.excitation.excite"] = f"{block}.se_block.conv2.conv"
    for mine, theirs in layers.items():
        modules |= {f"{mine}.conv": f"{theirs}.conv.conv", f"{mine}.norm": f"{theirs}.norm.norm"}
    pairs = (name.rpartition(".") for name in ours)
    return {f"{modules[module]}.{kind}": f"{module}.{kind}" for module, _, kind in pairs}


def _weight_file(path: str | os.PathLike) -> Path:
    place = Path(path)
    if not place.exists():
        try:
            place = Path(snapshot_download(os.fspath(path), allow_patterns=list(FILES)))
        except (HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError) as error:
            raise FileNotFoundError(
                f"got {os.fspath(path)!r}, expected a file or folder on this machine, or a Hub id that can be reached "
                f"({error}); offline, copy SpeechBrain's embedding_model.ckpt here and give its path"
            ) from error
    if place.is_file():
        return place
    found = next((place / name for name in FILES if (place / name).is_file()), None)
    if found is None:
        raise FileNotFoundError(
            f"got {os.fspath(path)!r}, expected {' or '.join(FILES)} in it; it holds "
            f"{', '.join(sorted(file.name for file in place.iterdir())[:10]) or 'nothing'}; give the file of weights "
            "itself if it has another name"
        )
    return found


def _read(file: Path) -> dict[str, torch.Tensor]:
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        found = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(
            f"got {str(file)!r}, expected a whole file of tensors only: it is damaged, or holds Python objects, which "
            "could run code; fetch it again, or save its state_dict alone where you trust it and convert that"
        ) from error
    if not isinstance(found, Mapping) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise CheckpointError(
            f"got {str(file)!r} holding a {type(found).__name__}, expected a state dict: names and their tensors"
        )
    return dict(found)


__all__ = ["convert_ecapa_tdnn_checkpoint", "key_map"]
