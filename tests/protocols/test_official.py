"""The authors' own split: taken as it is, refused when voices overlap, unless that is accepted."""

import pytest

from hf_ser.protocols import ProtocolError, SpeakerOverlapError, speaker_folds


def podcast(**changes) -> dict[str, list]:
    columns = {"speaker": [*"aabcd"], "split": ["Train", "training", "Development", "test", "test2"]}
    return columns | changes


def test_sides_are_the_authors():
    (fold,) = speaker_folds(podcast(), "official")
    assert (fold.name, fold.train, fold.validation, fold.test) == ("0-test", [0, 1], [2], [3])
    assert fold.speaker_independent
    (fold,) = speaker_folds(podcast(), "official", test="test2")
    assert (fold.name, fold.test) == ("0-test2", [4])


def test_overlap_is_refused_unless_accepted():
    meld = podcast(speaker=["Ross", "Joey", "Ross", "Joey", "Ross"])
    with pytest.raises(
        SpeakerOverlapError, match=r"2 speaker\(s\) on two sides \(Joey, Ross\).*accept_speaker_overlap"
    ):
        speaker_folds(meld, "official")
    (fold,) = speaker_folds(meld, "official", accept_speaker_overlap=True)
    assert not fold.speaker_independent
    assert "not speaker-independent" in str(fold)
    fold.check(meld)
    (fold,) = speaker_folds(podcast(), "official", accept_speaker_overlap=True)
    assert fold.speaker_independent  # accepted, but not needed


@pytest.mark.parametrize("columns", [podcast(speaker=["a", None, "b", "c", "d"]), {"split": podcast()["split"]}])
def test_unknown_speakers_likewise(columns):
    with pytest.raises(ProtocolError, match=r"rows of the official split have no speaker.*accept_speaker_overlap"):
        speaker_folds(columns, "official")
    (fold,) = speaker_folds(columns, "official", accept_speaker_overlap=True)
    assert not fold.speaker_independent
    fold.check(columns)


@pytest.mark.parametrize(
    ("columns", "test", "part"),
    [
        ({"speaker": [*"abc"]}, "test", "no column 'split'; its corpus publishes no split"),
        (podcast(), "test3", r"test='test3'; the column 'split' has 'test' \(1 rows\), 'test2' \(1 rows\), 'train'"),
        (podcast(), "train", "test='train'"),
        (podcast(split=["train"] * 3 + ["test"] * 2), "test", "needs 'train', 'validation' and test='test'"),
        (podcast(split=["train", None, "dev", "test", "test"]), "test", "1 of 5 rows have no split"),
    ],
)
def test_splits_that_are_not_there(columns, test, part):
    with pytest.raises(ProtocolError, match=part):
        speaker_folds(columns, "official", test=test)
