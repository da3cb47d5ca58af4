"""Emotion names: aliases, order, merging, and the match between checkpoint and corpus."""

import pytest

from hf_ser.labels import (
    EMOTIONS,
    LabelError,
    check_labels_agree,
    check_new_labels,
    id2label,
    label2id,
    label_names,
    merge_labels,
    normalize_emotion,
)

RAVDESS = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]


@pytest.mark.parametrize(
    ("word", "emotion"),
    [
        ("Anger", "angry"),
        ("HAPPINESS", "happy"),
        ("joy", "happy"),
        ("fear", "fearful"),
        ("pleasant_surprise", "surprised"),
        ("Pleasant-Surprised ", "surprised"),
        ("boredem", "bored"),
        ("exc", "excited"),
        ("disgust", "disgust"),
    ],
)
def test_words_of_corpora_become_common_names(word, emotion):
    assert normalize_emotion(word) == emotion


def test_common_names_stay_and_have_one_order():
    assert [normalize_emotion(name) for name in EMOTIONS] == list(EMOTIONS)
    assert label_names(reversed(RAVDESS * 3)) == RAVDESS
    assert id2label(RAVDESS)[4] == "angry"
    assert label2id(RAVDESS)["angry"] == 4


@pytest.mark.parametrize(("word", "part"), [("angre", "'angry'"), ("A", "Known emotions"), (3, "int")])
def test_unknown_words_are_refused_with_near_ones(word, part):
    with pytest.raises(LabelError, match=part):
        normalize_emotion(word)


def test_label_names_refuses_words_that_are_not_common():
    with pytest.raises(LabelError, match=r"'anger'.*normalize_emotion"):
        label_names(["happy", "anger"])
    with pytest.raises(LabelError, match="no emotions"):
        label_names([])


def test_merge_and_drop():
    emotions = ["calm", "neutral", "happy", "excited", "disgust"]
    merged = merge_labels(emotions, {"calm": "neutral", "excitement": "happiness"}, ["disgust"])
    assert merged == ["neutral", "neutral", "happy", "happy", None]
    assert merge_labels(emotions) == emotions
    swapped = merge_labels(["happy", "sad"], {"happy": "sad", "sad": "happy"})
    assert swapped == ["sad", "happy"]  # not chained


@pytest.mark.parametrize(
    ("merge", "drop", "part"),
    [
        ({"clam": "neutral"}, [], "'calm'"),
        ({"bored": "neutral"}, [], "'bored'.*the clips have: neutral, calm"),
        ({}, ["excited"], "'excited'"),
        ({"calm": "neutral"}, ["calm"], "both merged and dropped"),
        ({}, "calm", "pass a list"),
    ],
)
def test_bad_merges_are_refused(merge, drop, part):
    with pytest.raises(LabelError, match=part):
        merge_labels(RAVDESS, merge, drop)


def test_checkpoint_and_corpus_agree_whatever_the_order_and_words():
    ids = check_labels_agree({0: "sadness", 1: "angry", 2: "Joy"}, ["angry", "happy", "sad", "sad"])
    assert ids == {"sad": 0, "angry": 1, "happy": 2}
    assert check_labels_agree(RAVDESS, ["sad", "angry"], allow_subset=True)["angry"] == 4
    agreed = check_labels_agree(RAVDESS, ["sad", "bored"], allow_subset=True, allow_unknown=True)
    assert set(agreed) == set(RAVDESS)


@pytest.mark.parametrize(
    ("model", "corpus", "options", "parts"),
    [
        (RAVDESS, ["happy", "bored"], {"allow_subset": True}, ["only in the corpus: bored", "merge"]),
        (["happy", "sad"], ["happy"], {}, ["only in the checkpoint: sad", "allow_subset=True"]),
        (["happy", "calm"], ["happy", "sad"], {}, ["only in the corpus: sad", "only in the checkpoint: calm"]),
        ({0: "LABEL_0", 1: "LABEL_1"}, ["happy"], {}, ["LABEL_0, LABEL_1", "id2label"]),
        (["happy", "joy"], ["happy"], {}, ["'happy' and 'joy'"]),
        (["happy", "Freude"], ["happy"], {}, ["'Freude'"]),
    ],
)
def test_disagreement_names_both_sides(model, corpus, options, parts):
    with pytest.raises(LabelError) as caught:
        check_labels_agree(model, corpus, **options)
    for part in parts:
        assert part in str(caught.value)


def test_own_classes_by_consent_come_last_and_in_order():
    own = check_new_labels(["Stress", "mock_serious", "stress"])
    assert own == ["mock serious", "stress"]
    assert normalize_emotion("Mock-Serious", own) == "mock serious"
    assert normalize_emotion("anger", own) == "angry"
    with pytest.raises(LabelError, match=r"did you mean 'stress'\?.*new_labels=\['stresss'\]"):
        normalize_emotion("stresss", own)
    assert label_names(["stress", "other", "mock serious", "neutral"]) == [
        "neutral",
        "other",
        "mock serious",
        "stress",
    ]


@pytest.mark.parametrize(
    ("names", "part"),
    [
        ("stress", "expected a list"),
        (True, "expected a list"),
        ([3], "expected a list"),
        (["joy"], "means 'happy' in the common vocabulary"),
        (["Calm"], "is in the common vocabulary"),
    ],
)
def test_bad_own_classes_are_refused(names, part):
    with pytest.raises(LabelError, match=part):
        check_new_labels(names)


def test_own_classes_are_merged_and_dropped():
    emotions = ["angry", "stress", "sad", "happy"]
    assert merge_labels(emotions, {"Stress": "angry"}, ["sad"]) == ["angry", "angry", None, "happy"]
    merged = merge_labels(emotions, {"angry": "negative", "sad": "Negative"}, new_labels=["negative"])
    assert merged == ["negative", "stress", "negative", "happy"]
    with pytest.raises(LabelError, match=r"'negative'.*new_labels=\['negative'\]"):
        merge_labels(emotions, {"angry": "negative"})


def test_own_classes_of_a_checkpoint_agree_with_the_same_words_only():
    assert check_labels_agree(["Stress", "happy"], ["happy", "stress"]) == {"stress": 0, "happy": 1}
    with pytest.raises(LabelError, match="only in the corpus: stress; only in the checkpoint: 'strain'"):
        check_labels_agree(["strain", "happy"], ["happy", "stress"])


def test_rows_without_an_emotion_make_no_label_list():
    with pytest.raises(LabelError, match="no emotion"):
        label_names(["happy", None])
