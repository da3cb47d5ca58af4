"""Clips that are scored with one set of references after another."""

import numpy as np
import pytest
import torch
from test_enrolment import RATE, clip, speaker_cct, speech_model

from hf_ser.features.feature_extraction_speech import SpeechFeatureExtractor
from hf_ser.inference.classifier import EmotionClassifier
from hf_ser.inference.encoded_clips import EncodedClips


def classifier_of(kind):
    if kind == "speech":
        return EmotionClassifier(speech_model(), SpeechFeatureExtractor(input_kind="log_mel", max_seconds=4.0))
    model, extractor = speaker_cct()
    extractor.own_voice = kind == "cct"
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "speaker.projections" in name or "classifier" in name or "attention" in name:
                parameter.mul_(20)
    return EmotionClassifier(model, extractor)


@pytest.mark.parametrize("kind", ["speech", "cct", "cct of other clips' voices"])
def test_scores_are_those_of_the_classifier_with_the_same_references(kind):
    classifier = classifier_of(kind)
    # two voices with four clips each, one of which is scored in windows
    waveforms = [
        np.cumsum(clip(1.0 + 0.1 * n, seed=n)).astype(np.float32) * 0.02 if n < 4 else clip(1.0, n) for n in range(8)
    ]
    waveforms[3] = np.concatenate([waveforms[3]] * 5)[: 6 * RATE]
    encoded = EncodedClips(classifier, waveforms)
    for size in (0, 2):
        voices = [([0, 1, 2, 3], [3, 1][:size]), ([4, 5, 6, 7], [5, 7][:size])]
        scores = encoded.scores(voices)
        for clips, references in voices:
            for place in clips:
                others = [waveforms[other] for other in references if other != place]
                wanted = classifier.classify([waveforms[place]], others or None)[0].scores
                np.testing.assert_allclose(scores[place], list(wanted.values()), atol=1e-5)
    alone = encoded.scores([(range(8), [])])
    assert np.abs(scores - alone).max() > 1e-3
    # every other clip of the voice, never the clip itself
    everyone = encoded.scores([(range(4), range(4)), (range(4, 8), range(4, 8))])
    wanted = classifier.classify([waveforms[5]], [waveforms[4], waveforms[6], waveforms[7]])[0].scores
    np.testing.assert_allclose(everyone[5], list(wanted.values()), atol=1e-5)
