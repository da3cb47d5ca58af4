"""Train here, test there: corpora stay whole, validation is drawn from the training corpora."""

from collections import Counter

import pytest

from hf_ser.protocols import ProtocolError, speaker_folds


def combined(emotions=None, **speakers_of: int) -> dict[str, list]:
    """Columns of corpora with so many speakers, four clips each."""
    rows = [(corpus, f"{corpus}/{number}") for corpus, count in speakers_of.items() for number in range(count)] * 4
    return {
        "corpus": [corpus for corpus, _ in rows],
        "speaker": [speaker for _, speaker in rows],
        "sex": ["fm"[int(speaker[-1]) % 2] for _, speaker in rows],
        "emotion": emotions or ["sad", "angry"] * (len(rows) // 2),
    }


def corpora_of(columns, rows) -> set[str]:
    return {columns["corpus"][row] for row in rows}


def test_each_corpus_is_tested_on_the_others():
    columns = combined(a=10, b=10, c=4)
    folds = speaker_folds(columns, "cross-corpus")
    assert [fold.name for fold in folds] == ["0-a", "1-b", "2-c"]
    for fold, name in zip(folds, "abc", strict=True):
        assert corpora_of(columns, fold.test) == {name}
        assert name not in corpora_of(columns, fold.train + fold.validation)
        assert len(fold.train + fold.validation + fold.test) == 96
    # a fifth of the speakers of each training corpus, of both sexes
    assert Counter(speaker[0] for speaker in folds[2].validation_speakers) == {"a": 2, "b": 2}
    assert len({columns["sex"][row] for row in folds[2].validation}) == 2


def test_one_direction_alone():
    columns = combined(a=10, b=10, c=4)
    (fold,) = speaker_folds(columns, "cross-corpus", test="c", train=["a"], validation_share=0.5)
    assert corpora_of(columns, fold.train) == corpora_of(columns, fold.validation) == {"a"}
    assert len(fold.train) == len(fold.validation) == 20
    drawn = {speaker_folds(columns, "cross-corpus", test="c", seed=seed)[0].validation_speakers for seed in range(5)}
    assert len(drawn) > 1
    again = speaker_folds(columns, "cross-corpus", test="c", seed=4)[0]
    assert again == speaker_folds(columns, "cross-corpus", test="c", seed=4)[0]


def test_a_rare_class_stays_in_training():
    columns = combined(a=5, b=3)
    columns["emotion"] = ["calm" if speaker == "a/2" else "sad" for speaker in columns["speaker"]]
    for seed in range(10):
        (fold,) = speaker_folds(columns, "cross-corpus", test="b", seed=seed)
        assert "a/2" in fold.train_speakers


def test_a_class_that_the_training_corpora_lack_is_named():
    columns = combined(a=5, b=3)
    columns["emotion"] = ["bored" if corpus == "b" else "sad" for corpus in columns["corpus"]]
    with pytest.raises(
        ProtocolError, match=r"would train without 'bored' \(test clips: 12\).*merge=.*allow_missing_cl"
    ):
        speaker_folds(columns, "cross-corpus", test="b")
    assert speaker_folds(columns, "cross-corpus", test="b", allow_missing_classes=True)


@pytest.mark.parametrize(
    ("columns", "options", "part"),
    [
        ({"speaker": [*"abc"]}, {}, "no column 'corpus'; combine corpora"),
        (combined(a=5), {}, r"one corpus \(a\); combine it"),
        (combined(a=5, b=3), {"test": "c"}, "test='c': the dataset has no corpus 'c', expected some of a, b"),
        (combined(a=5, b=3), {"test": "b", "train": ["b"]}, "corpora b are on both sides"),
        (combined(a=5, b=3), {"test": ["a", "b"]}, "a, b are on both sides or leave none"),
        (combined(a=5, b=3), {"train": "a"}, "train='a' without test"),
        (combined(a=1, b=3), {"test": "b"}, r"have 1 speaker\(s\); at least 2"),
        (combined(a=5, b=3), {"validation_share": 1.5}, "validation_share=1.5; expected a number between 0 and 1"),
    ],
)
def test_what_cannot_be_done(columns, options, part):
    with pytest.raises(ProtocolError, match=part):
        speaker_folds(columns, "cross-corpus", **options)
