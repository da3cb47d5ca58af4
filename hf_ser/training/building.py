"""The model and the extractor of a run, new or from a checkpoint."""

import json
from dataclasses import dataclass, field
from typing import Any

from transformers import (
    AutoFeatureExtractor,
    AutoModelForAudioClassification,
    PreTrainedModel,
    SequenceFeatureExtractor,
    set_seed,
)

from ..features import SpectrogramFeatureExtractor
from ..labels import check_labels_agree
from ..models.cct import CctConfig, CctForAudioClassification
from .problems import problem_of, problem_type_of
from .targets import DIMENSIONS, dimension_ids


@dataclass
class ModelArguments:
    """Which model to train, on which features.

    Raises:
        ValueError: if a JSON setting cannot be read.
    """

    model_name_or_path: str | None = field(
        default=None,
        metadata={"help": "Checkpoint to fine-tune, a folder or a Hub id; by default a new model is made."},
    )
    variant: str = field(
        default="cct_2_3x2_32", metadata={"help": "A new model's named variant, see CctConfig.from_variant."}
    )
    model_config: dict | str | None = field(
        default=None, metadata={"help": "JSON: settings of the new model's config that differ from the variant's."}
    )
    features: str = field(default="log_mel", metadata={"help": "A new extractor's preset."})
    feature_config: dict | str | None = field(
        default=None, metadata={"help": "JSON: settings of the new extractor that differ from the preset's."}
    )
    new_head: bool = field(
        default=False, metadata={"help": "Replace the checkpoint's head where its labels differ from the corpus's."}
    )
    target: str = field(
        default="emotion",
        metadata={
            "help": "What the model says of a clip: its emotion, values of dimensions, or several emotions "
            "(multi-label, from the column emotions)."
        },
    )
    dimensions: list[str] = field(
        default_factory=lambda: list(DIMENSIONS),
        metadata={"help": "Columns to learn with target=dimensions, in the corpus's own unit."},
    )

    def __post_init__(self) -> None:
        """Read the settings that are JSON on the command line, and check the target."""
        problem_type_of(self.target)
        self.model_config = _settings("model_config", self.model_config)
        self.feature_config = _settings("feature_config", self.feature_config)


def _settings(name: str, value: dict | str | None) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(
                f"{name} is {value!r}, expected a JSON object such as '{{\"hidden_size\": 192}}' ({error})"
            ) from error
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"{name} is {value!r}, expected a JSON object")
    return value or {}


def build_extractor(arguments: ModelArguments) -> SequenceFeatureExtractor:
    """The extractor of a run: the checkpoint's own, or a new one from its preset."""
    if arguments.model_name_or_path is not None:
        return AutoFeatureExtractor.from_pretrained(arguments.model_name_or_path)
    return SpectrogramFeatureExtractor.from_preset(arguments.features, **_settings("", arguments.feature_config))


def needs_fitting(extractor: SequenceFeatureExtractor) -> bool:
    """Whether the extractor normalises with figures that are still to be found on training clips."""
    figures = {"band": "band_mean", "band_minmax": "band_min"}.get(getattr(extractor, "normalization", ""))
    return figures is not None and getattr(extractor, figures) is None


def build_model(
    arguments: ModelArguments, labels: list[str], extractor: SequenceFeatureExtractor, seed: int
) -> PreTrainedModel:
    """The model of a run; new weights are drawn from the seed.

    Args:
        arguments: which model.
        labels: emotion names, in the order of the classes; or names of dimensions. See `target_labels`.
        extractor: what gives the model its input shape.
        seed: for weights that are drawn.

    Raises:
        ValueError: if a checkpoint's labels or target differ from what is asked for, and `new_head` was not.
    """
    set_seed(seed)
    names = {"id2label": dict(enumerate(labels)), "label2id": {label: index for index, label in enumerate(labels)}}
    if arguments.target != "emotion" or arguments.new_head:
        names["problem_type"] = problem_type_of(arguments.target)
    if arguments.model_name_or_path is None:
        channels, rows, columns = extractor.output_size
        settings = {"num_channels": channels, "image_size": [rows, columns]} | _settings("", arguments.model_config)
        if settings["image_size"][1] is None:
            raise ValueError(
                "the extractor has no fixed number of frames, so the model's image_size is not known; "
                "set num_frames in feature_config, or image_size in model_config"
            )
        return CctForAudioClassification(CctConfig.from_variant(arguments.variant, **settings, **names))
    if arguments.new_head:
        return AutoModelForAudioClassification.from_pretrained(
            arguments.model_name_or_path, ignore_mismatched_sizes=True, **names
        )
    model = AutoModelForAudioClassification.from_pretrained(arguments.model_name_or_path)
    kind = problem_of(model.config).kind
    if kind != arguments.target:
        raise ValueError(
            f"target is {arguments.target!r}, but the checkpoint {arguments.model_name_or_path!r} was trained for "
            f"{kind!r} (problem_type={model.config.problem_type!r}); set target to that, or set new_head"
        )
    if kind != "dimensions":
        check_labels_agree(model.config.id2label, labels)
    elif dimension_ids(model.config.id2label).columns != list(labels):
        raise ValueError(
            f"dimensions is {list(labels)}, but the checkpoint has {dimension_ids(model.config.id2label).columns}; "
            "name the same in the same order, or set new_head to replace its head"
        )
    return model
