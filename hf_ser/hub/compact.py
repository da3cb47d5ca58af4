"""Checkpoints at half the size: weights in half precision on disk, full precision in use."""

import copy
import json
from pathlib import Path

import torch
from transformers import PreTrainedModel, SequenceFeatureExtractor


def save_compact(model: PreTrainedModel, feature_extractor: SequenceFeatureExtractor, folder: str | Path) -> Path:
    """Save a checkpoint with weights in half precision, which loads in single precision unless a `dtype` is asked for.

    Args:
        model: the model; it is left as it is.
        feature_extractor: its extractor.
        folder: a folder that does not exist yet, or is empty.

    Returns:
        the folder.

    Raises:
        FileExistsError: if the folder holds something.
        ValueError: if a weight is too large for half precision.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(
            f"{str(folder)!r} is not empty, nothing was written; name another folder or empty that one"
        )
    largest = torch.finfo(torch.float16).max
    too_large = [name for name, value in model.state_dict().items() if value.abs().max() > largest]
    if too_large:
        raise ValueError(
            f"{too_large[0]!r} holds values beyond {largest:.0f}, expected ones that half precision can hold"
        )
    copy.deepcopy(model).half().save_pretrained(folder)
    feature_extractor.save_pretrained(folder)
    # from_pretrained takes the type from here before it looks at the weights
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["dtype"] = "float32"
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return folder
