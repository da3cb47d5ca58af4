"""Published folds and leave-one-speaker-out, and the errors of `speaker_folds`."""

import datasets
import numpy as np
import pytest

from hf_ser.corpora import load_corpus
from hf_ser.protocols import ProtocolError, base, list_protocols, register_protocol, speaker_folds

ACTORS = [f"ravdess/{actor:02d}" for actor in range(1, 25)]
TEST_ACTORS = [{2, 5, 14, 15, 16}, {3, 6, 7, 13, 18}, {10, 11, 12, 19, 20}, {8, 17, 21, 23, 24}, {1, 4, 9, 22}]


def ravdess(clips: int = 2, actors=ACTORS) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"speaker": list(actors) * clips})


def numbers(speakers) -> set[int]:
    return {int(speaker.split("/")[1]) for speaker in speakers}


def test_luna_jimenez_is_as_published_with_the_next_fold_for_validation():
    dataset = ravdess()
    folds = speaker_folds(dataset, "luna-jimenez-5")
    assert [numbers(fold.test_speakers) for fold in folds] == TEST_ACTORS
    assert [numbers(fold.validation_speakers) for fold in folds] == TEST_ACTORS[1:] + TEST_ACTORS[:1]
    for fold in folds:
        assert numbers(fold.train_speakers) == set(range(1, 25)) - numbers(fold.test_speakers) - numbers(
            fold.validation_speakers
        )
        assert sorted(fold.train + fold.validation + fold.test) == list(range(48))
        for side in ("train", "validation", "test"):
            assert {dataset[row]["speaker"] for row in getattr(fold, side)} == set(getattr(fold, f"{side}_speakers"))
    assert folds[0].name == "0-02-05-14-15-16"


def test_luna_jimenez_on_a_partial_copy_only_if_asked(ravdess_tree, caplog):
    dataset = load_corpus("ravdess", ravdess_tree, check_grid="off")
    with pytest.raises(ProtocolError, match=r"missing: ravdess/07, .*ravdess/24\. .*allow_missing_speakers=True"):
        speaker_folds(dataset, "luna-jimenez-5")
    folds = speaker_folds(dataset, "luna-jimenez-5", allow_missing_speakers=True)
    assert [numbers(fold.test_speakers) for fold in folds] == [{2, 5}, {3, 6}, {1, 4}]
    assert "not comparable" in caplog.text
    with pytest.raises(ProtocolError, match="at least 3"):
        speaker_folds(ravdess(actors=["ravdess/02", "ravdess/03"]), "luna-jimenez-5", allow_missing_speakers=True)


@pytest.mark.parametrize(
    ("protocol", "corpus", "names", "tested"),
    [
        ("emobox-ravdess-6", "ravdess", [f"{actor:02d}" for actor in range(1, 25)], [["01", "11", "20", "21"], 6]),
        ("emobox-cafe-3", "cafe", [f"{speaker:02d}" for speaker in range(1, 13)], [["01", "07", "08", "10"], 3]),
        ("emobox-esd-5", "esd", [f"{speaker:04d}" for speaker in range(1, 21)], [["0005", "0011", "0016", "0018"], 5]),
        ("emobox-emovo-6", "emovo", ["f1", "f2", "f3", "m1", "m2", "m3"], [["f2"], 6]),
        ("emobox-savee-4", "savee", ["DC", "JE", "JK", "KL"], [["JE"], 4]),
        ("emobox-jl-4", "jl", ["female1", "female2", "male1", "male2"], [["male2"], 4]),
    ],
)
def test_emobox_folds_take_each_corpus_own_names(protocol, corpus, names, tested):
    columns = {"speaker": [f"{corpus}/{name}" for name in names]}
    folds = speaker_folds(columns, protocol)
    assert [[speaker.split("/")[1] for speaker in folds[0].test_speakers], len(folds)] == tested
    assert sorted(speaker for fold in folds for speaker in fold.test_speakers) == sorted(columns["speaker"])
    with pytest.raises(ProtocolError, match=f"{protocol} needs all {len(names)} speakers of .*; missing: {corpus}/"):
        speaker_folds({"speaker": columns["speaker"][1:]}, protocol)
    with pytest.raises(ProtocolError, match=f"{protocol} is a protocol of .*the dataset has other/1"):
        speaker_folds({"speaker": [*columns["speaker"], "other/1"]}, protocol)


def test_luna_jimenez_refuses_other_corpora(emodb_tree):
    with pytest.raises(ProtocolError, match=r"protocol of RAVDESS.*emodb/03"):
        speaker_folds(load_corpus("emodb", emodb_tree), "luna-jimenez-5")


def test_leave_one_speaker_out_goes_round(emodb_tree):
    dataset = load_corpus("emodb", emodb_tree)
    folds = speaker_folds(dataset, "leave-one-speaker-out")
    assert [fold.test_speakers for fold in folds] == [("emodb/03",), ("emodb/08",), ("emodb/09",), ("emodb/10",)]
    assert [fold.validation_speakers for fold in folds] == [fold.test_speakers for fold in folds[1:] + folds[:1]]
    assert [len(fold.train) for fold in folds] == [16] * 4


def test_fold_names_tell_corpora_apart():
    joined = {"speaker": ["emodb/03", "ravdess/03", "ravdess/04"]}
    names = [fold.name for fold in speaker_folds(joined, "leave-one-speaker-out")]
    assert names == ["0-emodb_03", "1-ravdess_03", "2-ravdess_04"]
    alone = {"speaker": ["ravdess/02", "ravdess/03", "ravdess/04"]}
    assert [fold.name for fold in speaker_folds(alone, "leave-one-speaker-out")] == ["0-02", "1-03", "2-04"]


def test_too_few_speakers():
    with pytest.raises(ProtocolError, match=r"2 group\(s\).*at least 3"):
        speaker_folds({"speaker": ["a", "b"]}, "leave-one-speaker-out")


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        ({"emotion": ["sad"]}, "no column 'speaker'"),
        ({"speaker": []}, "no rows"),
        ({"speaker": ["a", None, " ", "b"]}, "2 of 4 rows have no speaker.*row 1"),
    ],
)
def test_without_speakers_there_is_no_split(columns, part):
    for dataset in (columns, datasets.Dataset.from_dict(columns)):
        with pytest.raises(ProtocolError, match=part):
            speaker_folds(dataset, "leave-one-speaker-out")


def test_unknown_protocols_and_options():
    with pytest.raises(ProtocolError, match=r"did you mean 'luna-jimenez-5'\? Known protocols: .*grouped"):
        speaker_folds(ravdess(), "luna-jimenez")
    with pytest.raises(ProtocolError, match="no option 'k'; its options: none"):
        speaker_folds(ravdess(), "leave-one-speaker-out", k=5)
    with pytest.raises(ProtocolError, match="no option 'folds'; its options: k, seed"):
        speaker_folds(ravdess(), "grouped", folds=5)


def test_a_new_protocol_is_one_function(monkeypatch):
    monkeypatch.setattr(base, "_PROTOCOLS", dict(base._PROTOCOLS))

    @register_protocol("mine", options=["test"])
    def mine(table, test):
        return [table.fold(0, ["b"], [test])]

    assert "mine" in list_protocols()
    (fold,) = speaker_folds({"speaker": ["a", "b", "c"]}, "mine", test="c", seed=3)
    assert (fold.train, fold.validation, fold.test) == ([0], [1], [2])


@pytest.mark.recordings
def test_sizes_on_the_real_recordings(recordings):
    dataset = load_corpus("ravdess", recordings / "ravdess")
    folds = speaker_folds(dataset, "luna-jimenez-5")
    assert [len(fold.test) for fold in folds] == [300, 300, 300, 300, 240]
    assert [len(fold.validation) for fold in folds] == [300, 300, 300, 240, 300]
    assert [len(fold.train) for fold in folds] == [840, 840, 840, 900, 900]
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(1440))
    emodb = load_corpus("emodb", recordings / "emodb")
    assert sum(len(fold.test) for fold in speaker_folds(emodb, "leave-one-speaker-out")) == 339


@pytest.mark.recordings
def test_emobox_and_the_pair_of_copies_on_the_real_recordings(recordings):
    dataset = load_corpus("ravdess", recordings / "ravdess")
    folds = speaker_folds(dataset, "emobox-ravdess-6")
    assert [len(fold.test) for fold in folds] == [240] * 6
    assert not any(fold.left_out for fold in folds)  # both copies are of actor 07
    pair = [row for row, clip in enumerate(dataset["clip"]) if "03-01-03-01-02-0" in clip and clip[-7:-5] == "07"]
    apart = 0
    for seed in range(4):
        for fold in speaker_folds(dataset, "random", seed=seed, accept_speaker_overlap=True):
            sides = {side for side in ("train", "validation", "test") if set(pair) & set(getattr(fold, side))}
            assert len(sides) == 1
            assert set(fold.left_out) < set(pair)
            apart += len(fold.left_out)
    assert apart > 0
