"""Speakers for validation and test by name."""

import pytest

from hf_ser.protocols import ProtocolError, SpeakerOverlapError, speaker_folds

COLUMNS = {"speaker": ["emodb/03", "ravdess/03", "ravdess/04", "ravdess/05", "ravdess/03"]}


@pytest.mark.parametrize("test", ["ravdess/03", ["ravdess/03"], ("ravdess/03", "ravdess/03")])
@pytest.mark.parametrize("validation", ["04,05", ["05", "ravdess/04"], " 04 , 05"])
def test_names_with_or_without_corpus_are_the_same_split(test, validation):
    (fold,) = speaker_folds(COLUMNS, "fixed", test_speakers=test, validation_speakers=validation)
    assert (fold.train, fold.validation, fold.test) == ([0], [2, 3], [1, 4])
    (plain,) = speaker_folds(COLUMNS, "fixed", test_speakers="ravdess/03", validation_speakers="04,05")
    assert fold.fingerprint == plain.fingerprint


@pytest.mark.parametrize(
    ("test", "validation", "part"),
    [
        (None, "04", r"test_speakers=None; expected one name or more, such as test_speakers=\['03'\]"),
        ("04", [], r"validation_speakers=\[\]"),
        ("03", "04", "test_speakers names '03', which fits several speakers; .*emodb/03, ravdess/03"),
        ("06", "04", "'06', which is no speaker of the dataset: emodb/03, ravdess/03"),
        ("ravdess/03", "ravdess", "'ravdess', which is no speaker"),
    ],
)
def test_names_that_fit_nobody(test, validation, part):
    with pytest.raises(ProtocolError, match=part):
        speaker_folds(COLUMNS, "fixed", test_speakers=test, validation_speakers=validation)


def test_one_speaker_cannot_be_both_and_somebody_must_train():
    with pytest.raises(SpeakerOverlapError, match="both validation and test: ravdess/04"):
        speaker_folds(COLUMNS, "fixed", test_speakers="04", validation_speakers=["04", "05"])
    with pytest.raises(ProtocolError, match="no train rows"):
        speaker_folds({"speaker": ["a", "b"]}, "fixed", test_speakers="a", validation_speakers="b")
