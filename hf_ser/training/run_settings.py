"""What a run was asked for, written beside it, so that a run that is continued is the same run."""

import json
from pathlib import Path
from typing import Any

from ..protocols import Fold
from .arguments import SerTrainingArguments
from .building import ModelArguments
from .data_arguments import DataArguments
from .reference_training import REFERENCE_OPTIONS
from .teaching import DistillationArguments

NAME = "settings.json"
# settings of the Trainer that decide its outcome; the others say where to write and what to print
_DECISIVE = (
    *("seed", "num_train_epochs", "max_steps", "per_device_train_batch_size", "gradient_accumulation_steps"),
    *(
        "learning_rate",
        "muon_learning_rate",
        "average_weights_from",
        "weight_decay",
        "warmup_steps",
        "lr_scheduler_type",
        "optim",
        "adam_beta1",
    ),
    *("adam_beta2", "adam_epsilon", "max_grad_norm", "bf16", "fp16", "label_smoothing_factor", "augmentation"),
    *("time_masks", "time_mask_share", "frequency_masks", "frequency_mask_width", "frequency_shift"),
    *("mixup_alpha", "mixup_mode", "class_weights", "focal_gamma", "class_sampling", "train_sampling_strategy"),
    *("stability_weight", "stability_noise_dir", "stability_snr_db", "stability_reverb"),
    *("freeze", "unfreeze_at", "layer_learning_rate_decay", "head_learning_rate", "mse_weight"),
    *("max_train_seconds", "early_stopping_patience", "metric_for_best_model", "load_best_model_at_end"),
)


def run_settings(
    data: DataArguments,
    model: ModelArguments,
    training: SerTrainingArguments,
    distillation: DistillationArguments,
    fold: Fold | None,
    corpus_fingerprint: str,
) -> dict[str, Any]:
    """Everything that decides the outcome of a run, as plain JSON values."""
    settings: dict[str, Any] = {name: getattr(training, name) for name in _DECISIVE}
    settings |= model.decisive()
    if distillation.views > 0:
        settings |= {name: value for name, value in vars(distillation).items() if name not in ("teacher", "view_dir")}
        settings["taught"] = distillation.teacher is not None
    if training.feature_cache_dir is not None:
        settings["feature_cache_views"] = training.feature_cache_views
    if training.prefix_cache_dir is not None:
        settings["prefix_cache_views"] = training.prefix_cache_views
        settings["prefix_cache_dtype"] = training.prefix_cache_dtype
    if training.fit_head != "gradient":
        settings["fit_head"] = training.fit_head
    # runs of models without references say nothing of them
    options = {name: getattr(training, name) for name in REFERENCE_OPTIONS}
    settings |= {name: value for name, value in options.items() if value != REFERENCE_OPTIONS[name]}
    settings |= {"corpus": data.corpus_name, "corpus_fingerprint": corpus_fingerprint}
    settings["held_out_speakers"] = data.held_out_speakers
    if fold is not None:
        settings |= {"protocol": fold.protocol or "made by hand", "fold_fingerprint": fold.fingerprint}
    return json.loads(json.dumps(settings, default=str))


def record_or_compare(folder: Path, settings: dict[str, Any], resume: bool) -> None:
    """Write the settings beside a new run, or see that a continued one is asked for the same.

    Raises:
        ValueError: if a run is to be continued with other settings; naming them.
    """
    file = folder / NAME
    if resume and file.is_file():
        found = json.loads(file.read_text(encoding="utf-8"))
        differing = sorted(name for name in found.keys() | settings.keys() if found.get(name) != settings.get(name))
        if differing:
            shown = ", ".join(f"{name} {found.get(name)!r} -> {settings.get(name)!r}" for name in differing[:5])
            raise ValueError(
                f"the run in {str(folder)!r} was started with other settings ({shown}); continue it with the "
                "same ones, or choose another output_dir"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
