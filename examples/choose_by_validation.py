#!/usr/bin/env python
"""Among several cross-validations choose one in each fold by its validation speakers, and print the test figures.

python examples/choose_by_validation.py outputs/heads outputs/tuned
python examples/choose_by_validation.py outputs/heads outputs/tuned --refitted _all

With `--refitted _all` the choice is made as before, and the figures are those of outputs/heads_all and
outputs/tuned_all, which were trained on the validation speakers too (`--train_on_validation True`).
"""

import argparse
from pathlib import Path

from hf_ser.evaluation import choose_by_validation


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", help="folders of finished cross-validations on the same folds")
    parser.add_argument("--metric", default="ua", help="what decides on the validation speakers: wa, ua or macro_f1")
    parser.add_argument("--refitted", metavar="SUFFIX", help="of the runs that give the figures")
    options = parser.parse_args()
    runs = {Path(run).name: run.rstrip("/") for run in options.runs}
    if len(runs) < len(options.runs):
        parser.error("two runs have the same folder name")
    refitted = {name: run + options.refitted for name, run in runs.items()} if options.refitted else None
    print(choose_by_validation(runs, options.metric, refitted))


if __name__ == "__main__":
    main()
