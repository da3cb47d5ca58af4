"""Clips at random: only by consent, stratified, marked, and without speakers too."""

from collections import Counter

import datasets
import pytest

from hf_ser.protocols import ProtocolError, speaker_folds

CONSENT = {"accept_speaker_overlap": True}
COLUMNS = {
    "speaker": ["a"] * 60 + ["b"] * 40,
    "emotion": ["sad", "angry", "sad", "sad", "calm"] * 20,
    "clip": [f"{row}.wav" for row in range(100)],
}


@pytest.mark.parametrize("given", [{}, {"accept_speaker_overlap": False}, {"accept_speaker_overlap": "false"}])
def test_consent_is_asked_for(given):
    with pytest.raises(ProtocolError, match=r"clips of one speaker on all sides.*accept_speaker_overlap=True"):
        speaker_folds(COLUMNS, "random", **given)


def test_folds_are_stratified_and_marked():
    folds = speaker_folds(COLUMNS, "random", **CONSENT)
    assert sorted(row for fold in folds for row in fold.test) == list(range(100))
    for number, fold in enumerate(folds):
        assert Counter(COLUMNS["emotion"][row] for row in fold.test) == {"sad": 12, "angry": 4, "calm": 4}
        assert fold.validation == folds[(number + 1) % 5].test
        assert not fold.speaker_independent
        fold.check(COLUMNS)
    assert folds == speaker_folds(COLUMNS, "random", **CONSENT) != speaker_folds(COLUMNS, "random", seed=1, **CONSENT)


def test_shares():
    (fold,) = speaker_folds(COLUMNS, "random", validation_share=0.2, test_share=0.1, **CONSENT)
    assert [len(side) for side in (fold.train, fold.validation, fold.test)] == [70, 20, 10]
    assert Counter(COLUMNS["emotion"][row] for row in fold.test) == {"sad": 6, "angry": 2, "calm": 2}
    (fold,) = speaker_folds(COLUMNS, "random", test_share=0.2, **CONSENT)
    assert [len(side) for side in (fold.train, fold.validation, fold.test)] == [70, 10, 20]


def test_speakers_need_not_be_known():
    nameless = datasets.Dataset.from_dict({"emotion": COLUMNS["emotion"], "clip": COLUMNS["clip"]})
    for dataset in (nameless, nameless.add_column("speaker", ["a"] * 99 + [None])):
        folds = speaker_folds(dataset, "random", k=3, **CONSENT)
        folds[0].check(dataset)
        assert folds[0].test_speakers in ((), ("a",))
        with pytest.raises(ProtocolError, match=r"no speaker-independent split can be made.*protocol='random'"):
            speaker_folds(dataset, "grouped")
    assert "speakers unknown" in str(speaker_folds(nameless, "random", **CONSENT)[0])


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"k": 2}, "k=2 folds for 100 clip"),
        ({"k": 101}, "k=101 folds"),
        ({"k": 5, "test_share": 0.1}, "not both"),
        ({"test_share": 0}, "test_share=0; expected a number between 0 and 1"),
        ({"test_share": 0.5, "validation_share": 0.5}, "leave nothing to train on"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_numbers_out_of_range(options, part):
    with pytest.raises(ProtocolError, match=part):
        speaker_folds(COLUMNS, "random", **CONSENT, **options)
