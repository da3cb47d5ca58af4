"""A checkpoint on a whole corpus: predictions clip by clip, never on speakers it was trained on unasked."""

import logging
from collections.abc import Iterable
from itertools import groupby

import datasets
import numpy as np
from tqdm.auto import tqdm

from ..audio import load_audio
from ..evaluation import Predictions
from ..labels import check_labels_agree
from ..protocols import SpeakerOverlapError
from ..protocols.heard_speakers import speakers_heard
from .classifier import EmotionClassifier
from .enrolment import SpeakerReference, enrol_speakers

__all__ = ["predict_corpus", "refuse_heard_speakers", "speakers_heard"]

logger = logging.getLogger(__name__)
_AT_ONCE = 64


def predict_corpus(
    classifier: EmotionClassifier,
    corpus: datasets.Dataset,
    progress: bool = True,
    *,
    reference_clips: int = 0,
    reference_seed: int = 0,
) -> Predictions:
    """Score every clip of a corpus.

    Args:
        classifier: the checkpoint.
        corpus: rows with the columns `audio`, `emotion`, `speaker` and `clip`.
        progress: whether to show a progress bar.
        reference_clips: this many clips of each speaker, unlabelled, are given to the model as references and left out
            of the score; see `reference_protocol`.
        reference_seed: of their draw.

    Returns:
        the predictions, in the order of the rows; classes are those of the checkpoint, in common names.

    Raises:
        LabelError: if the corpus has emotions that the checkpoint does not know.
        AudioError: if a clip cannot be read.
        ValueError: if references are asked for and the model takes none, or a speaker has too few clips.
    """
    config = classifier.model.config
    ids = check_labels_agree(config.id2label, corpus["emotion"], allow_subset=True)
    names = sorted(ids, key=ids.__getitem__)
    if reference_clips < 0:
        raise ValueError(f"reference_clips is {reference_clips}, expected 0 or more")
    speakers = [str(speaker) for speaker in corpus["speaker"]]
    voices: dict[str, SpeakerReference] = {}
    if reference_clips:
        voices, taken = enrol_speakers(classifier, corpus["audio"], corpus["speaker"], reference_clips, reference_seed)
        corpus = corpus.select([row for row in range(len(corpus)) if row not in taken])
        speakers = [str(speaker) for speaker in corpus["speaker"]]
    # clips of one voice side by side, where its references count
    order = sorted(range(len(corpus)), key=speakers.__getitem__) if voices else list(range(len(corpus)))
    groups = [list(rows) for _, rows in groupby(order, key=lambda row: speakers[row] if voices else None)]
    rate = classifier.feature_extractor.sampling_rate
    scores = np.empty((len(corpus), len(names)))
    with tqdm(total=len(corpus), unit="clip", disable=not progress) as bar:
        for rows in (group[first : first + _AT_ONCE] for group in groups for first in range(0, len(group), _AT_ONCE)):
            waveforms = [load_audio(corpus[row]["audio"], rate) for row in rows]
            predictions = classifier.classify(waveforms, voices.get(speakers[rows[0]]))
            for row, prediction in zip(rows, predictions, strict=True):
                scores[row] = [prediction.scores[config.id2label[ids[name]]] for name in names]
            bar.update(len(rows))
    return Predictions(
        clips=np.asarray(list(corpus["clip"]), dtype=object),
        speakers=np.asarray(list(corpus["speaker"]), dtype=object),
        labels=np.asarray(list(corpus["emotion"]), dtype=object),
        scores=scores,
        label_names=tuple(names),
    )


def refuse_heard_speakers(model: str, speakers: Iterable[str]) -> None:
    """Make sure that a score will be speaker-independent, as far as the checkpoint tells.

    Raises:
        SpeakerOverlapError: if the checkpoint was trained on some of these speakers.
    """
    heard = speakers_heard(model)
    if heard is None:
        logger.warning(
            "%s does not say which speakers it was trained on: whether these figures are speaker-independent is yours "
            "to know",
            model,
        )
        return
    both = sorted(set(heard) & set(speakers))
    if both:
        raise SpeakerOverlapError(
            f"{model!r} was trained on {len(both)} of these speakers ({', '.join(both[:5])}"
            f"{', ...' if len(both) > 5 else ''}), so the figures would not be speaker-independent; choose "
            "others with --speakers, or accept it with --allow_speaker_overlap"
        )
