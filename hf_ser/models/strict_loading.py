"""Loading of any audio classifier, transformers' own or hf_ser's, with nothing left to chance."""

import json
import logging
import os
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import AutoModelForAudioClassification, PreTrainedModel

from .loading_report import CheckpointError, check_loading_report

logger = logging.getLogger(__name__)

_WEIGHTS, _INDEX, _PICKLE = "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"
_OURS = ("output_loading_info", "ignore_mismatched_sizes")
# the vector that SpecAugment puts in place of frames: drawn where a checkpoint has none
_TRAINING_ONLY = "masked_spec_embed"
_LFS = b"version https://git-lfs"


def check_checkpoint_folder(folder: Path) -> None:
    """Say what a local folder lacks, before transformers looks for it on the Hub.

    Args:
        folder: a folder that exists.

    Raises:
        FileNotFoundError: if its configuration or (a part of) its weights is missing.
        CheckpointError: if a file of weights is a git-lfs pointer.
    """
    if (folder / "adapter_config.json").is_file():
        return
    there = ", ".join(sorted(file.name for file in folder.iterdir())[:10]) or "nothing"
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(
            f"got {str(folder)!r} without config.json, expected a checkpoint's folder as save_pretrained writes it; "
            f"it holds {there}"
        )
    weights = [folder / _WEIGHTS]
    if not weights[0].is_file() and (folder / _INDEX).is_file():
        shards = json.loads((folder / _INDEX).read_text(encoding="utf-8"))["weight_map"].values()
        weights = sorted({folder / shard for shard in shards})
    if not weights[0].is_file() and list(folder.glob("pytorch_model*.bin")):
        logger.warning(
            "%s has no safetensors: its %s is read as tensors only, nothing in it is run; save_pretrained writes "
            "safetensors",
            folder,
            _PICKLE,
        )
        return
    missing = [file.name for file in weights if not file.is_file()]
    if missing:
        raise FileNotFoundError(
            f"got {str(folder)!r} without {', '.join(missing)}, expected the weights beside config.json; it holds "
            f"{there}: the download or the training is not finished, fetch the missing files"
        )
    for file in weights:
        with file.open("rb") as opened:
            if opened.read(len(_LFS)) == _LFS:
                raise CheckpointError(
                    f"{str(file)!r} is a git-lfs pointer, not the weights themselves; run `git lfs pull` there, or "
                    "fetch the folder with `hf download`"
                )


def _load(path_or_id: str | os.PathLike, **kwargs: Any) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The model, and the report of what was missing, unexpected or of another shape."""
    source = os.fspath(path_or_id)
    folder = Path(source) / (kwargs.get("subfolder") or "")
    if folder.is_dir():
        check_checkpoint_folder(folder)
    try:
        # a shape that differs is in the report then, by name
        return AutoModelForAudioClassification.from_pretrained(
            source, output_loading_info=True, ignore_mismatched_sizes=True, **kwargs
        )
    except SafetensorError as error:
        raise CheckpointError(
            f"the weights of {source!r} cannot be read ({error}): the file is damaged or incomplete; fetch it again"
        ) from error


def from_pretrained_strict(path_or_id: str | os.PathLike, **kwargs: Any) -> PreTrainedModel:
    """Load a classifier whose every weight comes from its checkpoint, or none at all.

    `AutoModelForAudioClassification.from_pretrained` draws what a checkpoint lacks at random, after a note in the log.
    Here a key that is missing, unexpected or of another shape, of the head or the encoder, is an error.

    Args:
        path_or_id: folder or Hub id.
        **kwargs: as in `from_pretrained` of transformers (`revision`, `dtype`, `local_files_only`, ...).

    Returns:
        the model in evaluation mode.

    Raises:
        CheckpointError: a ValueError that names the keys and the fix, or the damaged file.
        FileNotFoundError: if a folder lacks its configuration or its weights.
        OSError: if there is no checkpoint of that name.
        TypeError: if asked to ignore sizes that do not match, which is what this function exists to prevent.
    """
    refused = [name for name in _OURS if name in kwargs]
    if refused:
        raise TypeError(
            f"got {refused[0]!r}, which from_pretrained_strict does not take: nothing is ever drawn at random here; "
            "for a new head start from SpeechEncoderForAudioClassification.from_encoder, or load with "
            "AutoModelForAudioClassification.from_pretrained and judge its report yourself"
        )
    model, report = _load(path_or_id, **kwargs)
    check_loading_report(report, path_or_id)
    return model


def from_pretrained_new_head(path_or_id: str | os.PathLike, **kwargs: Any) -> PreTrainedModel:
    """Load a checkpoint for training with a head of other classes: what is new is drawn, and only the head may be new.

    Args:
        path_or_id: folder or Hub id, of a classifier or of an encoder alone.
        **kwargs: as in `from_pretrained` of transformers; `num_labels` or `id2label` set the new head's classes.

    Returns:
        the model in evaluation mode; a head of the same shape keeps its weights.

    Raises:
        CheckpointError: if weights of the encoder are missing or of another shape.
        OSError: as `from_pretrained_strict`.
    """
    model, report = _load(path_or_id, **kwargs)
    inside = (f"{model.base_model_prefix}.", "encoder.", "speaker_encoder.")
    of_encoder = {
        "missing_keys": {
            key for key in report["missing_keys"] if key.startswith(inside) and not key.endswith(_TRAINING_ONLY)
        },
        # heads and decoders of another task are left aside
        "unexpected_keys": set(),
        "mismatched_keys": {found for found in report["mismatched_keys"] if found[0].startswith(inside)},
    }
    check_loading_report(of_encoder, path_or_id)
    return model


__all__ = ["check_checkpoint_folder", "from_pretrained_new_head", "from_pretrained_strict"]
