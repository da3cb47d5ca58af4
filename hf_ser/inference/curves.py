"""What enrolment is worth: the score of a cross-validation's models against the number of reference clips."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from tqdm.auto import tqdm

from ..audio import load_audio
from ..evaluation import Comparison, Predictions, aggregate_folds, compare_predictions, format_results_table
from ..evaluation.pooling import pooled_metrics
from ..labels import check_labels_agree
from ..models.speech_encoder.reference import NO_REFERENCE
from ..protocols.reference_clips import reference_order
from .classifier import EmotionClassifier
from .encoded_clips import EncodedClips
from .enrolment import (
    ReferenceClipError,
    check_reference_clip,
    has_speaker_encoder,
    least_seconds,
    takes_vectors,
)
from .scoring import refuse_heard_speakers

ALL = "all"
SIZES: tuple[int | str, ...] = (0, 1, 3, 5, 10, ALL)


@dataclass(frozen=True)
class EnrolmentPoint:
    """One number of reference clips.

    Attributes:
        size: Reference clips of each speaker, or "all".
        figures: "wa" and "ua": mean and standard deviation over folds and seeds, each the mean over draws.
        against_none: The same clips with and without references, paired, with intervals over speakers; None for 0.
    """

    size: int | str
    figures: dict[str, Any]
    against_none: Comparison | None


@dataclass(frozen=True)
class EnrolmentCurve:
    """Points by number of reference clips, and how they came about (`about`, plain JSON values)."""

    points: tuple[EnrolmentPoint, ...]
    about: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Give plain Python, fit for JSON."""
        return asdict(self)

    def to_markdown(self) -> str:
        """Write a Markdown table with a line per number of clips, and the protocol below it."""
        rows = []
        for point in self.points:
            row: dict[str, Any] = {"reference clips": str(point.size), **point.figures}
            for name in ("wa", "ua"):
                pair = point.against_none
                row[f"{name.upper()} against none"] = None if pair is None else str(pair.metrics[name])
            rows.append(row)
        return f"{format_results_table(rows)}\n\n{self.about['protocol']}"

    def __str__(self) -> str:
        """Give the Markdown table."""
        return self.to_markdown()


def enrolment_curve(
    run: str | Path,
    corpus: datasets.Dataset,
    sizes: Sequence[int | str] = SIZES,
    draws: int = 5,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: bool = True,
    emotion: str | None = None,
) -> EnrolmentCurve:
    """Score the models of a finished cross-validation with more and more reference clips.

    The models are speech encoders with `config.reference`, or speaker-conditioned CCTs with a speaker encoder, which
    without references hear the voice in the clip itself, or with `own_voice=False` none.

    All sizes are scored on the same clips. In each draw the clips of every test speaker are shuffled; the first ones,
    as many as the largest number in `sizes`, are set aside, and a smaller number takes the first of these. The
    other clips are scored, with every size. So a clip that is set aside is never scored in its draw. "all" gives every
    other clip of the voice, the clip itself left out: there, as in standardisation for each speaker, clips that
    are scored are references for others. Labels of references are not read, unless `emotion`
    asks for it, and clips that enrolment would refuse serve nobody.

    Args:
        run: Folder of `cross_validate`, or of one of its seeds: holds the models, `[seed-S/]fold-N`.
        corpus: The recordings that it was run on.
        sizes: Numbers of reference clips, and "all"; 0 is scored in any case.
        draws: Draws of the clips that are set aside.
        seed: Of the draws.
        device: Where the models run.
        progress: Whether to show a bar.
        emotion: Take references among the clips of this emotion only, to see what one-sided references are worth.

    Returns:
        The curve.

    Raises:
        FileNotFoundError: If the folder holds no finished fold.
        SpeakerOverlapError: If a model was trained on speakers that it is to be tested on.
        ValueError: If a model takes no references, a speaker has too few clips, or a size is wrong.
    """
    if emotion is not None and emotion not in (known := sorted(set(corpus["emotion"]))):
        raise ValueError(f"emotion is {emotion!r}, expected one of the corpus: {', '.join(known)}")
    numbers = sorted({0, *(size for size in sizes if size != ALL)})  # type: ignore[type-var]
    if not all(isinstance(size, int) and size >= 0 for size in numbers) or draws < 1:
        raise ValueError(f"sizes is {list(sizes)} and draws {draws}, expected numbers from 0 or 'all', and 1 or more")
    every: list[int | str] = [*numbers, *([ALL] if ALL in sizes else [])]
    folders = sorted(file.parent for file in Path(run).glob("**/fold-*/results.json"))
    if not folders:
        raise FileNotFoundError(f"{str(run)!r} holds no finished folds (fold-N/results.json), expected those of a run")
    parts: dict[int | str, list[list[Predictions]]] = {size: [] for size in every}
    for number, folder in enumerate(tqdm(folders, unit="fold", disable=not progress)):
        scored = _scored(folder, number * draws, corpus, every, draws, seed, device, emotion)
        for size in every:
            parts[size].append(scored[size])
    none = Predictions.concatenate([part for fold in parts[0] for part in fold])
    points = []
    for size in every:
        folds = [aggregate_folds([_wa_ua(draw) for draw in fold]) for fold in parts[size]]
        figures = aggregate_folds([{name: value["mean"] for name, value in fold.items()} for fold in folds])
        whole = Predictions.concatenate([part for fold in parts[size] for part in fold])
        points.append(EnrolmentPoint(size, figures, compare_predictions(none, whole) if size else None))
    protocol = (
        f"Mean and standard deviation over {len(folders)} models; each tested on its fold's speakers in {draws} draws "
        f"(seed {seed}) of {numbers[-1]} clips of each speaker that are set aside as unlabelled references and not "
        "scored; all sizes on the same clips; 'all': every other clip of the voice, scored ones included. "
        "Differences: paired, intervals of 95 % over speakers."
    )
    if emotion is not None:
        protocol += f" References are clips labelled {emotion!r} alone."
    if json.loads((folders[0] / "config.json").read_text(encoding="utf-8")).get("reference") is None:
        own = json.loads((folders[0] / "preprocessor_config.json").read_text(encoding="utf-8")).get("own_voice", True)
        protocol += f" Without references the voice is {'that of the clip itself' if own else 'unknown'}."
    about = {
        "protocol": protocol,
        "run": str(run),
        "models": len(folders),
        "draws": draws,
        "seed": seed,
        "emotion": emotion,
    }
    return EnrolmentCurve(tuple(points), about)


def _wa_ua(predictions: Predictions) -> dict[str, float]:
    scores = pooled_metrics(predictions)
    return {name: scores[name] for name in ("wa", "ua")}


def _fit_for_reference(classifier: EmotionClassifier, waveforms: Sequence[np.ndarray]) -> list[bool]:
    """Which clips tell something of a voice; the others serve nobody, as in enrolment."""
    rate, least = classifier.feature_extractor.sampling_rate, least_seconds(classifier.feature_extractor)
    told = []
    for waveform in waveforms:
        try:
            check_reference_clip(waveform, rate, "a clip", least)
            told.append(True)
        except ReferenceClipError:
            told.append(False)
    return told


def _scored(
    folder: Path,
    first_seed: int,
    corpus: datasets.Dataset,
    sizes: Sequence[int | str],
    draws: int,
    seed: int,
    device: str | torch.device,
    emotion: str | None,
) -> dict[int | str, list[Predictions]]:
    """Predictions of a fold's test speakers by size, one for each draw, whose seeds count from `first_seed`."""
    result = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    tested = set(result["test"]["speakers"])
    corpus = corpus.select([row for row, speaker in enumerate(corpus["speaker"]) if speaker in tested])
    if set(corpus["speaker"]) != tested:
        missing = sorted(tested - set(corpus["speaker"]))
        raise ValueError(f"the corpus lacks the speakers {missing}, which {str(folder)!r} was tested on")
    refuse_heard_speakers(str(folder), tested)
    classifier = EmotionClassifier.from_pretrained(str(folder), device=device)
    network: Any = classifier.model
    if not (takes_vectors(network) or has_speaker_encoder(network)):
        raise ValueError(f"{str(folder)!r}: {NO_REFERENCE}")
    rate = classifier.feature_extractor.sampling_rate
    waveforms = [load_audio(audio, rate) for audio in corpus["audio"]]
    encoded, fit = EncodedClips(classifier, waveforms), _fit_for_reference(classifier, waveforms)
    if emotion is not None:
        fit = [told and label == emotion for told, label in zip(fit, corpus["emotion"], strict=True)]
    ids = check_labels_agree(network.config.id2label, corpus["emotion"], allow_subset=True)
    names = sorted(ids, key=ids.__getitem__)
    speakers = np.asarray(list(corpus["speaker"]), dtype=object)
    largest = max(size for size in sizes if isinstance(size, int))
    found: dict[int | str, list[Predictions]] = {size: [] for size in sizes}
    for draw in range(draws):
        orders = reference_order(list(speakers), largest, seed * draws + draw)
        usable = {speaker: [place for place in order if fit[place]] for speaker, order in orders.items()}
        for speaker, order in usable.items():
            if len(order) < largest:
                raise ValueError(
                    f"{largest} reference clips are asked for, but speaker {speaker!r} has {len(order)} that are long "
                    f"enough and not silent{'' if emotion is None else f' and {emotion}'}; ask for fewer"
                )
        aside = {place for order in usable.values() for place in order[:largest]}
        rows = [place for place in range(len(speakers)) if place not in aside]
        for size in sizes:
            taken = None if size == ALL else int(size)
            scores = encoded.scores([(orders[speaker], order[:taken]) for speaker, order in usable.items()])
            columns = [ids[name] for name in names]
            told = Predictions(
                clips=np.asarray(list(corpus["clip"]), dtype=object),
                speakers=speakers,
                labels=np.asarray(list(corpus["emotion"]), dtype=object),
                scores=scores[:, columns],
                label_names=tuple(names),
                folds=result["fold"],
                seeds=np.full(len(speakers), first_seed + draw),
            )
            found[size].append(told.select(rows))
    return found


__all__ = ["SIZES", "EnrolmentCurve", "EnrolmentPoint", "enrolment_curve"]
