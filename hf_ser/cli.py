"""The `hf-ser` command: each sub-command parses, calls the package and prints."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from .version import __version__

_TRAIN = "train a model on some folds of a corpus; CONFIG.json first, then flags"
_CROSS_VALIDATE = "train and test on every fold with every seed; CONFIG.json first, then flags"
_FOLDS = "print who is tested in each fold of a corpus and protocol, and save the folds; CONFIG.json first, then flags"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `hf-ser`.

    Returns:
        the exit status: 0, 1 if some input failed, 2 if the arguments are wrong.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="hf-ser", description="Speech emotion recognition with transformers.")
    parser.add_argument("--version", action="version", version=f"hf-ser {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_predict(commands)
    _add_corpora(commands)
    _add_evaluate(commands)
    _add_compare(commands)
    # these take the fields of the settings' classes as flags, which takes transformers to parse
    commands.add_parser("train", help=_TRAIN, add_help=False)
    commands.add_parser("cross-validate", help=_CROSS_VALIDATE, add_help=False)
    commands.add_parser("folds", help=_FOLDS, add_help=False)
    if arguments[:1] in (["train"], ["cross-validate"], ["folds"]):
        return _recipe(arguments[0], arguments[1:])
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, OSError) as error:
        # what a user can mend comes as one of these, with the way to mend it
        print(f"hf-ser: {error}", file=sys.stderr)
        return 2


def _add_predict(commands: Any) -> None:
    predict = commands.add_parser("predict", help="say which emotion is in recordings")
    predict.add_argument("files", nargs="+", metavar="FILE", help="wav, flac, ogg or mp3")
    predict.add_argument("--model", help="checkpoint folder or Hub id; by default the one that ships with hf_ser")
    predict.add_argument(
        "--speaker_reference",
        "--speaker-reference",
        nargs="+",
        metavar="CLIP",
        help="other clips of the voice in all of these files, of mixed emotions, for models that take references; "
        "no labels needed; a file never is its own reference",
    )
    predict.add_argument("--json", action="store_true", help="print JSON, with the score of every emotion")
    predict.set_defaults(run=_predict)


def _add_corpora(commands: Any) -> None:
    corpora = commands.add_parser("corpora", help="list the corpora, describe one, or check a folder of one")
    corpora.add_argument("name", nargs="?", help="a corpus to describe")
    corpora.add_argument("folder", nargs="?", help="its folder: say what is missing, extra or twice")
    corpora.add_argument("--json", action="store_true", help="print JSON")
    corpora.set_defaults(run=_corpora)


def _add_evaluate(commands: Any) -> None:
    evaluate = commands.add_parser("evaluate", help="score a checkpoint on a corpus, or predictions that are saved")
    evaluate.add_argument("--model", help="checkpoint folder or Hub id")
    evaluate.add_argument("--corpus", help="corpus, see `hf-ser corpora`; or folder, csv, json, parquet")
    evaluate.add_argument("--data_dir", "--data-dir", help="its folder or manifest file")
    evaluate.add_argument("--corpus_options", "--corpus-options", help="JSON: options of load_corpus")
    evaluate.add_argument("--merge", help='JSON: emotion -> the emotion that takes it in, \'{"calm": "neutral"}\'')
    evaluate.add_argument("--drop", nargs="+", default=[], help="emotions to leave out")
    evaluate.add_argument("--speakers", nargs="+", help="score these speakers only")
    evaluate.add_argument("--folds_file", "--folds-file", help="folds of `hf-ser folds --save`: score the test side")
    evaluate.add_argument("--fold", type=int, help="of the fold with this number")
    evaluate.add_argument(
        "--allow_missing_classes",
        "--allow-missing-classes",
        action="store_true",
        help="count clips of emotions that the checkpoint does not know as mistakes, instead of refusing them",
    )
    evaluate.add_argument(
        "--allow_speaker_overlap", "--allow-speaker-overlap", action="store_true", help="score speakers it has heard"
    )
    evaluate.add_argument(
        "--reference_clips",
        "--reference-clips",
        type=int,
        default=0,
        help="give the model this many unlabelled clips of each speaker as references, and do not score them",
    )
    evaluate.add_argument(
        "--reference_seed", "--reference-seed", type=int, default=0, help="draw the reference clips with this seed"
    )
    evaluate.add_argument("--predictions", help="saved predictions (parquet or csv) instead of model and corpus")
    evaluate.add_argument("--baseline", help="saved predictions of another model on the same clips, to compare with")
    evaluate.add_argument("--output_dir", "--output-dir", help="write report.md, report.json, figures, predictions")
    evaluate.add_argument("--device", default="cpu", help="where the model runs")
    evaluate.set_defaults(run=_evaluate)


def _add_compare(commands: Any) -> None:
    compare = commands.add_parser("compare", help="set cross-validations beside each other, clip by clip")
    compare.add_argument("runs", nargs="+", metavar="RUN", help="folder of hf-ser cross-validate, or its predictions")
    compare.add_argument("--baseline", help="the run that the others are compared with; by default the first")
    compare.add_argument("--seeds", nargs="+", type=int, help="take these seeds of each run only; all by default")
    compare.add_argument("--json", action="store_true", help="print JSON")
    compare.set_defaults(run=_compare)


def _predict(options: argparse.Namespace) -> int:
    """Classify files; one that cannot be read is reported and the others are still classified."""
    from . import AudioError

    classifier = _classifier(options.model)
    voice = None if options.speaker_reference is None else classifier.enrol(options.speaker_reference)
    results: list[dict[str, Any]] = []
    for file in options.files:
        try:
            told = voice
            if voice is not None and any(_same_file(file, clip) for clip in options.speaker_reference):
                others = [clip for clip in options.speaker_reference if not _same_file(file, clip)]
                told = classifier.enrol(others) if others else None
                if told is None:
                    print(f"hf-ser: {file} is its own only reference, so it is judged without any", file=sys.stderr)
            results.append({"file": file, **asdict(classifier(file, speaker_reference=told))})
        except AudioError as error:
            results.append({"file": file, "error": str(error)})
    failed = [row for row in results if "error" in row]
    if options.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    else:
        shown = [row for row in results if "error" not in row]
        _print_table(
            ("file", "emotion", "confidence", "seconds"),
            [(row["file"], row["emotion"], f"{row['confidence']:.2f}", f"{row['seconds']:.1f}") for row in shown],
            right=(2, 3),
        )
        for row in failed:
            print(f"hf-ser: {row['error']}", file=sys.stderr)
    return 1 if failed else 0


def _same_file(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _classifier(model: str | None, device: str = "cpu") -> Any:
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from transformers.utils import logging as transformers_logging

    from . import EmotionClassifier, default_model

    transformers_logging.disable_progress_bar()
    try:
        return EmotionClassifier.from_pretrained(model or default_model(), device=device)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot load the model: {error}") from error


def _corpora(options: argparse.Namespace) -> int:
    """List what can be read; describe one corpus; or compare a folder with what its authors publish."""
    from .corpora import list_corpora, read_corpus
    from .corpora.base import corpus_class

    if options.name is None:
        known = list_corpora()
        if options.json:
            print(json.dumps([asdict(info) for info in known], indent=2, ensure_ascii=False))
            return 0
        rows = [
            (
                info.name,
                info.language,
                str(info.speakers),
                str(info.clips),
                str(len(info.emotions)),
                ", ".join(info.dimensions) or "-",
                info.verified,
            )
            for info in known
        ]
        head = ("corpus", "language", "speakers", "clips", "emotions", "dimensions", "parser verified on")
        _print_table(head, rows, right=(2, 3, 4))
        print("\nand recordings of your own: folder, csv, json, parquet")
        return 0
    info = corpus_class(options.name).info
    if options.folder is None:
        fields = asdict(info)
        print(json.dumps(fields, indent=2, ensure_ascii=False) if options.json else _described(fields))
        return 0
    reading = read_corpus(options.name, options.folder)
    found: dict[str, Any] = {
        "clips": len(reading.rows),
        "speakers": len({row.speaker for row in reading.rows}),
        "set aside": reading.set_aside,
        "missing": reading.missing,
        "extra": reading.extra,
        "unmatched": reading.unmatched,
        "copies": sorted(reading.duplicates),
        "miscounted": [f"{name}: {n} of {of}" for name, (n, of) in reading.miscounted.items()],
    }
    print(json.dumps(found, indent=2, ensure_ascii=False) if options.json else _described(found))
    return 0 if reading.complete else 1


def _described(fields: dict[str, Any]) -> str:
    """Fields one below the other; long lists are counted and begun."""
    lines = []
    for name, value in fields.items():
        if isinstance(value, list | tuple):
            few = [str(item) for item in value[:8]]
            value = f"{len(value)}" + (f": {', '.join(few)}" if few else "") + (", ..." if len(value) > 8 else "")
        lines.append(f"{name}: {value}")
    return "\n".join(lines)


def _evaluate(options: argparse.Namespace) -> int:
    """Score a checkpoint or saved predictions; print the report and write it where asked."""
    from .evaluation import compare_predictions, report_predictions

    if options.output_dir and (Path(options.output_dir) / "report.json").exists():
        # before anything is computed
        raise ValueError(f"--output_dir {options.output_dir!r} holds a report already; name another folder")
    if options.predictions and options.reference_clips:
        raise ValueError(
            f"--reference_clips is {options.reference_clips}, but saved predictions are made already; leave it out, "
            "or give --model, --corpus and --data_dir instead of --predictions"
        )
    predictions = _saved(options.predictions) if options.predictions else _predicted(options)
    about = {}
    if options.reference_clips:
        from .inference import reference_protocol

        about["references"] = reference_protocol(options.reference_clips, options.reference_seed)
    report = report_predictions(predictions, about=about)
    print(report.to_markdown())
    if options.baseline:
        print(compare_predictions(_saved(options.baseline), predictions).to_markdown())
    if options.output_dir:
        report.save(options.output_dir)
        predictions.to_parquet(Path(options.output_dir) / "predictions.parquet")
        print(f"report, figures and predictions lie in {options.output_dir}")
    return 0


def _compare(options: argparse.Namespace) -> int:
    """Print a table of runs with their paired differences from a baseline."""
    from .evaluation import comparison_table

    runs = {_name(run): _of_seeds(_saved(run), options.seeds, run) for run in options.runs}
    if len(runs) < len(options.runs):
        raise ValueError(f"{', '.join(options.runs)}: two runs have the same name; give their folders different names")
    table = comparison_table(runs, baseline=_name(options.baseline or options.runs[0]))
    print(json.dumps(table.to_dict(), indent=2) if options.json else table.to_markdown())
    return 0


def _name(run: str) -> str:
    return Path(run).stem if Path(run).suffix in (".csv", ".parquet") else Path(run).name


def _saved(path: str) -> Any:
    from .evaluation import Predictions

    if Path(path).is_dir():
        path = str(Path(path) / "predictions.parquet")
    return Predictions.from_csv(path) if path.endswith(".csv") else Predictions.from_parquet(path)


def _of_seeds(predictions: Any, seeds: list[int] | None, run: str) -> Any:
    """The rows of some seeds."""
    if seeds is None:
        return predictions
    if predictions.seeds is None:
        raise ValueError(
            f"{run}: got --seeds {' '.join(map(str, seeds))}, but its predictions name no seed; leave it out"
        )
    found = {int(seed) for seed in predictions.seeds}
    if missing := sorted(set(seeds) - found):
        raise ValueError(f"{run}: got --seeds with {missing}, but the run has {sorted(found)}; leave those out")
    return predictions.select([row for row, seed in enumerate(predictions.seeds) if int(seed) in seeds])


def _predicted(options: argparse.Namespace) -> Any:
    """Predictions of a checkpoint for a corpus or some of its speakers."""
    if not (options.model and options.corpus and options.data_dir):
        raise ValueError("evaluate needs --model, --corpus and --data_dir, or --predictions")
    from .inference import predict_corpus, refuse_heard_speakers
    from .training import CorpusArguments, load_data

    corpus = load_data(
        CorpusArguments(
            options.corpus, options.data_dir, options.corpus_options, merge=options.merge, drop=options.drop
        )
    )
    if options.folds_file is not None:
        corpus = corpus.select(_test_side(corpus, options))
    elif options.fold is not None:
        raise ValueError(f"--fold is {options.fold} without --folds_file, the file of `hf-ser folds --save`")
    if options.speakers:
        known = set(corpus["speaker"])
        if strange := sorted(set(options.speakers) - known):
            raise ValueError(f"--speakers names {strange}, which the corpus lacks; it has {sorted(known)[:10]}")
        wanted = set(options.speakers)
        corpus = corpus.select([row for row, speaker in enumerate(corpus["speaker"]) if speaker in wanted])
    if not options.allow_speaker_overlap:
        refuse_heard_speakers(options.model, set(corpus["speaker"]))
    classifier = _classifier(options.model, options.device)
    score = _with_strange_emotions if options.allow_missing_classes else predict_corpus
    clips, seed = options.reference_clips, options.reference_seed
    return score(classifier, corpus, reference_clips=clips, reference_seed=seed)


def _test_side(corpus: Any, options: argparse.Namespace) -> list[int]:
    """Rows that a saved fold tests."""
    from .protocols import load_folds

    folds = load_folds(options.folds_file, corpus)
    if options.fold is None or not 0 <= options.fold < len(folds):
        given = "is not given" if options.fold is None else f"is {options.fold}"
        raise ValueError(f"--fold {given}, expected a number from 0 to {len(folds) - 1}, of {options.folds_file!r}")
    return folds[options.fold].test


def _with_strange_emotions(classifier: Any, corpus: Any, **references: Any) -> Any:
    """Predictions of clips whose emotion the checkpoint may not know: its score is then 0, so they are mistakes."""
    import numpy as np

    from .inference import predict_corpus
    from .labels import check_labels_agree, label_names

    emotions = list(corpus["emotion"])
    known = check_labels_agree(classifier.model.config.id2label, emotions, allow_subset=True, allow_unknown=True)
    strange = [name for name in label_names(emotions) if name not in known]
    any_known = next(iter(known))
    told = [emotion if emotion in known else any_known for emotion in emotions]
    predictions = predict_corpus(
        classifier, corpus.remove_columns("emotion").add_column("emotion", told), **references
    )
    true = dict(zip(corpus["clip"], emotions, strict=True))
    if strange:
        clips = sum(emotion in strange for emotion in emotions)
        print(f"hf-ser: {clips} clips are {', '.join(strange)}, which the checkpoint never says", file=sys.stderr)
    return replace(
        predictions,
        labels=np.asarray([true[clip] for clip in predictions.clips], dtype=object),
        scores=np.pad(predictions.scores, ((0, 0), (0, len(strange)))),
        label_names=(*predictions.label_names, *strange),
    )


def _recipe(command: str, arguments: list[str]) -> int:
    """Train, or cross-validate, or show the folds, and print the table."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    from .training import cross_validate_main, folds_main, train_main

    run = {"train": train_main, "cross-validate": cross_validate_main, "folds": folds_main}[command]
    try:
        return run(arguments, prog=f"hf-ser {command}")
    except (ValueError, OSError) as error:
        print(f"hf-ser: {error}", file=sys.stderr)
        return 2


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print columns two blanks apart, those in `right` flush right; nothing if there are no rows."""
    if not rows:
        return
    widths = [max(len(line[column]) for line in [head, *rows]) for column in range(len(head))]
    for line in [head, *rows]:
        cells = [
            f"{cell:>{width}}" if column in right else f"{cell:<{width}}"
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


if __name__ == "__main__":
    sys.exit(main())
