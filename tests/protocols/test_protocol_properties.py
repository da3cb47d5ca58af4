"""What holds for every protocol on random corpora: no speaker, no recording on two sides; all is tested, learned."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_ser.protocols import Fold, ProtocolError, list_protocols, speaker_folds

CONSENT = {"accept_speaker_overlap": True}
# protocol -> its options, and whether its folds test every clip
PROTOCOLS = {
    "grouped": ({"k": 3}, True),
    "leave-one-speaker-out": ({}, True),
    "leave-one-speaker-out-session-partner": ({}, True),
    "leave-one-session-out": ({}, True),
    "cross-corpus": ({}, True),
    "random": (CONSENT | {"k": 3}, True),
    "fixed": ({"test_speakers": "0", "validation_speakers": ["1", "a/2"]}, False),
    "official": ({}, False),
}
PUBLISHED = {
    "luna-jimenez-5": [f"ravdess/{actor:02d}" for actor in range(1, 25)],
    "emobox-ravdess-6": [f"ravdess/{actor:02d}" for actor in range(1, 25)],
    "emobox-cafe-3": [f"cafe/{speaker:02d}" for speaker in range(1, 13)],
    "emobox-emovo-6": [f"emovo/{sex}{number}" for sex in "fm" for number in range(1, 4)],
    "emobox-esd-5": [f"esd/{speaker:04d}" for speaker in range(1, 21)],
    "emobox-jl-4": [f"jl/{sex}{number}" for sex in ("female", "male") for number in (1, 2)],
    "emobox-savee-4": [f"savee/{name}" for name in ("DC", "JE", "JK", "KL")],
}


def test_no_protocol_is_forgotten():
    assert sorted([*PROTOCOLS, *PUBLISHED]) == list_protocols()


@st.composite
def corpora(draw, speakers=None):
    """Columns of a random corpus in random order, some of whose recordings lie there twice."""
    if speakers is None:
        count = draw(st.integers(8, 13))
        speakers = [f"{'ab'[number >= count - 3]}/{number}" for number in range(count)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    most, classes, copies = draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.sampled_from([0, 0.1, 0.3]))
    pairs = (len(speakers) - 3) // 2 - 1  # of the first corpus; an odd speaker joins the last
    whose = np.repeat(np.arange(len(speakers)), rng.integers(1, most + 1, len(speakers)))
    rng.shuffle(whose)
    contents = [b"%4d" % row for row in range(len(whose))]
    for row in np.flatnonzero(rng.random(len(whose)) < copies):
        contents[row] = contents[rng.integers(len(whose))]
    return {
        "audio": contents,
        "clip": [f"{row}.wav" for row in range(len(whose))],
        "speaker": [speakers[number] for number in whose],
        "corpus": [speakers[number].split("/")[0] for number in whose],
        "sex": ["fm"[number % 2] for number in whose],
        "session": [str(min(number, pairs)) for number in whose // 2],
        "split": [("train", "dev", "test")[number % 3] for number in whose],
        "emotion": rng.choice(["angry", "happy", "sad", "calm"][:classes], len(whose)).tolist(),
    }


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=25, deadline=None)
@given(columns=corpora())
def test_every_protocol_is_honest(protocol, columns):
    options, tests_all = PROTOCOLS[protocol]
    assert_honest(columns, protocol, options, tests_all)


@pytest.mark.parametrize("protocol", PUBLISHED)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_published_folds_are_honest(protocol, data):
    assert_honest(data.draw(corpora(PUBLISHED[protocol])), protocol, {}, tests_all=True)


def assert_honest(columns: dict[str, list], protocol: str, options: dict, tests_all: bool) -> None:
    try:
        folds = speaker_folds(columns, protocol, allow_missing_classes=True, **options)
    except ProtocolError:
        with pytest.raises(ProtocolError, match="all are copies"):
            speaker_folds(columns, protocol, allow_missing_classes=True, **options)
        return
    for fold in folds:
        assert_no_leak(fold, columns)
    tested = Counter(itertools.chain.from_iterable(fold.test for fold in folds))
    assert set(tested.values()) == {1}
    if tests_all:
        assert len(tested) == len(columns["speaker"])
    # a fold that trains without a class is refused, and none else
    classes = np.asarray(columns["emotion"])
    if all(set(classes[fold.test + fold.validation]) <= set(classes[fold.train]) for fold in folds):
        assert speaker_folds(columns, protocol, **options) == folds
    else:
        with pytest.raises(ProtocolError, match="would train without"):
            speaker_folds(columns, protocol, **options)
    # the order of rows does not matter
    order = np.random.default_rng(0).permutation(len(classes)).tolist()
    shuffled = {name: [values[row] for row in order] for name, values in columns.items()}
    again = speaker_folds(shuffled, protocol, allow_missing_classes=True, **options)
    assert [fold.fingerprint for fold in again] == [fold.fingerprint for fold in folds]


def assert_no_leak(fold: Fold, columns: dict[str, list]) -> None:
    sides = (fold.train, fold.validation, fold.test)
    rows = [*fold.train, *fold.validation, *fold.test, *fold.left_out]
    assert len(rows) == len(set(rows))
    contents = [{columns["audio"][row] for row in side} for side in sides]
    assert len(set.union(*contents)) == sum(map(len, contents))
    assert all(columns["audio"][row] in contents[1] | contents[2] for row in fold.left_out)
    speakers = [{columns["speaker"][row] for row in side} for side in sides]
    assert [sorted(whose) for whose in speakers] == [
        list(whose) for whose in (fold.train_speakers, fold.validation_speakers, fold.test_speakers)
    ]
    if fold.protocol != "random":
        assert fold.speaker_independent
        assert len(set.union(*speakers)) == sum(map(len, speakers))
    else:
        assert not fold.speaker_independent
