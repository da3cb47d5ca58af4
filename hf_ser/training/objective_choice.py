"""From the settings of a run to its objective and its noisy twins."""

from collections.abc import Mapping, Sequence

from ..augmentation import NoisyTwin
from .arguments import SerTrainingArguments
from .class_weights import class_weights
from .objectives import OBJECTIVE_OPTIONS, ClassificationObjective, Objective


def classification_objective(
    args: SerTrainingArguments, labels: Sequence[int], id2label: Mapping[int, str]
) -> ClassificationObjective:
    """The objective that the settings of a run ask for.

    Args:
        args: the settings.
        labels: the classes of the training rows, of no others; balanced class weights are counted on them.
        id2label: class index -> emotion.

    Raises:
        ValueError: if class weights and emotions disagree.
    """
    return ClassificationObjective(
        label_smoothing=args.label_smoothing_factor,
        class_weights=class_weights(args.class_weights or "none", labels, id2label) if len(labels) else None,
        focal_gamma=args.focal_gamma,
        stability_weight=args.stability_weight,
    )


def noisy_twin(args: SerTrainingArguments, sampling_rate: int) -> NoisyTwin | None:
    """What makes the twins that stability training asks for; None if it is off."""
    if args.stability_weight == 0.0:
        return None
    return NoisyTwin(sampling_rate, args.stability_noise_dir, args.stability_snr_db, args.stability_reverb)


def refuse_ignored_options(objective: Objective, args: SerTrainingArguments, target: str = "emotion") -> None:
    """Raise if the objective cannot read the model's kind of labels, or the settings ask for something that it does
    not follow.

    Raises:
        ValueError: naming the settings.
    """
    if target not in objective.targets:
        raise ValueError(
            f"{type(objective).__name__} learns from labels of the kind {' or '.join(sorted(objective.targets))}, but "
            f"the model is made for {target} (its config.problem_type); take the default objective (without a teacher)"
        )
    asked = {name: getattr(args, name) for name, off in OBJECTIVE_OPTIONS.items() if getattr(args, name) != off}
    ignored = [f"{name}={value!r}" for name, value in asked.items() if name not in objective.options]
    if ignored:
        raise ValueError(
            f"{type(objective).__name__} does not follow {', '.join(ignored)}; leave that out, or train with the "
            "default objective (without a teacher)"
        )


__all__ = ["classification_objective", "noisy_twin", "refuse_ignored_options"]
