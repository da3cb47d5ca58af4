"""A recipe: model, features, augmentation and objective, run over the folds of a protocol or on every speaker."""

import json
import platform
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasets
import numpy as np

from ..protocols import Fold, corpus_fingerprint
from ..protocols.reference_clips import choose_references
from .arguments import SerTrainingArguments
from .building import ModelArguments, build_extractor, build_model, needs_fitting
from .checkpoints import refuse_to_overwrite
from .data_arguments import DataArguments, choose_folds, load_data
from .dataset import SerDataset
from .folds import figures_of, predictions_of, speakers_of
from .problems import problem_of
from .run_settings import record_or_compare, run_settings
from .speaker_building import refuse_heard
from .speaker_training import speaker_cache_folder
from .targets import target_labels
from .teaching import DistillationArguments, Teaching
from .trainer import SerTrainer

RESULTS = "results.json"
_RECORDED = ("hf_ser", "torch", "transformers", "datasets", "numpy")


class Recipe:
    """Trains what the arguments say, on the folds of a protocol or on every speaker.

    Everything that is fitted (weights, feature statistics, standardisation of targets) sees training speakers only;
    the checkpoint is chosen on validation speakers; each test side is scored once.

    Args:
        data: which recordings, and how they are split.
        model: which model on which features.
        training: settings of the runs; each fold gets a folder of its own inside `output_dir`.
        distillation: whether a teacher takes part.
        corpus: the recordings, if they are loaded already; by default those that `data` names.
    """

    def __init__(
        self,
        data: DataArguments,
        model: ModelArguments,
        training: SerTrainingArguments,
        distillation: DistillationArguments | None = None,
        corpus: datasets.Dataset | None = None,
    ) -> None:
        if data.held_out_speakers and data.folds != "none":
            raise ValueError(
                f"held_out_speakers is {data.held_out_speakers} with folds={data.folds!r}; it goes with "
                "folds='none', for the folds of a protocol hold out speakers by themselves"
            )
        if training.resume_from_checkpoint is not None:
            raise ValueError(
                f"resume_from_checkpoint is {training.resume_from_checkpoint!r}: one checkpoint cannot continue "
                "several folds, whose training speakers differ; continue a recipe with resume=True (--resume)"
            )
        self.data, self.model, self.training = data, model, training
        self.distillation = distillation or DistillationArguments()
        self.corpus = load_data(data) if corpus is None else corpus
        self.fingerprint = corpus_fingerprint(self.corpus)
        self.teaching: Teaching | None = None

    def run(self) -> list[dict[str, Any]]:
        """Run the chosen folds; with `resume`, finished ones are not run again and an interrupted one continues.

        Returns:
            for each fold its figures and what they were obtained with, as also written to its `results.json`.
        """
        if self.data.folds == "none":
            return [self.run_on_every_speaker()]
        folds = self.folds()
        if self.training.push_to_hub and len(folds) > 1:
            raise ValueError(
                f"push_to_hub is True for {len(folds)} folds, whose models would overwrite each other; expected one "
                "model: choose one fold, or folds='none' to train on every speaker"
            )
        return [self.run_fold(number, fold) for number, fold in folds]

    def folds(self) -> list[tuple[int, Fold]]:
        """The folds that `data` asks for, with their numbers.

        Raises:
            ValueError: if a tested or validated speaker has too few clips for `eval_reference_clips`.
        """
        folds = choose_folds(self.corpus, self.data)
        if clips := self.training.eval_reference_clips:
            for _, fold in folds:
                for _, rows in self._scored(fold):
                    side = self.corpus.select(rows)
                    choose_references(side["audio"], side["speaker"], clips, self.training.seed)
        return folds

    def _scored(self, fold: Fold) -> list[tuple[str, list[int]]]:
        """The sides of a fold that are scored after training, by name."""
        sides = [("validation", fold.validation), ("test", fold.test)]
        return sides[1:] if self.data.train_on_validation else sides

    def fold_folder(self, number: int) -> Path:
        """Where a fold's model, figures and predictions lie."""
        return Path(self.training.output_dir) / f"fold-{number}"

    def finished(self, number: int, fold: Fold) -> dict[str, Any] | None:
        """The results of a fold that was run to its end, None if it was not.

        Raises:
            ValueError: if it was run with other settings.
        """
        folder = self.fold_folder(number)
        if not _is_finished(folder):
            return None
        record_or_compare(folder, self._settings(fold), resume=True)
        return json.loads((folder / RESULTS).read_text(encoding="utf-8"))

    def run_fold(self, number: int, fold: Fold) -> dict[str, Any]:
        """Train on one fold, save the model, and test it once."""
        folder = self.fold_folder(number)
        if (done := self._start(folder, fold)) is not None:
            return done
        fold.check(self.corpus)
        if self.data.train_on_validation:
            self._refuse_evaluation("train_on_validation")
        trainer, result = self._train(folder, fold, self.model.for_fold(number))
        result |= {"fold": number, "fold_fingerprint": fold.fingerprint, "left_out": len(fold.left_out)}
        result |= {"speaker_independent": fold.speaker_independent, "protocol": fold.protocol or "made by hand"}
        result["train_on_validation"] = self.data.train_on_validation
        for side, rows in self._scored(fold):
            clips = self.corpus.select(rows)
            prediction = trainer.predict(clips, metric_key_prefix=side)
            figures = figures_of(prediction.metrics, side, self.model.target)
            result[side] = {
                "figures": figures,
                "clips": len(prediction.row_ids),
                "speakers": speakers_of(clips),
            }
            if self.training.eval_reference_clips:
                # unlabelled clips of each speaker, drawn by the seed, known to the model and left out of the score
                result[side]["reference_clips"] = self.training.eval_reference_clips
            if trainer.is_world_process_zero():
                seed = self.training.seed
                labels, target = result["labels"], self.model.target
                predictions = predictions_of(clips, prediction, labels, number, seed, target)
                predictions.to_parquet(folder / f"{side}_predictions.parquet")
        return self._finish(trainer, folder, result)

    def run_on_every_speaker(self) -> dict[str, Any]:
        """Train once on every speaker but the held-out ones, to the last epoch; nothing is validated or tested.

        Raises:
            ValueError: if a held-out speaker is not in the corpus, or the settings ask for an evaluation.
        """
        speakers = list(self.corpus["speaker"])
        unknown = sorted(set(self.data.held_out_speakers) - set(speakers))
        if unknown:
            raise ValueError(
                f"held_out_speakers names {unknown}, which the corpus lacks; it has {sorted(set(speakers))}"
            )
        self._refuse_evaluation("folds='none'")
        rows = [row for row, speaker in enumerate(speakers) if speaker not in self.data.held_out_speakers]
        folder = Path(self.training.output_dir)
        if (done := self._start(folder, None)) is not None:
            return done
        trainer, result = self._train(folder, rows, self.model)
        result |= {"fold": "none", "held_out_speakers": self.data.held_out_speakers}
        return self._finish(trainer, folder, result)

    def _refuse_evaluation(self, setting: str) -> None:
        if self.training.eval_strategy != "no":
            raise ValueError(
                f"eval_strategy is {str(self.training.eval_strategy)!r}, but {setting} leaves nothing to evaluate on; "
                "set it to 'no'"
            )

    def _start(self, folder: Path, fold: Fold | None) -> dict[str, Any] | None:
        """Look at what the folder holds; returns the results of a run that is finished already."""
        if not self.training.resume and not self.training.overwrite_run:
            refuse_to_overwrite(folder)
        with self.training.main_process_first(desc="comparing settings"):
            # the first process writes; the others find what it wrote
            started = self.training.resume or self.training.process_index > 0
            record_or_compare(folder, self._settings(fold), started)
        if self.training.resume and _is_finished(folder):
            return json.loads((folder / RESULTS).read_text(encoding="utf-8"))
        return None

    def _settings(self, fold: Fold | None) -> dict[str, Any]:
        return run_settings(self.data, self.model, self.training, self.distillation, fold, self.fingerprint)

    def _check_transfer(self, model: ModelArguments, fold: Fold | list[int]) -> None:
        if model.transfer_from is None or self.training.allow_speaker_overlap:
            return
        held_out = list(self.data.held_out_speakers)
        if isinstance(fold, Fold):
            if not fold.speaker_independent:
                return
            rows = fold.test if self.data.train_on_validation else [*fold.validation, *fold.test]
            held_out += speakers_of(self.corpus.select(rows))
        refuse_heard(model.transfer_from, held_out)

    def _train(
        self, folder: Path, fold: Fold | list[int], arguments: ModelArguments
    ) -> tuple[SerTrainer, dict[str, Any]]:
        self._check_transfer(arguments, fold)
        train, validation = (fold.train, fold.validation) if isinstance(fold, Fold) else (fold, [])
        if self.data.train_on_validation:
            train, validation = sorted([*train, *validation]), []
        # a class that is tested but never learned, by consent, has an output too: its clips count as mistaken
        every = [*train, *validation, *fold.test] if isinstance(fold, Fold) else train
        labels = target_labels(self.corpus, every, self.model.target, self.model.dimensions)
        extractor = build_extractor(arguments)
        model = build_model(arguments, labels, extractor, self.training.seed)
        ids = problem_of(model.config).target(self.corpus.select(train))
        labels = sorted(ids, key=ids.__getitem__)
        clean = SerDataset(self.corpus, ids, train, sampling_rate=extractor.sampling_rate)
        if needs_fitting(extractor):
            extractor.fit_normalization(clean[index]["waveform"] for index in range(len(clean)))
        result = {
            "corpus": self.data.corpus_name,
            "corpus_fingerprint": self.fingerprint,
            "train_speakers": speakers_of(self.corpus.select(train)),
            "target": self.model.target,
            "labels": labels,
            "parameters": model.num_parameters(),
            "seed": self.training.seed,
            "versions": _versions(),
        }
        if self.distillation.views > 0 and self.teaching is None:
            # not before it is needed: the table of finished folds needs no views
            self.teaching = Teaching(self.corpus, build_extractor(self.model), self.training, self.distillation)
        lesson = None if self.teaching is None else self.teaching.lesson(train, ids, model, extractor)
        name = self.training.hub_model_id or Path(self.training.output_dir).name
        training = replace(self.training, output_dir=str(folder), hub_model_id=name)  # type: ignore[call-arg]
        if getattr(model, "speaker_encoder", None) is not None:
            # all folds share it
            training.speaker_cache_dir = speaker_cache_folder(self.training)
        if isinstance(fold, Fold) and not fold.speaker_independent:
            training.allow_speaker_overlap = True  # consented to where the fold was made; results say so
        trainer = SerTrainer(
            model,
            training,
            train_dataset=self.corpus.select(train) if lesson is None else lesson.dataset,
            eval_dataset=self.corpus.select(validation) if validation else None,
            processing_class=extractor,
            objective=None if lesson is None else lesson.objective,
            data_collator=None if lesson is None else lesson.collator,
        )
        result["trained_parameters"] = sum(model.get_parameter(name).numel() for name in trainer.freezing.trained())
        if trainer.prefixes is not None:
            result["prefix_cache"] = trainer.prefixes.about()
        trainer.train()
        if trainer.fit is not None:
            result["ridge"] = trainer.fit.about()
        return trainer, result

    def _finish(self, trainer: SerTrainer, folder: Path, result: dict[str, Any]) -> dict[str, Any]:
        result = json.loads(json.dumps(result, default=_plain))
        trainer.save_model(_internal_call=True)
        file = folder / RESULTS
        # the curves of the run outlive its checkpoints
        trainer.save_state()
        if trainer.is_world_process_zero():
            part = file.with_suffix(".part")
            part.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            part.replace(file)
        if self.training.push_to_hub:
            try:
                trainer.push_to_hub(commit_message="Model save")
            except BaseException:
                # the run is not finished: continued, it pushes again
                file.unlink(missing_ok=True)
                raise
        trainer.accelerator.wait_for_everyone()
        return result


def _is_finished(folder: Path) -> bool:
    """Whether a run was ended here: the results are written last, beside the model."""
    return (folder / RESULTS).is_file() and (folder / "model.safetensors").is_file()


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in _RECORDED}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
