"""Sessions: one is left out, or the partner of the test speaker validates."""

import pytest

from hf_ser.protocols import ProtocolError, speaker_folds

IEMOCAP = [f"iemocap/Ses0{session}{sex}" for session in range(1, 6) for sex in "FM"]


def iemocap(**changes) -> dict[str, list]:
    columns = {"speaker": IEMOCAP * 2, "session": [speaker[-2] for speaker in IEMOCAP] * 2}
    return columns | changes


def names(speakers) -> list[str]:
    return [speaker[-2:] for speaker in speakers]


def test_one_session_is_tested_and_the_next_validates():
    folds = speaker_folds(iemocap(), "leave-one-session-out")
    assert [names(fold.test_speakers) for fold in folds] == [[f"{number}F", f"{number}M"] for number in range(1, 6)]
    assert [fold.validation for fold in folds] == [fold.test for fold in folds[1:] + folds[:1]]
    assert [len(fold.train) for fold in folds] == [12] * 5
    assert folds[0].name == "0-Ses01F-Ses01M"


def test_the_partner_validates_and_eight_speakers_train():
    folds = speaker_folds(iemocap(), "leave-one-speaker-out-session-partner")
    assert [names(fold.test_speakers) for fold in folds] == [[speaker[-2:]] for speaker in IEMOCAP]
    for fold in folds:
        (tested,), (validating,) = fold.test_speakers, fold.validation_speakers
        assert tested != validating
        assert tested[-2] == validating[-2]
        assert len(fold.train_speakers) == 8


def test_sessions_of_two_corpora_are_two():
    columns = {
        "speaker": ["a/1", "a/2", "b/1", "b/2"],
        "session": ["1", "2", "1", "2"],
        "corpus": ["a", "a", "b", "b"],
    }
    assert len(speaker_folds(columns, "leave-one-session-out")) == 4


@pytest.mark.parametrize("protocol", ["leave-one-session-out", "leave-one-speaker-out-session-partner"])
@pytest.mark.parametrize(
    ("columns", "part"),
    [
        ({"speaker": IEMOCAP}, "no column 'session'; add it .*'leave-one-speaker-out'"),
        (iemocap(session=[*"1122334455112233445", None]), r"1 of 20 rows have no session \(the first is row 19\)"),
        (
            iemocap(session=[*"1122334455", *"2222334455"]),
            r"2 speaker\(s\) are in more than one session \(iemocap/Ses01F",
        ),
    ],
)
def test_sessions_that_keep_nobody_apart(protocol, columns, part):
    with pytest.raises(ProtocolError, match=part):
        speaker_folds(columns, protocol)


def test_too_few_sessions_or_partners():
    with pytest.raises(ProtocolError, match=r"2 group\(s\) of speakers"):
        speaker_folds({"speaker": [*"abcd"], "session": [*"1122"]}, "leave-one-session-out")
    with pytest.raises(ProtocolError, match=r"session '2' has a single speaker \(c\)"):
        speaker_folds({"speaker": [*"abc"], "session": [*"112"]}, "leave-one-speaker-out-session-partner")
    with pytest.raises(ProtocolError, match="has 1 session"):
        speaker_folds({"speaker": [*"abc"], "session": [*"111"]}, "leave-one-speaker-out-session-partner")
