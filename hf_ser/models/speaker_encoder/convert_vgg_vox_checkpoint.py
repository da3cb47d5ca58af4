"""Conversion of VGG-Vox's Keras weights (HDF5); needs h5py, the extra `vggvox`."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...features.feature_extraction_vgg_vox import VggVoxFeatureExtractor
from ..loading_report import CheckpointError
from .configuration_vgg_vox import VggVoxConfig
from .conversion import SpeakerEncoderConversion, check_output_folder, load_and_save
from .modeling_vgg_vox import STAGES, VggVoxModel

_CONVOLUTION = {"kernel": "weight", "bias": "bias"}
_NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def convert_vgg_vox_checkpoint(
    path: str | os.PathLike, out: str | os.PathLike, *, config: VggVoxConfig | None = None
) -> SpeakerEncoderConversion:
    """Turn VGG-Vox's Keras weights into a folder that `load_speaker_encoder` and `AutoModel` load.

    Args:
        path: Keras's HDF5 file (.h5) of weights or of the whole model; only its arrays are read. The layers are named
            conv1 to conv5, fc6 to fc8 and bn1 to bn7.
        out: Folder to write; must not exist or be empty.
        config: The sizes, where they are not the published ones.

    Returns:
        The folder, and the new name of every array.

    Raises:
        CheckpointError: A ValueError, if an array is missing, unexpected or of another shape, or the file is damaged;
            names what it is.
        FileExistsError: If the output folder holds anything.
        FileNotFoundError: If there is no such file.
        ImportError: If h5py is not installed.
    """
    target = check_output_folder(out)
    model = VggVoxModel(VggVoxConfig() if config is None else config)
    linear = [f"{layer}/kernel" for layer in ("fc7", "fc8")]
    tensors = {}
    for name, array in _read(Path(path)).items():
        tensor = torch.from_numpy(array)
        if tensor.ndim == 4:
            # Keras: (frequency, time, in, out); here (out, in, time, frequency)
            tensor = tensor.permute(3, 2, 1, 0).contiguous()
        tensors[name] = tensor.flatten(1) if name in linear else tensor
    # Keras counts no batches; the count is read only where the momentum is None
    names = key_map()
    tensors |= {name: torch.tensor(1) for name in names if name.endswith("/num_batches_tracked")}
    done = load_and_save(model, VggVoxFeatureExtractor(), tensors, names, path, target)
    mapped = {theirs: ours for theirs, ours in done.mapped.items() if not theirs.endswith("/num_batches_tracked")}
    return SpeakerEncoderConversion(done.folder, mapped)


def key_map() -> dict[str, str]:
    """Keras's name -> our name for every tensor of a `VggVoxModel`."""
    modules = {"fc7": ("hidden", "norm"), "fc8": ("projection", None)}
    for stage in range(len(STAGES)):
        layer = f"{'conv' if stage < 5 else 'fc'}{stage + 1}"
        modules[layer] = (f"stages.{stage}.conv", f"stages.{stage}.norm")
    names: dict[str, str] = {}
    for layer, (convolution, norm) in modules.items():
        names |= {f"{layer}/{theirs}": f"{convolution}.{ours}" for theirs, ours in _CONVOLUTION.items()}
        if norm is not None:
            kinds = {**_NORM, "num_batches_tracked": "num_batches_tracked"}
            names |= {f"bn{layer[-1]}/{theirs}": f"{norm}.{ours}" for theirs, ours in kinds.items()}
    return names


def _read(file: Path) -> dict[str, np.ndarray]:
    """Arrays of the file by "layer/kind"."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "Keras's HDF5 files are read by h5py, which is not installed: pip install 'hf-ser[vggvox]'"
        ) from error
    if not file.is_file():
        raise FileNotFoundError(
            f"got {str(file)!r}, expected Keras's file of VGG-Vox's weights (.h5); no file is there"
        )
    arrays: dict[str, np.ndarray] = {}

    def collect(name: str, found: Any) -> None:
        if isinstance(found, h5py.Dataset):
            parts = name.removeprefix("model_weights/").split("/")
            if parts[0] != "optimizer_weights":
                arrays[f"{parts[0]}/{parts[-1].split(':')[0]}"] = np.asarray(found)

    try:
        with h5py.File(file, "r") as opened:
            opened.visititems(collect)
    except OSError as error:
        raise CheckpointError(
            f"got {str(file)!r}, expected a whole HDF5 file of Keras: {error}; fetch it again"
        ) from error
    return arrays


__all__ = ["convert_vgg_vox_checkpoint", "key_map"]
