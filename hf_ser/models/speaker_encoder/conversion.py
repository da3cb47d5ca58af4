"""What the converters of speaker encoders share: strict maps between names, and the folder that is written."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedModel, SequenceFeatureExtractor

from ..loading_report import CheckpointError


@dataclass(frozen=True)
class SpeakerEncoderConversion:
    """What became of a checkpoint: `folder` holds the new one, `mapped` gives the new name of every tensor of the old.

    Load it with `hf_ser.load_speaker_encoder(folder)`.
    """

    folder: Path
    mapped: dict[str, str]


def check_output_folder(out: str | os.PathLike) -> Path:
    """The folder to write, which must not exist or be empty.

    Raises:
        FileExistsError: If it holds anything.
    """
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(
            f"got output folder {str(out)!r}, expected an empty or new one; choose another or clear it"
        )
    return target


def _listed(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def load_and_save(
    model: PreTrainedModel,
    extractor: SequenceFeatureExtractor,
    tensors: Mapping[str, torch.Tensor],
    names: Mapping[str, str],
    source: str | os.PathLike,
    target: Path,
) -> SpeakerEncoderConversion:
    """Put tensors into a model, each of them and no other, and write it with its feature extractor.

    Args:
        model: A fresh model.
        extractor: The feature extractor to save beside it.
        tensors: The original's tensors by their names, in the model's layout of axes.
        names: Name in the original -> name in the model, for every tensor of the model.
        source: Where the tensors are from, which errors name.
        target: Folder to write.

    Returns:
        What was written.

    Raises:
        CheckpointError: If a tensor is missing, unexpected or of another shape; the message names it.
    """
    expected = {theirs: tuple(model.state_dict()[ours].shape) for theirs, ours in names.items()}
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    problems = [
        ("missing", [name for name in expected if name not in shapes]),
        ("unexpected", [name for name in shapes if name not in expected]),
        (
            "of another shape",
            [
                f"{name} {shapes[name]}, expected {shape}"
                for name, shape in expected.items()
                if shapes.get(name, shape) != shape
            ],
        ),
    ]
    said = "; ".join(f"{kind}: {_listed(found)}" for kind, found in problems if found)
    if said:
        raise CheckpointError(
            f"the weights of {os.fspath(source)!r} are not those of {type(model).__name__} ({said}); if it was built "
            f"with other sizes, pass config={type(model.config).__name__}(...) with them"
        )
    state = {ours: tensors[theirs].to(model.state_dict()[ours].dtype) for theirs, ours in names.items()}
    model.load_state_dict(state)
    model.save_pretrained(target)
    extractor.save_pretrained(target)
    return SpeakerEncoderConversion(target, dict(names))


__all__ = ["SpeakerEncoderConversion", "check_output_folder", "load_and_save"]
