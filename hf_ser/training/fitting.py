"""Everything that a model standardises or reduces its input by, fitted on training clips before the first step."""

from typing import Any

from transformers import PreTrainedModel

from .arguments import SerTrainingArguments
from .dataset import SerDataset
from .functionals_cache import fit_functionals
from .speaker_training import fit_reduction


def fit_figures(model: PreTrainedModel, extractor: Any, train: SerDataset, args: SerTrainingArguments) -> None:
    """Fit a new model's figures of functionals and its reduction of speaker vectors; a trained model keeps its own.

    Args:
        model: the model.
        extractor: its extractor.
        train: the training side, and nothing else.
        args: the settings of the run.

    Raises:
        ValueError: see `fit_functionals` and `fit_reduction`.
    """
    audios = list(train.corpus.select(train.rows)["audio"])
    fit_functionals(model, extractor, audios, args.prefix_cache_dir, progress=not args.disable_tqdm)
    fit_reduction(model, train)


__all__ = ["fit_figures"]
