import csv

import pytest

from hf_ser.training import DataArguments, choose_folds, load_data


@pytest.fixture(scope="module")
def emodb_tree(make_emodb_tree, tmp_path_factory):
    return make_emodb_tree(tmp_path_factory.mktemp("emodb"))


@pytest.fixture(scope="module")
def manifest(emodb_tree, tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "clips.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "mood", "who"])
        for clip in sorted(emodb_tree.rglob("*.*")):
            writer.writerow(
                [clip, {"W": "ang", "N": "neu", "F": "hap", "T": "sarcastic"}[clip.stem[5]], clip.stem[:2]]
            )
    return path


def test_one_corpus_merged_and_dropped(ravdess_tree):
    data = DataArguments("ravdess", str(ravdess_tree), merge='{"calm": "neutral"}', drop=["sad"])
    assert set(load_data(data)["emotion"]) == {"neutral", "happy", "angry", "fearful", "disgust", "surprised"}


def test_several_corpora_are_put_together(ravdess_tree, emodb_tree):
    both = {"corpus": ["ravdess", "emodb"], "data_dir": [str(ravdess_tree), str(emodb_tree)]}
    together = load_data(DataArguments(**both, merge={"calm": "neutral"}))
    assert {speaker.split("/")[0] for speaker in together["speaker"]} == {"ravdess", "emodb"}
    assert "calm" not in set(together["emotion"])
    shared = load_data(DataArguments(**both, combined_labels=["shared"]))
    assert set(shared["emotion"]) == {"neutral", "happy", "sad", "angry"}
    named = load_data(DataArguments(**both, combined_labels=["happy", "sad"]))
    assert set(named["emotion"]) == {"happy", "sad"}
    folds = choose_folds(shared, DataArguments(**both, protocol="cross-corpus", protocol_options='{"test": "emodb"}'))
    assert [set(shared.select(fold.test)["corpus"]) for _, fold in folds] == [{"emodb"}]


def test_own_recordings_with_classes_of_their_own(manifest):
    data = DataArguments(
        "csv",
        str(manifest),
        '{"emotion_column": "mood"}',
        speaker_column="who",
        new_labels=["sarcastic"],
    )
    corpus = load_data(data)
    assert set(corpus["emotion"]) == {"angry", "neutral", "happy", "sarcastic"}
    assert len(set(corpus["speaker"])) == 4


def test_without_speakers_only_the_random_protocol_is_left(manifest):
    options = {"emotion_column": "mood", "speaker_column": None}
    stripped = manifest.with_name("nobody.csv")
    with manifest.open() as file, stripped.open("w", newline="") as out:
        csv.writer(out).writerows(row[:2] for row in csv.reader(file))
    settings = {"corpus": "csv", "data_dir": str(stripped), "corpus_options": options, "new_labels": ["sarcastic"]}
    with pytest.raises(ValueError, match="give --speaker-column or accept --protocol random, which the card will say"):
        load_data(DataArguments(**settings))
    data = DataArguments(**settings, protocol="random", accept_speaker_overlap=True, num_folds=3, folds="all")
    folds = choose_folds(load_data(data), data)
    assert len(folds) == 3
    assert not any(fold.speaker_independent for _, fold in folds)


def test_options_of_several_corpora_by_name_or_in_order(ravdess_tree, emodb_tree):
    both = {"corpus": ["ravdess", "emodb"], "data_dir": [str(ravdess_tree), str(emodb_tree)]}
    for options in ({"ravdess": {"channel": "speech"}}, [{"channel": "speech"}, {}], '[{"channel": "both"}, {}]'):
        assert len(load_data(DataArguments(**both, corpus_options=options))) > 96
    with pytest.raises(ValueError, match="options of 1 corpora"):
        load_data(DataArguments(**both, corpus_options=[{}]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"corpus": ["ravdess", "emodb"], "data_dir": "x"}, "one folder for each corpus"),
        ({"corpus": "ravdess"}, "one folder for each corpus"),
        ({"corpus_options": "{channel"}, "expected a JSON object"),
        ({"merge": "[1]"}, "expected a JSON object"),
    ],
)
def test_mistakes(settings, message):
    with pytest.raises(ValueError, match=message):
        load_data(DataArguments(**settings))


def test_fixed_speakers_as_flags(ravdess_tree):
    data = DataArguments(
        "ravdess", str(ravdess_tree), protocol="fixed", test_speakers=["03"], validation_speakers=["ravdess/04"]
    )
    ((number, fold),) = choose_folds(load_data(data), data)
    assert (number, fold.test_speakers, fold.validation_speakers) == (0, ("ravdess/03",), ("ravdess/04",))
