"""A whole cross-validation: every fold of a protocol with every seed, and one row that says what came out."""

import logging
import multiprocessing
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import datasets
import torch

from ..protocols import Fold
from .cross_validation_results import CrossValidationResult, gather
from .fold_queue import Place, end_with_parent, finish, leave_process_group, take_part
from .recipe import Recipe
from .run_config import parse_settings, read_config, run_config

__all__ = ["CrossValidationArguments", "cross_validate"]

logger = logging.getLogger(__name__)


@dataclass
class CrossValidationArguments:
    """How often to run the folds, and how many at once.

    Raises:
        ValueError: if there are no seeds, a seed twice, or no process to work.
    """

    seeds: list[int] = field(default_factory=lambda: [0], metadata={"help": "Run every fold with each of them."})
    jobs: int = field(default=1, metadata={"help": "Processes that share the folds on this machine."})

    def __post_init__(self) -> None:
        """Check the numbers."""
        self.seeds = [self.seeds] if isinstance(self.seeds, int) else list(self.seeds)
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds is {self.seeds}, expected one or more different numbers, such as 0 1 2")
        if self.jobs < 1:
            raise ValueError(f"jobs is {self.jobs}, expected 1 or more processes")


@dataclass(frozen=True)
class FoldJob:
    """One fold with one seed."""

    recipe: Recipe
    number: int
    fold: Fold

    @property
    def folder(self) -> Path:
        """Where its model, figures and predictions lie."""
        return self.recipe.fold_folder(self.number)

    def finished(self) -> bool:
        """Whether its results are there."""
        return self.recipe.finished(self.number, self.fold) is not None

    def run(self) -> None:
        """Train and test it, from its last checkpoint if there is one."""
        self.recipe.run_fold(self.number, self.fold)


def cross_validate(
    config: str | os.PathLike | Mapping[str, Any],
    *,
    seeds: Sequence[int] | None = None,
    jobs: int | None = None,
    place: Place | None = None,
    **overrides: Any,
) -> CrossValidationResult:
    """Run all folds of a protocol with all seeds, and write down what came out.

    It can be interrupted at any time and called again with the same settings: finished folds are not run again, an
    interrupted one goes on from its last checkpoint. Several processes share the folds, each training alone: `jobs` of
    them on this machine, or those that `accelerate launch` or torchrun started, one for each GPU. `output_dir` gets
    `seed-S/fold-N/` with model, figures and predictions clip by clip, and for all of them `results.json` (the row),
    `results.md` (tables), `predictions.parquet` and `report/`.

    Args:
        config: a JSON file or a mapping with the settings of `DataArguments`, `ModelArguments`,
            `SerTrainingArguments` and `DistillationArguments`, and `seeds` and `jobs`.
        seeds: run every fold with each of these; [0] by default.
        jobs: processes on this machine.
        place: this process among those of a launcher; asked of the launcher by default.
        **overrides: settings that win over those of `config`.

    Returns:
        the results row, the predictions of all test clips, and the tables.

    Raises:
        ValueError: if a setting is unknown or out of range, or `output_dir` holds a run with other settings.
        SpeakerOverlapError: if a fold has a speaker on two sides.
    """
    place = place or leave_process_group()
    settings = read_config(config) | overrides
    given: dict[str, Any] = {name: settings.pop(name) for name in ("seeds", "jobs") if name in settings}
    asked: dict[str, Any] = {"seeds": seeds, "jobs": jobs}
    given |= {name: value for name, value in asked.items() if value is not None}
    (arguments,) = parse_settings(given, (CrossValidationArguments,))
    settings = {"folds": "all"} | settings
    _check(settings)
    queue = _jobs(settings, arguments.seeds)
    if arguments.jobs > 1 and place.size == 1:
        _share(settings, arguments, queue)
    else:
        take_part(queue)
    finish(queue, lambda job: logger.info("waiting for %s, which another process runs", job.folder))
    return gather(settings, arguments.seeds, queue, write=place.rank == 0)


def _check(settings: Mapping[str, Any]) -> None:
    """Refuse settings that make no cross-validation."""
    if not settings.get("output_dir"):
        raise ValueError("output_dir is not set; name the folder for models, figures and predictions (--output_dir)")
    if settings["folds"] == "none":
        raise ValueError("folds is 'none', which trains one model on every speaker; hf-ser train does that")
    for name in ("push_to_hub", "resume_from_checkpoint", "overwrite_run"):
        if settings.get(name):
            raise ValueError(f"{name} is {settings[name]!r}, but a cross-validation has many runs; use hf-ser train")


def _jobs(settings: Mapping[str, Any], seeds: Sequence[int]) -> list[FoldJob]:
    """Every fold with every seed; the seed in the outer loop, so that whole cross-validations end one by one."""
    jobs: list[FoldJob] = []
    corpus: datasets.Dataset | None = None
    for seed in seeds:
        data, model, training, distillation = run_config(settings)
        folder = Path(settings["output_dir"]) / f"seed-{seed}"
        alone: dict[str, Any] = {"output_dir": str(folder), "seed": seed, "data_seed": None, "resume": True}
        training = replace(training, **alone)
        recipe = Recipe(data, model, training, distillation, corpus=corpus)
        corpus = recipe.corpus
        jobs += [FoldJob(recipe, number, fold) for number, fold in recipe.folds()]
    return jobs


def _share(settings: Mapping[str, Any], arguments: CrossValidationArguments, queue: Sequence[FoldJob]) -> None:
    """Work through the queue together with further processes; each gets its part of the processor's threads."""
    context = multiprocessing.get_context("spawn")
    threads = max(1, torch.get_num_threads() // arguments.jobs)
    helpers = [
        context.Process(target=_help, args=(dict(settings), arguments.seeds, threads), daemon=True)
        for _ in range(min(arguments.jobs, len(queue)) - 1)
    ]
    for helper in helpers:
        helper.start()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        take_part(queue)
    finally:
        torch.set_num_threads(before)
    for helper in helpers:
        helper.join()


def _help(settings: Mapping[str, Any], seeds: Sequence[int], threads: int) -> None:
    """What a further process does; what goes wrong here comes back when the first process runs the fold again."""
    end_with_parent()
    torch.set_num_threads(threads)
    take_part(_jobs(settings, seeds))
