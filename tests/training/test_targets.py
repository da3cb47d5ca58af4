import logging

import datasets
import numpy as np
import pytest

from hf_ser.labels import LabelError
from hf_ser.training.targets import (
    DimensionTarget,
    EmotionsTarget,
    EmotionTarget,
    dimension_ids,
    emotion_lists,
    target_labels,
)

ROWS = datasets.Dataset.from_dict(
    {
        "emotion": ["sad", "happy", None, "sad"],
        "emotions": [["sad"], ["happy", "sad"], [], ["happy"]],
        "arousal": [1.0, None, float("nan"), 4.5],
        "valence": [1, 2, 3, 4],
    }
)


def test_one_emotion_is_a_class_index():
    assert EmotionTarget({"happy": 0, "sad": 1}).read(ROWS, [3, 1, 0]) == [1, 0, 1]
    with pytest.raises(ValueError, match=r"emotions \['sad'\], which the model does not know"):
        EmotionTarget({"happy": 0}).read(ROWS, [0])


def test_several_emotions_are_ones_and_zeros():
    labels = EmotionsTarget({"happy": 1, "sad": 0}).read(ROWS, [0, 1, 2, 3])
    assert labels.dtype == np.float32
    assert labels.tolist() == [[1, 0], [1, 1], [0, 0], [0, 1]]
    with pytest.raises(ValueError, match=r"emotions \['happy'\], which the model does not know"):
        EmotionsTarget({"sad": 0}).read(ROWS, [1])


def test_values_that_are_missing_are_nan_and_counted(caplog):
    target = DimensionTarget({"valence": 0, "arousal": 1})
    assert target.columns == ["valence", "arousal"]
    with caplog.at_level(logging.WARNING):
        labels = target.read(ROWS, [0, 1, 2, 3])
    assert labels.dtype == np.float32
    assert labels[:, 0].tolist() == [1, 2, 3, 4]
    assert np.isnan(labels[:, 1]).tolist() == [False, True, True, False]
    assert "2 of 4 rows have no arousal" in caplog.text


def test_columns_of_other_things_are_refused():
    with pytest.raises(ValueError, match="'emotion' holds values that are no numbers"):
        DimensionTarget({"emotion": 0}).read(ROWS, [0])
    with pytest.raises(ValueError, match="infinite"):
        DimensionTarget({"x": 0}).read(datasets.Dataset.from_dict({"x": [1.0, float("inf")]}), [1])
    with pytest.raises(ValueError, match=r"1 rows \(first: row 1\) have no list of emotions"):
        emotion_lists(datasets.Dataset.from_dict({"emotions": [["sad"], None]}), [0, 1])
    with pytest.raises(ValueError, match="lacks the column 'emotions'"):
        emotion_lists(ROWS.remove_columns("emotions"), [0])


def test_labels_of_a_new_model():
    assert target_labels(ROWS, [0, 1, 3], "emotion") == ["happy", "sad"]
    assert target_labels(ROWS, [0, 1], "multi-label") == ["happy", "sad"]
    assert target_labels(ROWS, [0], "dimensions", ["valence"]) == ["valence"]
    with pytest.raises(ValueError, match=r"lacks the column\(s\) \['dominance'\]"):
        target_labels(ROWS, [0], "dimensions")
    with pytest.raises(ValueError, match="expected one of emotion, dimensions, multi-label"):
        target_labels(ROWS, [0], "vad")


def test_dimensions_without_names_are_refused():
    assert dimension_ids({0: "arousal", 1: "valence"}) == {"arousal": 0, "valence": 1}
    with pytest.raises(LabelError, match="have no names, only LABEL_0"):
        dimension_ids({0: "LABEL_0"})
