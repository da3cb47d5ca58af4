"""Conversion of community checkpoints whose heads transformers cannot load, and of its own sequence classifiers."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForAudioClassification, PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

from ...features.feature_extraction_speech import SpeechFeatureExtractor
from ..head_layouts import LAYOUTS, HeadLayout, recognise_head
from ..loading_report import CheckpointError
from .configuration_speech_encoder import SpeechEncoderConfig
from .head_checkpoint_files import HeadCheckpoint, read_head_checkpoint
from .modeling_speech_encoder import SpeechEncoderForAudioClassification

logger = logging.get_logger(__name__)

_LAYER_WEIGHTS = "layer_weights"
_MASK_VECTOR = "masked_spec_embed"
_DIMENSIONS = {"arousal", "dominance", "valence"}
_POOLINGS = ("mean", "sum", "max")
# names of tensors that no answer reads -> why
_DEAD = {
    "recurent_layer.": "a recurrent layer that system 002 builds and never calls",
    "quantizer.": "the quantizer of pretraining",
    "project_q.": "a projection of pretraining",
    "project_hid.": "a projection of pretraining",
    "lm_head.": "the output layer of speech recognition",
    "proj_out.": "the output layer of speech recognition",
    "decoder.": "the decoder, which no classifier runs",
    "model.decoder.": "the decoder, which no classifier runs",
    "criterion.": "weights of a loss",
    "loss_fct.": "weights of a loss",
}


@dataclass(frozen=True)
class HeadConversion:
    """What became of a checkpoint.

    `folder` holds the new one, `layout` is the kind of head that was found. `mapped` gives the new name of every
    tensor that was taken over, `dropped` the reason for every one that was not, `notes` says what to know before use.
    """

    folder: Path
    layout: str
    mapped: dict[str, str]
    dropped: dict[str, str]
    notes: tuple[str, ...]


def convert_head_checkpoint(
    path: str | os.PathLike,
    out: str | os.PathLike,
    *,
    config: PreTrainedConfig | str | os.PathLike | None = None,
    labels: Sequence[str] | None = None,
    activation: str | None = None,
    drop: Sequence[str] = (),
) -> HeadConversion:
    """Turn a published checkpoint into a folder that loads strictly: a `SpeechEncoderForAudioClassification`.

    It knows heads of two linear layers on a pooled encoder: `classifier.dense` with `classifier.output` or
    `classifier.out_proj` and a tanh between them (soxan's pooling modes mean, sum and max; audEERING's arousal,
    dominance and valence), and `projector` with `classifier`, of transformers' own sequence classifiers (a weighted
    sum of layers included) and of system 002, which has a tanh between them.

    Answers on a clip alone are those of the original. In a padded batch they stay so, where the original's pooling and
    group norm read the padding.

    Args:
        path: folder, Hub id, or a single file of weights (safetensors; or a state dict, read as tensors only).
        out: folder to write; must not exist or be empty.
        config: configuration, or the folder or id of an encoder that has it, for a file that has none beside it.
        labels: names of the outputs in order, where the configuration does not give them.
        activation: "tanh" or "none" between the two layers, where the kind of head does not tell.
        drop: beginnings of the names of further tensors that play no part in the answer.

    Returns:
        what was taken over, what was left out and why.

    Raises:
        CheckpointError: a ValueError, if the head is of no known kind, a tensor is missing, left over or of another
            shape, or the file is damaged or holds more than tensors; names what it is.
        FileExistsError: if the output folder holds anything.
        FileNotFoundError: if there is no such checkpoint.
        ValueError: if the labels or the configuration do not fit the head.
    """
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(
            f"got output folder {str(out)!r}, expected an empty or new one; choose another or clear it"
        )
    source = read_head_checkpoint(path, config)
    notes = list(source.notes)
    layout = recognise_head(source.tensors)
    if layout is None:
        raise CheckpointError(_unknown_head(path, source))
    head, rest = _split_off_head(source.tensors, layout)
    dropped = {name: reason for name in rest if (reason := _why_dropped(name, drop))}
    encoder, prefix, left_over = _load_encoder(path, source.config, rest, dropped, notes)
    dropped |= left_over
    new_config = SpeechEncoderConfig(
        encoder_config=encoder.config,
        head_hidden_size=head["projector.weight"].shape[0],
        head_dropout=float(getattr(source.config, "final_dropout", 0.0) or 0.0),
        **_head_settings(source, layout, activation, notes),
        **_labels(source.config, labels, head["classifier.weight"].shape[0], notes),
    )
    model = SpeechEncoderForAudioClassification(new_config)
    weights = {f"encoder.{name}": value for name, value in encoder.state_dict().items()}
    weights |= {f"head.{name}": value for name, value in head.items()}
    _load(model, weights, path)
    extractor = _extractor(source, notes)
    model.save_pretrained(target)
    extractor.save_pretrained(target)
    mapped = {name: f"head.{new}" for name, new in _head_names(source.tensors, layout).items()}
    mapped |= {name: f"encoder.{name.removeprefix(prefix)}" for name in rest if name not in dropped}
    for name, reason in dropped.items():
        logger.info(f"left out {name}: {reason}")
    for note in notes:
        logger.warning(f"{path}: {note}")
    return HeadConversion(target, layout.name, mapped, dropped, tuple(notes))


def _head_names(names: Iterable[str], layout: HeadLayout) -> dict[str, str]:
    """Name in the checkpoint -> name in our head."""
    found = {
        f"{theirs}.{kind}": f"{ours}.{kind}"
        for theirs, ours in ((layout.hidden, "projector"), (layout.output, "classifier"))
        for kind in ("weight", "bias")
    }
    if _LAYER_WEIGHTS in set(names):
        found[_LAYER_WEIGHTS] = _LAYER_WEIGHTS
    return found


def _split_off_head(
    tensors: dict[str, torch.Tensor], layout: HeadLayout
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    names = _head_names(tensors, layout)
    head = {ours: tensors[theirs] for theirs, ours in names.items()}
    return head, {name: value for name, value in tensors.items() if name not in names}


def _why_dropped(name: str, drop: Sequence[str]) -> str | None:
    if any(name.startswith(beginning) for beginning in drop):
        return "asked for"
    return next((reason for beginning, reason in _DEAD.items() if name.startswith(beginning)), None)


def _unknown_head(path: str | os.PathLike, source: HeadCheckpoint) -> str:
    outside = [name for name in source.tensors if not name.startswith(f"{source.config.model_type}")]
    outside = [name for name in outside if "encoder.layers." not in name and "feature_extractor." not in name]
    known = "; ".join(layout.name for layout in LAYOUTS)
    return (
        f"the head of {os.fspath(path)!r} is of no kind that can be converted (outside its encoder it has "
        f"{', '.join(sorted(outside)[:8]) or 'no tensors'}); expected two linear layers named {known}; a checkpoint "
        "of an encoder alone starts with SpeechEncoderForAudioClassification.from_encoder"
    )


def _load_encoder(
    path: str | os.PathLike,
    config: PreTrainedConfig,
    rest: dict[str, torch.Tensor],
    dropped: dict[str, str],
    notes: list[str],
) -> tuple[PreTrainedModel, str, dict[str, str]]:
    """The encoder with the checkpoint's weights, the prefix of its tensors, and what it has no place for."""
    try:
        stock = AutoModelForAudioClassification.from_config(config).__class__
    except ValueError as error:
        raise ValueError(
            f"the configuration of {os.fspath(path)!r} is of model type {config.model_type!r}, expected that of a "
            f"speech encoder: {error}"
        ) from error
    level = logging.get_verbosity()
    logging.set_verbosity_error()  # its table would call our head missing; what is amiss is an error below
    try:
        # transformers itself knows what older versions of it called these tensors
        whole, report = stock.from_pretrained(
            None,
            config=config,
            state_dict={name: value for name, value in rest.items() if name not in dropped},
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            dtype=torch.float32,
        )
    finally:
        logging.set_verbosity(level)
    encoder = whole.encoder if config.model_type == "whisper" else whole.base_model
    prefix = "encoder." if config.model_type == "whisper" else f"{whole.base_model_prefix}."
    missing = {name for name in report["missing_keys"] if name.startswith(prefix)}
    wrong = missing - {prefix + _MASK_VECTOR} | {name for name, *_ in report["mismatched_keys"]}
    left_over = set(report["unexpected_keys"]) - {prefix + _MASK_VECTOR}
    if wrong or left_over:
        problems = [("missing or of another shape", wrong), ("unexpected", left_over)]
        said = "; ".join(f"{kind}: {', '.join(sorted(names)[:8])}" for kind, names in problems if names)
        raise CheckpointError(
            f"the weights of {os.fspath(path)!r} do not fit the encoder that the configuration describes ({said}); "
            "give the configuration that it was trained with, or name in drop=(...) what plays no part in the answer"
        )
    if prefix + _MASK_VECTOR in missing:
        getattr(encoder, _MASK_VECTOR).data.zero_()
        notes.append(f"it has no {_MASK_VECTOR}, which only SpecAugment in training reads: set to zero")
    training_only = dict.fromkeys(report["unexpected_keys"], "read by SpecAugment in training only")
    return encoder, prefix, training_only


def _head_settings(
    source: HeadCheckpoint, layout: HeadLayout, activation: str | None, notes: list[str]
) -> dict[str, Any]:
    """`head_config` and `layers` of our configuration."""
    settings: dict[str, Any] = {"activation": layout.activation, "pooling": "mean"}
    if layout.hidden == "projector" and any(name.startswith("recurent_layer.") for name in source.tensors):
        settings["activation"] = "tanh"  # system 002
    if activation is not None:
        if activation not in ("tanh", "none"):
            raise ValueError(f"activation={activation!r}, expected 'tanh' or 'none'")
        settings["activation"] = activation
    if layout.hidden != "projector":
        settings["pooling"] = getattr(source.config, "pooling_mode", None) or "mean"
        if settings["pooling"] not in _POOLINGS:
            raise ValueError(f"got pooling_mode={settings['pooling']!r} in its config, expected one of {_POOLINGS}")
    if source.config.model_type == "whisper":
        notes.append(
            "it was trained on clips with silence added up to 30 s, all of which its mean read: on a clip's own "
            "length it answers differently; add zeros up to 30 s to the waveform for the answers that it gave then, "
            "or train it further"
        )
    if _LAYER_WEIGHTS not in source.tensors:
        return {"head_config": settings}
    if getattr(source.config, "do_stable_layer_norm", False):
        notes.append(
            "its weighted sum reads the last state after the encoder's final norm, as transformers 4 did; "
            "transformers 5.23 reads it before that norm, so a checkpoint trained with it answers differently here"
        )
    states = len(source.tensors[_LAYER_WEIGHTS])
    return {"head_config": {**settings, "weigh_states": True}, "layers": list(range(states))}


def _labels(config: PreTrainedConfig, labels: Sequence[str] | None, outputs: int, notes: list[str]) -> dict[str, Any]:
    names = [config.id2label[index] for index in sorted(config.id2label)] if labels is None else list(labels)
    if len(names) != outputs:
        whose = "its configuration" if labels is None else "labels"
        raise ValueError(
            f"got a head of {outputs} outputs, but {whose} names {len(names)} ({', '.join(map(str, names))}); pass "
            f"labels=[...] with the {outputs} names in order"
        )
    if all(str(name).startswith("LABEL_") for name in names):
        notes.append("its configuration does not name the outputs; pass labels=[...] to name them")
    problem_type = config.problem_type
    if problem_type is None and {str(name).lower() for name in names} <= _DIMENSIONS:
        problem_type = "regression"
        notes.append("its outputs are dimensions of emotion: problem_type is set to 'regression'")
    return {
        "id2label": dict(enumerate(names)),
        "label2id": {name: index for index, name in enumerate(names)},
        "problem_type": problem_type,
    }


def _load(model: PreTrainedModel, weights: dict[str, torch.Tensor], path: str | os.PathLike) -> None:
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in weights.items()}
    wrong = sorted(set(expected.items()) ^ set(given.items()))
    if wrong:
        raise CheckpointError(
            f"the weights of {os.fspath(path)!r} do not fit the model of its configuration: "
            f"{', '.join(f'{name} {shape}' for name, shape in wrong[:8])}; give the configuration that it was trained "
            "with"
        )
    model.load_state_dict(weights)


def _extractor(source: HeadCheckpoint, notes: list[str]) -> SpeechFeatureExtractor:
    if (source.folder / "preprocessor_config.json").is_file():
        return SpeechFeatureExtractor.from_encoder(str(source.folder))
    notes.append("it has no preprocessor_config.json: clips are prepared as is usual for its encoder")
    if source.config.model_type == "whisper":
        return SpeechFeatureExtractor(input_kind="log_mel", num_mel_bins=source.config.num_mel_bins)
    return SpeechFeatureExtractor(input_kind="waveform")


__all__ = ["HeadConversion", "convert_head_checkpoint"]
