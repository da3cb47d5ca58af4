"""A linear head on a frozen encoder, fitted in closed form instead of step by step."""

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from tqdm.auto import tqdm
from transformers import PreTrainedModel

from ..models.speech_encoder.reference import Standardise
from .arguments import SerTrainingArguments
from .dataset import SerDataset
from .prefix_cache import evaluating
from .prefix_training import autocast_type
from .reference_fit import fit_voices, pass_generator, with_drawn_references
from .reference_sampling import MATRIX
from .ridge import RidgeFit, fit_ridge

_FIX = (
    "freeze the encoder (--freeze encoder) and take head 'statistics' with head_hidden_size 0, without batch_norm, "
    "weighted_states, and no reference or reference 'standardise'; or train by gradient (fit_head='gradient')"
)
_CLASSIFIER = {"head.classifier.weight", "head.classifier.bias"}
_TRUST = "head.reference.trust"
_STANDARDISE = {_TRUST, "head.reference.trust_variance"}


def check_linear_head(model: PreTrainedModel, trained: Iterable[str], kind: str) -> None:
    """Make sure that a model has nothing to learn but a linear classifier of one emotion a clip, and voices' offsets.

    Args:
        model: the model.
        trained: names of the parameters that the run trains.
        kind: of problem, see `problem_of`.

    Raises:
        ValueError: saying what else is trained, and the fix.
    """
    standardises = isinstance(getattr(getattr(model, "head", None), "reference", None), Standardise)
    others = sorted(set(trained) - _CLASSIFIER - (_STANDARDISE if standardises else set()))
    if kind != "emotion" or not hasattr(getattr(model, "head", None), "pool") or others:
        found = (
            f"{', '.join(others[:3])}{', ...' if len(others) > 3 else ''} to train" if others else f"target {kind!r}"
        )
        raise ValueError(
            f"fit_head is 'ridge', which fits a linear classifier of emotions and nothing else, but got {found}; "
            f"{_FIX}"
        )


@torch.no_grad()
def fit_linear_head(
    model: PreTrainedModel,
    dataset: SerDataset,
    collator: Any,
    args: SerTrainingArguments,
    trained: Collection[str],
) -> RidgeFit:
    """Fit a model's classifier on what its head makes of the training clips.

    The clips are passed over `num_train_epochs` times without dropout, each time in the view that a run by gradient
    would draw for that epoch, and all passes are fitted together. Where the model takes references, what it believes
    of voices is estimated first, on the clips as they are (`fit_voices`; left alone where it is frozen). The
    classifier is then fitted on clips with references that are drawn anew for each pass, some with none; so what the
    fit says of unheard speakers (`ua_on_unheard_training_speakers`) is of such a mixture. It is the classifiers that
    judge them that have not heard them: the mean voice, how far references are believed and the standardisation are
    estimated on all training speakers, the judged group included, without labels and without test speakers.

    Args:
        model: what `check_linear_head` let through; its classifier is set.
        dataset: the training side.
        collator: makes its batches.
        args: the settings of the run.
        trained: names of the parameters that the run trains.

    Returns:
        the fit.

    Raises:
        ValueError: if there are fewer than two speakers; with references, fewer than two that have two clips.
    """
    network: Any = model
    reference = network.head.reference
    passes = max(1, round(args.num_train_epochs))
    views, labels, speakers = [], np.array(dataset.labels), [str(speaker) for speaker in dataset.speakers]
    with evaluating(model):
        clips = None
        if reference is not None:
            with dataset.as_they_are():
                clips = _vectors(model, dataset, collator, args)
            if _TRUST in trained:
                fit_voices(reference, clips, speakers)
        for number in tqdm(range(passes), desc="passes over the training clips", disable=args.disable_tqdm):
            dataset.at_epoch(number)
            vectors = _vectors(model, dataset, collator, args)
            if clips is not None:
                told = (vectors.to(args.device), clips.to(args.device), speakers, args.reference_dropout)
                vectors = with_drawn_references(reference, *told, pass_generator(args.seed, number)).cpu()
            views.append(vectors.numpy())
    fit = fit_ridge(np.concatenate(views), np.tile(labels, passes), speakers * passes, model.config.num_labels)
    classifier: nn.Linear = network.head.classifier
    classifier.weight.copy_(torch.from_numpy(fit.weight))
    classifier.bias.copy_(torch.from_numpy(fit.bias))
    return fit


def _vectors(model: Any, dataset: SerDataset, collator: Any, args: SerTrainingArguments) -> torch.Tensor:
    """What the classifier reads of each clip of a side without references: (clips, features) float32, on the CPU."""
    batches: DataLoader = DataLoader(
        dataset,  # type: ignore[arg-type]
        args.eval_batch_size,
        collate_fn=collator,
        num_workers=args.dataloader_num_workers,
    )
    return torch.cat([_read(model, batch, args) for batch in batches])


def _read(model: Any, batch: dict[str, Any], args: SerTrainingArguments) -> torch.Tensor:
    """What the classifier reads of a batch without references: (clips, features) float32, on the CPU."""
    read: list[torch.Tensor] = []
    handle = model.head.classifier.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0].float().cpu()))
    inputs = {
        name: value.to(args.device) if isinstance(value, torch.Tensor) else value
        for name, value in batch.items()
        if name not in ("labels", "row_ids", MATRIX)
    }
    kind = autocast_type(args)
    try:
        with torch.autocast(args.device.type, kind, enabled=kind is not None):
            model(**inputs)
    finally:
        handle.remove()
    return read[0]


__all__ = ["check_linear_head", "fit_linear_head"]
