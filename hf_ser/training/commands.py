"""What `hf-ser train`, `hf-ser cross-validate` and the scripts in examples/ do with their command lines."""

from collections.abc import Sequence

from ..protocols.heard_speakers import speakers_heard
from .cross_validation import CrossValidationArguments, cross_validate
from .fold_queue import leave_process_group
from .folds import results_table
from .recipe import Recipe
from .run_config import RUN_SETTINGS, given_settings, parse_run

__all__ = ["cross_validate_main", "train_main"]


def train_main(arguments: Sequence[str], prog: str | None = None) -> int:
    """Train, test, and print the table.

    Args:
        arguments: a JSON file with settings first, if there is one, then flags.
        prog: name of the command, for its help.

    Returns:
        the exit status, 0.

    Raises:
        ValueError: if a setting is unknown or does not fit.
    """
    data, model, training, distillation = parse_run(arguments, prog)
    results = Recipe(data, model, training, distillation).run()
    if training.process_index == 0:
        table = results_table(results)
        if table:
            heard = "no part of the model has heard the test speakers"
            if model.model_name_or_path is not None:
                heard = f"{model.model_name_or_path}, which was fine-tuned, may have heard the test speakers before"
            started = model.for_fold(results[0]["fold"]).transfer_from
            if started is not None and speakers_heard(started) is None:
                heard = f"{started}, which it started from, may have heard the test speakers before"
            if not all(result["speaker_independent"] for result in results):
                heard = "test speakers may have been heard in training: these figures are NOT speaker-independent"
            protocol = results[0]["protocol"]
            print(f"\n{data.corpus_name}, protocol {protocol}, seed {training.seed}; {heard}\n")
            print(table)
        print(f"\nmodels, figures and predictions lie in {training.output_dir}")
    return 0


def cross_validate_main(arguments: Sequence[str], prog: str | None = None) -> int:
    """Run all folds with all seeds, and print the tables.

    Args:
        arguments: a JSON file with settings first, if there is one, then flags.
        prog: name of the command, for its help.

    Returns:
        the exit status, 0.

    Raises:
        ValueError: if a setting is unknown or does not fit.
    """
    place = leave_process_group()
    settings = given_settings(arguments, (CrossValidationArguments, *RUN_SETTINGS), prog)
    result = cross_validate(settings, place=place)
    if place.rank == 0:
        row = result.row
        heard = "no speaker on two sides" if row["speaker_independent"] else "NOT speaker-independent"
        print(f"\n{row['corpus']}, protocol {row['protocol']}, {heard}\n\n{result.table}")
        print(f"\nrow, predictions and report lie in {result.folder}, models below it")
    return 0
