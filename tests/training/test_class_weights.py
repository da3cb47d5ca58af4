import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight
from tiny import EMOTIONS

from hf_ser.training.class_weights import class_weights, parse_class_weights

NAMES = dict(enumerate(EMOTIONS))


def test_balanced_weights_are_scikit_learns():
    labels = [0] * 5 + [1] * 3 + [2] * 12
    expected = compute_class_weight("balanced", classes=np.arange(3), y=np.array(labels))
    weights = class_weights("balanced", labels, NAMES)
    assert np.allclose(weights, expected)
    assert np.mean(weights[labels]) == pytest.approx(1.0)


def test_a_class_that_does_not_occur_gets_one():
    assert class_weights("balanced", [0, 0, 2], NAMES) == pytest.approx([0.75, 1.0, 1.5])


def test_weights_by_emotion_and_none():
    setting = parse_class_weights('{"sad": 2, "angry": 0.5, "neutral": 1}')
    assert class_weights(setting, [0], NAMES).tolist() == [1.0, 2.0, 0.5]
    assert parse_class_weights(setting) == setting
    assert class_weights(parse_class_weights("none"), [0], NAMES) is None


@pytest.mark.parametrize("value", ["even", "[1, 2]", '{"sad": -1}', {"sad": "x"}, {"sad": True}, {}, {"sad": 0}, 3])
def test_other_settings_are_refused(value):
    with pytest.raises(ValueError, match="expected 'none', 'balanced', or weights"):
        parse_class_weights(value)


@pytest.mark.parametrize("setting", [{"sad": 1.0}, {"sad": 1.0, "angry": 1.0, "neutral": 1.0, "bored": 1.0}])
def test_weights_must_name_the_models_emotions(setting):
    with pytest.raises(ValueError, match="disagree on"):
        class_weights(setting, [0], NAMES)
