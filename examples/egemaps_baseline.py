#!/usr/bin/env python
"""What any model should beat: a support vector machine on eGeMAPS functionals, speaker-independent.

RAVDESS by the five folds of Luna-Jimenez et al. 2021, EmoDB by leaving out one speaker at a time. Each fold is fitted
twice: on all speakers but those of the test, and with those of the validation left out too, as models that choose a
checkpoint on validation speakers have to do.

    pip install 'hf-ser[egemaps,train]'
    python examples/egemaps_baseline.py --ravdess /corpora/ravdess --emodb /corpora/emodb
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from tqdm.auto import tqdm

import hf_ser
from hf_ser.evaluation import aggregate_folds, fold_metrics, format_results_table
from hf_ser.features.functionals import EGEMAPS_RATE, egemaps_functionals
from hf_ser.protocols import Fold

PROTOCOLS = {"ravdess": "luna-jimenez-5", "emodb": "leave-one-speaker-out"}


def functionals_of(clips: Sequence[dict], title: str) -> tuple[np.ndarray, float]:
    """Functionals of all clips, (clips, 88), and how many times faster than real time they were computed."""
    rows, sound, spent = [], 0.0, 0.0
    for clip in tqdm(clips, desc=title):
        waveform = hf_ser.load_audio(clip, EGEMAPS_RATE)
        start = time.perf_counter()
        rows.append(egemaps_functionals(waveform))
        spent += time.perf_counter() - start
        sound += len(waveform) / EGEMAPS_RATE
    return np.stack(rows), sound / spent


def predict(
    clips: Sequence[dict], features: np.ndarray, folds: Sequence[Fold], with_validation: bool
) -> hf_ser.Predictions:
    """Fit and test every fold; scaler and machine see training clips only."""
    emotions = np.array([clip["emotion"] for clip in clips])
    names = sorted(set(emotions))
    parts = []
    for number, fold in enumerate(folds):
        train = [*fold.train, *fold.validation] if with_validation else fold.train
        machine = make_pipeline(StandardScaler(), SVC(kernel="rbf", C=10))
        machine.fit(features[train], emotions[train])
        if list(machine.classes_) != names:
            raise ValueError(f"fold {fold.name} trains on {', '.join(machine.classes_)}, expected {', '.join(names)}")
        scores = machine.decision_function(features[fold.test])
        parts.append(
            hf_ser.Predictions.from_logits(
                [clips[row]["clip"] for row in fold.test],
                [clips[row]["speaker"] for row in fold.test],
                emotions[fold.test],
                np.c_[-scores, scores] if scores.ndim == 1 else scores,
                names,
                folds=number,
            )
        )
    return hf_ser.Predictions.concatenate(parts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table; write the answers clip by clip if asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for corpus, protocol in PROTOCOLS.items():
        parser.add_argument(f"--{corpus}", help=f"folder of the corpus; {protocol}")
    parser.add_argument("--predictions", type=Path, help="folder for the answers, one Parquet file for each row")
    options = parser.parse_args(arguments)
    folders = {corpus: getattr(options, corpus) for corpus in PROTOCOLS if getattr(options, corpus)}
    if not folders:
        parser.error("got no corpus, expected --ravdess or --emodb or both")
    rows = []
    for corpus, folder in folders.items():
        dataset = hf_ser.load_corpus(corpus, folder)
        folds = hf_ser.speaker_folds(dataset, PROTOCOLS[corpus])
        clips = list(dataset)
        features, speed = functionals_of(clips, corpus)
        for with_validation, fitted in [(True, "all but the test's"), (False, "validation left out too")]:
            predictions = predict(clips, features, folds, with_validation)
            if options.predictions:
                options.predictions.mkdir(parents=True, exist_ok=True)
                kind = "all" if with_validation else "train"
                predictions.to_parquet(options.predictions / f"egemaps_svm_{corpus}_{kind}.parquet")
            figures = aggregate_folds([fold["metrics"] for fold in fold_metrics(predictions)])
            row = {"corpus": corpus, "classes": len(predictions.label_names), "clips": len(predictions)}
            rows.append({**row, "training speakers": fitted, **figures, "x real time": f"{speed:.0f}"})
    print("eGeMAPSv02 functionals (88), standardised on training speakers, SVC (RBF, C=10); mean ± std over folds, %")
    print(format_results_table(rows))


if __name__ == "__main__":
    main()
