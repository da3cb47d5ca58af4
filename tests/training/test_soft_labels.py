import numpy as np
import pytest
import test_views
from tiny import LABELS

from hf_ser.augmentation import WaveformAugmentation
from hf_ser.training.soft_labels import clip_statistics, cross_fitted_logits


@pytest.fixture(scope="module")
def store(corpus, tmp_path_factory):
    store = test_views.make_store(tmp_path_factory.mktemp("views"), 2)
    store.render(corpus, WaveformAugmentation("none"), test_views.teacher)
    return store


def test_statistics_are_mean_and_deviation_over_time(store):
    targets = store.read(1, 6)[1]
    expected = np.concatenate([targets.mean(0), targets.std(0)])
    assert np.allclose(clip_statistics(store, 1, [2, 6])[1], expected)


def test_a_clip_is_judged_without_having_heard_its_speaker(store, corpus):
    rows = list(range(len(corpus)))
    labels = np.array([LABELS[emotion] for emotion in corpus["emotion"]])
    speakers = list(corpus["speaker"])
    logits = cross_fitted_logits(store, rows, labels, speakers, 3, groups=3, inverse_penalty=1.0)
    assert logits.shape == (2, len(corpus), 3)
    assert (logits[0].argmax(-1) == labels).mean() > 0.5
    # wrong labels of one group of speakers change what is said of the others, never what is said of themselves
    groups = np.array([sorted(set(speakers)).index(speaker) % 3 for speaker in speakers])
    wrong = np.where(groups == 1, (labels + 1) % 3, labels)
    changed = cross_fitted_logits(store, rows, wrong, speakers, 3, groups=3, inverse_penalty=1.0)
    assert np.allclose(changed[:, groups == 1], logits[:, groups == 1], atol=1e-4)
    assert not np.allclose(changed[:, groups == 0], logits[:, groups == 0], atol=1e-2)


def test_too_few_speakers_are_refused(store, corpus):
    with pytest.raises(ValueError, match="have 1 speaker"):
        cross_fitted_logits(store, [0, 1], [0, 1], ["a", "a"], 2)
