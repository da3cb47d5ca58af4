"""The grouped split: balance, seeds, limits, speed; and what holds for every protocol on random corpora."""

import itertools
import time
from collections import Counter

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_ser.protocols import Fold, ProtocolError, speaker_folds


def corpus(clips_of: dict[str, int], sex: dict[str, str] | None = None, seed: int = 0) -> dict[str, list]:
    """Columns with so many clips of each speaker, shuffled."""
    rng = np.random.default_rng(seed)
    speakers = rng.permutation([speaker for speaker, count in clips_of.items() for _ in range(count)]).tolist()
    columns = {"speaker": speakers, "emotion": rng.choice(["angry", "happy", "sad"], len(speakers)).tolist()}
    return columns | ({"sex": [sex[speaker] for speaker in speakers]} if sex else {})


speakers_and_clips = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=5),
    st.integers(1, 8),
    min_size=3,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(clips_of=speakers_and_clips, data=st.data(), seed=st.integers(0, 5))
def test_no_speaker_on_two_sides_and_every_clip_tested_once(clips_of, data, seed):
    columns = corpus(clips_of, {name: "fm"[len(name) % 2] for name in clips_of} if seed % 2 else None, seed)
    speakers = np.array(columns["speaker"], dtype=object)
    k = data.draw(st.integers(3, len(clips_of)))
    folds = speaker_folds(columns, "grouped", k=k, seed=seed, allow_missing_classes=True)
    assert len(folds) == k
    assert_honest(folds, speakers)
    folds = speaker_folds(columns, "leave-one-speaker-out", allow_missing_classes=True)
    assert len(folds) == len(clips_of)
    assert_honest(folds, speakers)


@settings(max_examples=30, deadline=None)
@given(actors=st.sets(st.integers(1, 24), min_size=16))
def test_the_same_for_published_folds_on_partial_copies(actors):
    columns = corpus({f"ravdess/{actor:02d}": 1 + actor % 3 for actor in actors})
    folds = speaker_folds(columns, "luna-jimenez-5", allow_missing_speakers=True, allow_missing_classes=True)
    assert_honest(folds, np.array(columns["speaker"], dtype=object))


def assert_honest(folds: list[Fold], speakers: np.ndarray) -> None:
    rows = list(range(len(speakers)))
    assert sorted(itertools.chain.from_iterable(fold.test for fold in folds)) == rows
    for number, fold in enumerate(folds):
        assert sorted(fold.train + fold.validation + fold.test) == rows
        train, validation, test = (set(speakers[side]) for side in (fold.train, fold.validation, fold.test))
        assert len(train) + len(validation) + len(test) == len(train | validation | test)
        assert fold.validation == folds[(number + 1) % len(folds)].test
        assert (train, validation, test) == (
            set(fold.train_speakers),
            set(fold.validation_speakers),
            set(fold.test_speakers),
        )


def test_ravdess_like_corpora_split_evenly():
    names = [f"ravdess/{actor:02d}" for actor in range(1, 25)]
    sex = {name: "female" if int(name[-2:]) % 2 == 0 else "male" for name in names}
    for seed in range(5):
        folds = speaker_folds(corpus(dict.fromkeys(names, 60), sex), "grouped", k=6, seed=seed)
        for fold in folds:
            assert len(fold.test) == 240
            assert Counter(sex[name] for name in fold.test_speakers) == {"male": 2, "female": 2}


def test_uneven_speakers_are_spread():
    clips_of = {f"s{number:02d}": clips for number, clips in enumerate([80, 48, 40, 38] + [2] * 9 + [10] * 16)}
    folds = speaker_folds(corpus(clips_of), "grouped", k=5)
    sizes = [len(fold.test) for fold in folds]
    assert max(sizes) <= 1.2 * sum(sizes) / 5
    assert min(sizes) >= 0.8 * sum(sizes) / 5


def test_rare_classes_are_spread():
    clips_of = dict.fromkeys([f"s{number}" for number in range(15)], 6)
    columns = corpus(clips_of)
    rare = {"s1", "s4", "s6", "s9", "s12"}
    columns["emotion"] = ["disgust" if name in rare else "happy" for name in columns["speaker"]]
    for fold in speaker_folds(columns, "grouped", k=5):
        assert len(rare & set(fold.test_speakers)) == 1


def test_seeds_decide():
    columns = corpus(dict.fromkeys([f"s{number:02d}" for number in range(20)], 3))
    folds = [[fold.test_speakers for fold in speaker_folds(columns, "grouped", seed=seed)] for seed in (0, 0, 1)]
    assert folds[0] == folds[1] != folds[2]
    order = np.random.default_rng(1).permutation(60)
    shuffled = {name: [values[row] for row in order] for name, values in columns.items()}
    assert [fold.test_speakers for fold in speaker_folds(shuffled, "grouped")] == folds[0]  # row order does not


@pytest.mark.parametrize("k", [2, 1, 0, 6])
def test_impossible_numbers_of_groups(k):
    with pytest.raises(ProtocolError, match=rf"k={k} groups for 5 speaker\(s\)"):
        speaker_folds(corpus(dict.fromkeys("abcde", 2)), "grouped", k=k)


@pytest.mark.parametrize("k", ["3", 3.0, True])
def test_numbers_of_groups_that_are_no_integers(k):
    with pytest.raises(ProtocolError, match=f"k={k!r}; expected the number of groups, an integer"):
        speaker_folds(corpus(dict.fromkeys("abcde", 2)), "grouped", k=k)


@pytest.mark.parametrize("seed", [None, "a", -1, 1.0, True])
def test_seeds_that_are_none(seed):
    with pytest.raises(ProtocolError, match=f"seed={seed!r}; expected an integer of at least 0"):
        speaker_folds(corpus(dict.fromkeys("abcde", 2)), "grouped", k=3, seed=seed)


def test_integers_of_numpy_are_integers():
    columns = corpus(dict.fromkeys("abcde", 6))
    assert speaker_folds(columns, "grouped", k=np.int8(3), seed=np.int64(1)) == speaker_folds(columns, k=3, seed=1)


@pytest.mark.parametrize("speakers", [100, 3000])
def test_a_hundred_thousand_rows_take_seconds(speakers):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, speakers, 100_000)
    dataset = datasets.Dataset.from_dict(
        {
            "speaker": [f"big/{code}" for code in codes],
            "emotion": rng.choice(["angry", "sad", "happy"], len(codes)).tolist(),
            "sex": np.where(codes % 2, "male", "female").tolist(),
        }
    )
    start = time.process_time()
    assert len(speaker_folds(dataset, "grouped", k=10)) == 10
    if speakers == 100:
        assert len(speaker_folds(dataset, "leave-one-speaker-out")) == 100
    assert time.process_time() - start < 10
