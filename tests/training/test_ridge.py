"""Ridge regression on training speakers: the same as a plain solver's, chosen without other clips."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from hf_ser.training.ridge import PENALTIES, fit_ridge


def voices(speakers=6, clips=20, features=12, classes=3, seed=0):
    """Clips whose class shifts some features, and whose speaker shifts all."""
    generator = np.random.default_rng(seed)
    labels = np.tile(np.arange(clips) % classes, speakers)
    names = np.repeat([f"s{number}" for number in range(speakers)], clips)
    means = generator.normal(size=(classes, features))
    own = np.repeat(generator.normal(size=(speakers, features)), clips, axis=0)
    vectors = means[labels] + own + generator.normal(size=(len(labels), features))
    return vectors * np.linspace(0.1, 10.0, features) + 5.0, labels, names


def test_it_is_the_ridge_regression_of_standardised_vectors():
    vectors, labels, speakers = voices()
    fit = fit_ridge(vectors, labels, speakers, 3)
    points = (vectors - vectors.mean(0)) / vectors.std(0) / np.sqrt(vectors.shape[1])
    plain = Ridge(alpha=fit.penalty * len(points)).fit(points, np.eye(3)[labels])
    np.testing.assert_allclose(vectors @ fit.weight.T + fit.bias, fit.scale * plain.predict(points), atol=1e-8)
    assert ((vectors @ fit.weight.T + fit.bias).argmax(1) == labels).mean() > 0.8


def test_the_penalty_is_the_best_on_speakers_that_were_not_heard():
    vectors, labels, speakers = voices(seed=1)
    groups = np.unique(speakers, return_inverse=True)[1] % 5
    points = (vectors - vectors.mean(0)) / vectors.std(0) / np.sqrt(vectors.shape[1])
    recalls = {}
    for penalty in PENALTIES:
        answers = np.empty((len(labels), 3))
        for group in range(5):
            held = groups == group
            plain = Ridge(alpha=penalty * (~held).sum()).fit(points[~held], np.eye(3)[labels[~held]])
            answers[held] = plain.predict(points[held])
        hits = answers.argmax(1) == labels
        recalls[penalty] = np.mean([hits[labels == label].mean() for label in range(3)])
    fit = fit_ridge(vectors, labels, speakers, 3)
    assert fit.ua == pytest.approx(max(recalls.values()))
    assert recalls[fit.penalty] == max(recalls.values())
    assert fit.about()["penalty"] == fit.penalty


def test_confidence_fits_voices_that_were_not_heard():
    vectors, labels, speakers = voices(speakers=40, seed=2)
    heard = np.isin(speakers, [f"s{number}" for number in range(20)])
    fit = fit_ridge(vectors[heard], labels[heard], speakers[heard], 3)
    logits = vectors[~heard] @ fit.weight.T + fit.bias
    shares = np.exp(logits - logits.max(1, keepdims=True))
    confidence = (shares / shares.sum(1, keepdims=True)).max(1).mean()
    assert confidence == pytest.approx((logits.argmax(1) == labels[~heard]).mean(), abs=0.1)


def test_a_feature_that_never_varies_says_nothing():
    vectors, labels, speakers = voices()
    vectors[:, 3] = 7.0
    assert not fit_ridge(vectors, labels, speakers, 3).weight[:, 3].any()


def test_one_speaker_and_values_that_are_not_finite_are_refused():
    vectors, labels, speakers = voices()
    with pytest.raises(ValueError, match="got 1 training speaker, expected two or more"):
        fit_ridge(vectors[:20], labels[:20], speakers[:20], 3)
    vectors[0, 0] = np.nan
    with pytest.raises(ValueError, match="vectors that are not finite"):
        fit_ridge(vectors, labels, speakers, 3)
