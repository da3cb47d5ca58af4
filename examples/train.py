#!/usr/bin/env python
"""Train a speech emotion classifier on a corpus, speaker-independently.

Runs by python, `accelerate launch` and `torchrun` alike. Settings come as flags or as one JSON file, flags after it
win:

    python examples/train.py examples/configs/ravdess_cct.json --data_dir /corpora/ravdess --output_dir outputs/cct
"""

import json
import logging
import sys
from pathlib import Path

from transformers import HfArgumentParser

from hf_ser import SerTrainingArguments
from hf_ser.training import DataArguments, DistillationArguments, ModelArguments, Recipe, results_table


def parse(arguments: list[str]) -> tuple[DataArguments, ModelArguments, SerTrainingArguments, DistillationArguments]:
    """Read the settings: a JSON file first, if there is one, then flags."""
    parser = HfArgumentParser(
        (DataArguments, ModelArguments, SerTrainingArguments, DistillationArguments), description=__doc__
    )
    if arguments and arguments[0].endswith(".json"):
        settings = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        flags = []
        for name, value in settings.items():
            shown = value if isinstance(value, list) else [json.dumps(value) if isinstance(value, dict) else value]
            flags += [f"--{name}", *map(str, shown)] if value not in (None, []) else []
        # of a flag given twice the last one counts
        arguments = flags + arguments[1:]
    return parser.parse_args_into_dataclasses(arguments)


def main(arguments: list[str]) -> None:
    """Train, test, and print the table."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    data, model, training, distillation = parse(arguments)
    results = Recipe(data, model, training, distillation).run()
    if training.process_index == 0:
        table = results_table(results)
        if table:
            heard = "no part of the model has heard the test speakers"
            if model.model_name_or_path is not None:
                heard = f"{model.model_name_or_path}, which was fine-tuned, may have heard the test speakers before"
            print(f"\n{data.corpus}, protocol {data.protocol}, seed {training.seed}; {heard}\n")
            print(table)
        print(f"\nmodels, figures and predictions lie in {training.output_dir}")


if __name__ == "__main__":
    main(sys.argv[1:])
