"""Training: transformers' Trainer with what speech emotion recognition adds."""

from .arguments import SerTrainingArguments
from .building import ModelArguments, build_extractor, build_model
from .checkpoints import last_complete_checkpoint
from .collator import SerCollator
from .commands import cross_validate_main, train_main
from .cross_validation import CrossValidationArguments, cross_validate
from .cross_validation_results import CrossValidationResult, data_of_run
from .data_arguments import CorpusArguments, DataArguments, choose_folds, load_data
from .dataset import SerDataset
from .dimensions import DimensionsObjective
from .feature_cache import FeatureCache
from .folds import results_table
from .folds_command import FoldsArguments, folds_main
from .mixing import MixupCollator
from .multi_label import MultiLabelObjective
from .objectives import ClassificationObjective, CrossEntropyObjective, Objective
from .problems import problem_of
from .recipe import Recipe
from .run_config import RunConfig, parse_run, run_config
from .sampling import ClassSampler
from .targets import DimensionTarget, EmotionsTarget, target_labels
from .teaching import DistillationArguments
from .trainer import SerPredictionOutput, SerTrainer

__all__ = [
    "ClassSampler",
    "ClassificationObjective",
    "CorpusArguments",
    "CrossEntropyObjective",
    "CrossValidationArguments",
    "CrossValidationResult",
    "DataArguments",
    "DimensionTarget",
    "DimensionsObjective",
    "DistillationArguments",
    "EmotionsTarget",
    "FeatureCache",
    "FoldsArguments",
    "MixupCollator",
    "ModelArguments",
    "MultiLabelObjective",
    "Objective",
    "Recipe",
    "RunConfig",
    "SerCollator",
    "SerDataset",
    "SerPredictionOutput",
    "SerTrainer",
    "SerTrainingArguments",
    "build_extractor",
    "build_model",
    "choose_folds",
    "cross_validate",
    "cross_validate_main",
    "data_of_run",
    "folds_main",
    "last_complete_checkpoint",
    "load_data",
    "parse_run",
    "problem_of",
    "results_table",
    "run_config",
    "target_labels",
    "train_main",
]
