"""A trained CCT as the start of a speaker-conditioned one, with an account of every tensor."""

import copy
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch

from ..loading_report import check_loading_report
from .configuration_cct import CctConfig
from .configuration_speaker_cct import SpeakerCctConfig
from .convert_cct_checkpoint import convert_cct_state_dict, read_cct_checkpoint, unwrap
from .modeling_cct import CctForAudioClassification, CctModel
from .modeling_speaker_cct import SpeakerCctForAudioClassification
from .original_names_cct import HEAD, TABLE

_TABLE = "cct.embeddings.position_embeddings"
_HEAD = ("classifier.weight", "classifier.bias")


@dataclass
class TransferReport:
    """Where each tensor of a model came from.

    Attributes:
        loaded: names of tensors taken over as they were.
        mapped: name -> what was done to it, for tensors that were resized or moved.
        fresh: names of tensors left as they were in the model: the source has none for them.
        unused: names of the source's tensors that the model has no place for.
    """

    loaded: list[str] = field(default_factory=list)
    mapped: dict[str, str] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"loaded  {name}" for name in self.loaded]
        lines += [f"mapped  {name}: {how}" for name, how in self.mapped.items()]
        lines += [f"fresh   {name}" for name in self.fresh] + [f"unused  {name}" for name in self.unused]
        return "\n".join(lines)


class _Source(NamedTuple):
    """Tensors of a CCT under our names, its classes, and whether its positional table was resized to the image."""

    tensors: dict[str, torch.Tensor]
    id2label: dict[int, str]
    resized: bool


def _plain_config(config: SpeakerCctConfig, tensors: Mapping[str, torch.Tensor]) -> CctConfig:
    """The plain CCT inside a speaker-conditioned one, with the classes of an original checkpoint."""
    settings = {name: copy.deepcopy(getattr(config, name)) for name in CctConfig.__annotations__}
    head = tensors.get(f"{HEAD}weight")
    return CctConfig(**settings, num_labels=config.num_labels if head is None else head.shape[0])


def _original(state_dict: Mapping[str, Any], config: SpeakerCctConfig) -> _Source:
    tensors = unwrap(state_dict)
    plain = _plain_config(config, tensors)
    stored = tensors.get(TABLE)
    resized = stored is not None and stored.shape[1] != plain.num_tokens
    return _Source(convert_cct_state_dict(tensors, plain), plain.id2label, resized)


def _load(folder: str) -> CctForAudioClassification | CctModel:
    kind = CctConfig.get_config_dict(folder)[0].get("model_type")
    if kind != CctConfig.model_type:
        raise ValueError(f"got {folder!r} of model type {kind!r}, expected {CctConfig.model_type!r}, a plain CCT")
    model, report = CctForAudioClassification.from_pretrained(folder, output_loading_info=True)
    # a base model's folder has no head
    headless = set(_HEAD) <= set(report["missing_keys"])
    check_loading_report({**report, "missing_keys": set(report["missing_keys"]) - set(_HEAD)}, folder)
    return model.cct if headless else model


def _trained(cct: Any, config: SpeakerCctConfig) -> _Source:
    if isinstance(cct, (str, os.PathLike)):
        cct = read_cct_checkpoint(Path(cct)) if Path(cct).is_file() else _load(os.fspath(cct))
    if isinstance(cct, Mapping):
        return _original(cct, config)
    if not isinstance(cct, (CctForAudioClassification, CctModel)) or isinstance(cct.config, SpeakerCctConfig):
        raise TypeError(
            f"got a {type(cct).__name__}, expected a CctForAudioClassification or CctModel, its folder or Hub id, or "
            "an original CCT's state dict or file"
        )
    resized = cct.config.token_grid != config.token_grid
    if resized:
        cct = copy.deepcopy(cct)
        cct.resize_position_embeddings(config.image_size)
    prefix = "" if isinstance(cct, CctForAudioClassification) else "cct."
    return _Source(
        {f"{prefix}{name}": value for name, value in cct.state_dict().items()}, cct.config.id2label, resized
    )


@torch.no_grad()
def transfer_from_cct(model: SpeakerCctForAudioClassification, cct: Any) -> TransferReport:
    """Start a speaker-conditioned CCT from a trained plain one: all that the two share is carried over.

    That includes the final norm and the sequence pooling, and the positional table: resized as CCT's own loader does
    where the image size differs, and moved behind the rows of speaker and context, which stay fresh. The classifier is
    carried over where its classes are the model's own. The original's transfer lost norm, pooling and table.

    Args:
        model: The model to change, in place.
        cct: A `CctForAudioClassification` or `CctModel`, its folder or Hub id; or an original CCT's state dict or
            file. It is left as it is.

    Returns:
        What became of every tensor, speaker encoder and reduction excluded.

    Raises:
        TypeError: If `cct` is none of these.
        ValueError: If the two are not of the same size, or an original state dict is not whole; the message names
            the tensors.
        OSError: If there is no checkpoint there.
    """
    config = model.config
    source = _trained(cct, config)
    leading = config.num_leading_tokens
    report = TransferReport()
    copies = []
    for name, tensor in model.state_dict().items():
        if name.startswith(("speaker_encoder.", "cct.speaker.reduction_")):
            continue
        if name not in source.tensors or (name in _HEAD and source.id2label != config.id2label):
            report.fresh.append(name)
            continue
        stored, place = source.tensors[name], tensor[:, leading:] if name == _TABLE else tensor
        if stored.shape != place.shape:
            raise ValueError(
                f"got a CCT whose {name} has shape {tuple(stored.shape)}, expected {tuple(place.shape)}; build the "
                "model from the same variant, with the same num_channels"
            )
        copies.append((place, stored))
        if name == _TABLE and (leading or source.resized):
            rows = stored.shape[1]
            size = f"resized to {rows} rows" if source.resized else f"{rows} rows"
            report.mapped[name] = f"{size}, at rows {leading} to {leading + rows - 1} of {tensor.shape[1]}"
        else:
            report.loaded.append(name)
    for place, stored in copies:
        place.copy_(stored)
    used = {*report.loaded, *report.mapped}
    report.unused += [name for name in source.tensors if name not in used]
    return report


__all__ = ["TransferReport", "transfer_from_cct"]
