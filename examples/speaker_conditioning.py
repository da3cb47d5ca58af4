#!/usr/bin/env python
"""Does it help a model to know the voice? Every table of that section of the README, from one command.

    python examples/speaker_conditioning.py outputs/voices --ravdess /corpora/ravdess --emodb /corpora/emodb \
        --speaker_encoder ECAPA --encoder WHISPER_BASE

Trains what is missing in the output folder, so it can be interrupted and started again: a compact CCT, plain and with
the three fusions, on the same features and folds with the first seed; the fusion that does best on the validation
speakers, and the plain CCT, with all seeds; both on EmoDB; then what other clips of the voice give the best fusion, as
it is and trained on such voices (`--own_voice False`); and, with `--encoder`, what they give a frozen speech encoder.
Flags that it does not know, such as `--jobs 2`, go to every cross-validation.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from hf_ser.evaluation import Predictions, comparison_table
from hf_ser.inference import enrolment_curve
from hf_ser.inference.curves import EnrolmentCurve
from hf_ser.training import cross_validate_main, data_of_run, load_data

CONFIGS = Path(__file__).parent / "configs"
FUSIONS = ("token", "pair", "speaker_token")
EMODB = ["--corpus", "emodb", "--protocol", "leave-one-speaker-out"]


class Study:
    """Cross-validations below one folder.

    Args:
        options: the command line.
        flags: what every cross-validation gets besides.
    """

    def __init__(self, options: argparse.Namespace, flags: Sequence[str]) -> None:
        self.folder, self.options, self.flags = Path(options.output_dir), options, list(flags)

    def run(self, name: str, config: str, *settings: str, seeds: Sequence[int] | None = None) -> Path:
        """Cross-validate, or finish what was begun; give the folder."""
        seeds = seeds or self.options.seeds[:1]
        folder = self.folder / name
        where = ["--output_dir", str(folder), "--seeds", *map(str, seeds)]
        cross_validate_main([str(CONFIGS / config), *settings, *self.flags, *where])
        return folder

    def cct(self, fusion: str, *data: str, suffix: str = "", seeds: Sequence[int] | None = None) -> Path:
        """The compact CCT, "plain" or with a fusion, with settings of its data or voices."""
        if fusion == "plain":
            return self.run(fusion + suffix, "ravdess_compact.json", *data, seeds=seeds)
        voice = ["--speaker_encoder", self.options.speaker_encoder, "--fusion", fusion]
        return self.run(fusion + suffix, "ravdess_speaker_cct.json", *voice, *data, seeds=seeds)


def predictions(run: Path) -> Predictions:
    """What a cross-validation answered, clip by clip."""
    return Predictions.from_parquet(run / "predictions.parquet")


def validation_wa(run: Path) -> float:
    """Mean WA on the validation speakers of the folds."""
    return float(json.loads((run / "results.json").read_text(encoding="utf-8"))["validation"]["wa"]["mean"])


def curve(run: Path, options: argparse.Namespace) -> EnrolmentCurve:
    """What references are worth to the models of a cross-validation, first seed, on the recordings it was run on."""
    models = run / f"seed-{options.seeds[0]}"
    return enrolment_curve(models, load_data(data_of_run(run)), [*options.sizes, "all"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output_dir", help="folder for all models, figures and predictions")
    parser.add_argument("--ravdess", required=True, help="folder of RAVDESS")
    parser.add_argument("--emodb", help="folder of EmoDB; without it that part is left out")
    parser.add_argument("--speaker_encoder", required=True, help="folder of a speaker encoder, such as ECAPA-TDNN")
    parser.add_argument("--encoder", help="folder of Whisper-base's encoder; without it that part is left out")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="the first is that of the fusions")
    parser.add_argument("--sizes", nargs="+", type=int, default=[0, 1, 3, 5, 10], help="numbers of reference clips")
    options, flags = parser.parse_known_args(arguments)
    study, ravdess = Study(options, flags), ["--data_dir", options.ravdess]

    runs = {name: study.cct(name, *ravdess) for name in ("plain", *FUSIONS)}
    told = {name: predictions(run) for name, run in runs.items()}
    fusions = comparison_table(told, "plain")
    on_validation = {name: validation_wa(runs[name]) for name in runs}
    best = max(FUSIONS, key=on_validation.__getitem__)
    runs = {name: study.cct(name, *ravdess, seeds=options.seeds) for name in ("plain", best)}
    several = comparison_table({name: predictions(run) for name, run in runs.items()}, "plain")

    values = ", ".join(f"{name} {100 * value:.1f}" for name, value in on_validation.items())
    choice = f"WA on the validation speakers: {values}; the best fusion there is {best!r}."
    parts: dict[str, object] = {
        f"Fusions, RAVDESS, seed {options.seeds[0]}": f"{fusions}\n\n{choice}",
        f"{best} over seeds {', '.join(map(str, options.seeds))}, RAVDESS": several,
        f"{best} with reference clips, RAVDESS": curve(runs[best], options),
    }
    others = study.cct(best, *ravdess, "--own_voice", "False", suffix="_others")
    unknown = comparison_table({"plain": told["plain"], f"{best}, voice unknown": predictions(others)}, "plain")
    title = f"{best} trained on the voice in other clips, with reference clips, RAVDESS"
    parts[title] = f"{unknown}\n\n{curve(others, options)}"
    if options.emodb:
        data = ["--data_dir", options.emodb, *EMODB]
        runs = {name: study.cct(name, *data, suffix="_emodb") for name in ("plain", best)}
        parts["EmoDB"] = comparison_table({name: predictions(run) for name, run in runs.items()}, "plain")
    if options.encoder:
        recipe = ["--encoder", options.encoder, "--reference", "standardise", "--train_on_validation", "True"]
        references = study.run("references_all", "ravdess_whisper_ridge.json", *ravdess, *recipe)
        parts["A frozen speech encoder with reference clips, RAVDESS"] = curve(references, options)
    print("\n\n".join(f"## {title}\n\n{part}" for title, part in parts.items()))


if __name__ == "__main__":
    main()
