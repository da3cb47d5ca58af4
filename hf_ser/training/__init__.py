"""Training: transformers' Trainer with what speech emotion recognition adds."""

from .arguments import SerTrainingArguments
from .building import ModelArguments, build_extractor, build_model
from .checkpoints import last_complete_checkpoint
from .collator import SerCollator
from .dataset import SerDataset
from .folds import DataArguments, results_table
from .objectives import CrossEntropyObjective, Objective
from .recipe import Recipe
from .teaching import DistillationArguments
from .trainer import SerPredictionOutput, SerTrainer

__all__ = [
    "CrossEntropyObjective",
    "DataArguments",
    "DistillationArguments",
    "ModelArguments",
    "Objective",
    "Recipe",
    "SerCollator",
    "SerDataset",
    "SerPredictionOutput",
    "SerTrainer",
    "SerTrainingArguments",
    "build_extractor",
    "build_model",
    "last_complete_checkpoint",
    "results_table",
]
