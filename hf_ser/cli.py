"""The `hf-ser` command: each sub-command parses, calls the package and prints."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .version import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `hf-ser`.

    Returns:
        the exit status: 0, 1 if some input failed, 2 if the arguments are wrong.
    """
    parser = argparse.ArgumentParser(prog="hf-ser", description="Speech emotion recognition with transformers.")
    parser.add_argument("--version", action="version", version=f"hf-ser {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    predict = commands.add_parser("predict", help="say which emotion is in recordings")
    predict.add_argument("files", nargs="+", metavar="FILE", help="wav, flac, ogg or mp3")
    predict.add_argument("--model", help="checkpoint folder or Hub id; by default the one that ships with hf_ser")
    predict.add_argument("--json", action="store_true", help="print JSON, with the score of every emotion")
    predict.set_defaults(run=_predict)
    options = parser.parse_args(arguments)
    return options.run(options)


def _predict(options: argparse.Namespace) -> int:
    """Classify files; one that cannot be read is reported and the others are still classified."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from transformers.utils import logging as transformers_logging

    from . import AudioError, EmotionClassifier, default_model

    transformers_logging.disable_progress_bar()
    try:
        classifier = EmotionClassifier.from_pretrained(options.model or default_model())
    except (OSError, ValueError) as error:
        print(f"hf-ser: cannot load the model: {error}", file=sys.stderr)
        return 2
    results: list[dict[str, Any]] = []
    for file in options.files:
        try:
            results.append({"file": file, **asdict(classifier(file))})
        except AudioError as error:
            results.append({"file": file, "error": str(error)})
    failed = [row for row in results if "error" in row]
    if options.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    else:
        _print_table([row for row in results if "error" not in row])
        for row in failed:
            print(f"hf-ser: {row['error']}", file=sys.stderr)
    return 1 if failed else 0


def _print_table(rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    width = max(len("file"), *(len(row["file"]) for row in rows))
    print(f"{'file':<{width}}  {'emotion':<10}  confidence  seconds")
    for row in rows:
        print(f"{row['file']:<{width}}  {row['emotion']:<10}  {row['confidence']:>10.2f}  {row['seconds']:>7.1f}")


if __name__ == "__main__":
    sys.exit(main())
