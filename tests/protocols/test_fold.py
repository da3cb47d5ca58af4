"""A fold refuses a speaker or a row on two sides, however it was made."""

import dataclasses

import datasets
import pytest

from hf_ser.protocols import Fold, ProtocolError, SpeakerOverlapError, speaker_folds


def fold(train=(0, 1), validation=(2,), test=(3,), speakers=(("a", "b"), ("c",), ("d",))) -> Fold:
    return Fold("toy", list(train), list(validation), list(test), *speakers)


def test_a_good_fold_is_frozen_and_readable():
    good = fold()
    assert str(good) == "fold toy: 2 train, 1 validation (c), 1 test (d)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        good.train = [3]


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"speakers": (("a", "c"), ("c",), ("d",))}, "both train and validation: c"),
        ({"speakers": (("a", "d"), ("c",), ("d",))}, "both train and test: d"),
        ({"speakers": (("a",), ("c", "d"), ("d",))}, "both validation and test: d"),
        ({"train": (0, 3)}, "such as row 3"),
        ({"train": (0, 0)}, "such as row 0"),
    ],
)
def test_overlap_is_refused_and_named(changes, part):
    with pytest.raises(SpeakerOverlapError, match=part):
        fold(**changes)


@pytest.mark.parametrize("side", ["train", "validation", "test"])
def test_empty_sides_are_refused(side):
    with pytest.raises(ProtocolError, match=f"no {side} rows"):
        fold(**{side: ()})


def test_negative_rows_are_refused():
    with pytest.raises(ProtocolError, match="has row -1; expected row numbers from 0"):
        fold(test=(-1,))


def test_check_against_the_dataset_that_is_trained_on():
    dataset = datasets.Dataset.from_dict({"speaker": ["a", "b", "c", "d"]})
    fold().check(dataset)
    with pytest.raises(SpeakerOverlapError, match="both train and test: a"):
        fold().check(datasets.Dataset.from_dict({"speaker": ["a", "b", "c", "a"]}))
    with pytest.raises(ProtocolError, match="row 3, but the dataset has 3 rows"):
        fold().check(dataset.select([0, 1, 2]))
    shuffled = dataset.select([3, 0, 1, 2, 0])
    made = speaker_folds(shuffled, "leave-one-speaker-out")[0]
    made.check(shuffled)
    with pytest.raises(SpeakerOverlapError):
        made.check(dataset.select([0, 1, 2, 3, 3]))
