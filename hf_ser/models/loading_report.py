"""What transformers reports of loaded weights, made an error wherever weights would have been drawn at random.

`from_pretrained` of transformers fills what a checkpoint lacks with random numbers and logs a table; the model then
answers, near chance and differently after every load. Here a head or an encoder that does not fit is an error.
"""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from .head_layouts import recognise_head


class CheckpointError(ValueError):
    """A checkpoint whose weights are damaged, or do not fit the model that its configuration asks for."""


def _listed(names: Iterable[str], most: int = 8) -> str:
    names = sorted(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _fix(source: str, missing: set[str], unexpected: set[str], mismatched: Mapping[str, Any]) -> str:
    layout = recognise_head(unexpected)
    if layout is not None:
        return (
            f"its head is of the kind {layout.name}, which transformers cannot load: turn it into one that can be "
            f"loaded with hf_ser.convert_head_checkpoint({source!r}, out), and load the folder `out`"
        )
    if unexpected and not missing and not mismatched:
        return (
            "if these tensors play no part in the answer, hf_ser.convert_head_checkpoint(path, out) leaves out those "
            "that it knows and those that `drop` names; otherwise the configuration is not that of these weights"
        )
    if mismatched and not missing:
        return (
            "the configuration asks for other sizes: give num_labels or id2label of the checkpoint, or none; to train "
            "a new head, set new_head (hf-ser train --new_head)"
        )
    return (
        "it is no checkpoint of a trained classifier of this kind, or not a whole one: fetch it again, or name one "
        "that is; to train a new head on it, set new_head (hf-ser train --new_head), start from "
        "SpeechEncoderForAudioClassification.from_encoder, or pass ignore_mismatched_sizes=True to from_pretrained"
    )


def check_loading_report(report: Mapping[str, Any], source: str | os.PathLike) -> None:
    """Make sure that every weight of a model came from its checkpoint, and that none was left over.

    Args:
        report: what `from_pretrained(..., output_loading_info=True)` gives beside the model.
        source: folder or Hub id, for the message.

    Raises:
        CheckpointError: naming the keys that are missing, unexpected or of another shape, and the fix.
    """
    missing, unexpected = set(report["missing_keys"]), set(report["unexpected_keys"])
    mismatched = {
        key: f"{key} of shape {tuple(stored)} where {tuple(wanted)} is expected"
        for key, stored, wanted in report["mismatched_keys"]
    }
    if not (missing or unexpected or mismatched):
        return
    problems = []
    if missing:
        problems.append(f"missing {_listed(missing)}")
    if unexpected:
        problems.append(f"unexpected {_listed(unexpected)}")
    if mismatched:
        problems.append(_listed(mismatched.values()))
    raise CheckpointError(
        f"the weights of {os.fspath(source)!r} do not fit the model, and nothing was drawn at random in their place: "
        f"{'; '.join(problems)}; {_fix(os.fspath(source), missing, unexpected, mismatched)}"
    )


class StrictLoadingMixin:
    """Lets a model's `from_pretrained` refuse a checkpoint that lacks weights or holds foreign ones.

    Stands before `PreTrainedModel` among the bases, so the Auto classes and the stock pipeline refuse it too. A base
    model (one without a head) may leave a checkpoint's head aside, but nothing of its own may be missing.
    """

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike | None,
        *model_args: Any,
        output_loading_info: bool = False,
        ignore_mismatched_sizes: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Load a checkpoint as every transformers model does, but never with weights drawn at random unasked.

        Args:
            pretrained_model_name_or_path: Folder or Hub name.
            *model_args: Passed on to the model.
            output_loading_info: Return the report beside the model and leave its judgement to the caller.
            ignore_mismatched_sizes: Draw at random what is missing or of another shape, for training a new head.
            **kwargs: As in `PreTrainedModel.from_pretrained`.

        Returns:
            The model in evaluation mode (with the loading report if `output_loading_info=True`).

        Raises:
            CheckpointError: If keys are missing or unexpected; the message names them and the fix.
            RuntimeError: If a tensor is of another shape.
            OSError: If there is no checkpoint there.
        """
        model, report = super().from_pretrained(  # type: ignore[misc]
            pretrained_model_name_or_path,
            *model_args,
            output_loading_info=True,
            ignore_mismatched_sizes=ignore_mismatched_sizes,
            **kwargs,
        )
        if output_loading_info:
            return model, report
        if not ignore_mismatched_sizes:
            foreign = set() if model.base_model is model else report["unexpected_keys"]
            check_loading_report({**report, "unexpected_keys": foreign}, str(pretrained_model_name_or_path))
        return model


__all__ = ["CheckpointError", "StrictLoadingMixin", "check_loading_report"]
