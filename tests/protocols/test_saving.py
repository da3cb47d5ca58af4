"""Folds on disk: the same again on another machine, and an error for any other dataset."""

import dataclasses
import json

import datasets
import pytest

from hf_ser.protocols import Fold, ProtocolError, SpeakerOverlapError, load_folds, save_folds, speaker_folds

CLIPS = datasets.Dataset.from_dict(
    {
        "corpus": ["toy"] * 12,
        "clip": [f"{speaker}/Ärger{take}.wav" for speaker in "abcdef" for take in (1, 2)],
        "speaker": [speaker for speaker in "abcdef" for _ in (1, 2)],
        "emotion": ["sad", "angry"] * 6,
    }
)


@pytest.fixture
def saved(tmp_path):
    folds = speaker_folds(CLIPS, "grouped", k=3)
    save_folds(folds, tmp_path / "new" / "folds.json")
    return folds, tmp_path / "new" / "folds.json"


def test_what_is_saved_is_what_is_loaded(saved):
    folds, path = saved
    again = load_folds(path, CLIPS)
    assert again == folds
    assert [fold.fingerprint for fold in again] == [fold.fingerprint for fold in folds]
    assert [entry.name for entry in path.parent.iterdir()] == ["folds.json"]
    text = path.read_text(encoding="utf-8")
    assert '["toy", "a/Ärger1.wav", "a", "sad"]' in text
    save_folds(again, path)
    assert path.read_text(encoding="utf-8") == text


def test_marks_and_copies_are_kept(tmp_path):
    columns = CLIPS.to_dict() | {"audio": [b"%d" % (row % 7) for row in range(12)]}
    folds = speaker_folds(columns, "random", accept_speaker_overlap=True, k=4, allow_missing_classes=True)
    assert any(fold.left_out for fold in folds)
    save_folds(folds, tmp_path / "folds.json")
    assert load_folds(tmp_path / "folds.json", columns) == folds


def test_clips_are_found_in_another_order(saved):
    folds, path = saved
    shuffled = CLIPS.shuffle(seed=1)
    with pytest.raises(
        ProtocolError, match=r"among its clips: the dataset was re-ordered or changed .*use fold.on\(dataset\)"
    ):
        folds[0].check(shuffled)
    for again in (load_folds(path, shuffled), [fold.on(shuffled) for fold in folds]):
        for fold, moved in zip(folds, again, strict=True):
            moved.check(shuffled)
            assert moved.fingerprint == fold.fingerprint
            for side in ("train", "validation", "test"):
                assert shuffled[getattr(moved, side)]["clip"] == CLIPS[getattr(fold, side)]["clip"]


def test_an_extended_dataset_is_noticed(saved):
    folds, path = saved
    more = datasets.concatenate_datasets(
        [
            CLIPS,
            datasets.Dataset.from_dict({"corpus": ["toy"], "clip": ["g/1.wav"], "speaker": ["g"], "emotion": ["sad"]}),
        ]
    )
    with pytest.raises(ProtocolError, match="has 13 rows, but had 12"):
        folds[0].check(more)
    with pytest.raises(ProtocolError, match=r"1 clip\(s\) that the folds do not know \('g/1.wav'\)"):
        load_folds(path, more)
    loaded = load_folds(path, more, allow_new_clips=True)
    assert loaded == folds
    assert folds[0].on(more, allow_new_clips=True) == folds[0]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"clip": [f"x{row}" for row in range(12)]}, r"12 of 12 clips of the folds are not in the dataset \('a/"),
        ({"speaker": ["b", *CLIPS["speaker"][1:]]}, "1 clip.s. have another speaker .*: 'a', now 'b'"),
        ({"emotion": ["calm", *CLIPS["emotion"][1:]]}, "1 clip.s. have another emotion .*'sad', now 'calm'"),
        ({"corpus": ["other"] * 12}, "12 of 12 clips"),
        ({"clip": ["same"] * 12}, r"1 clip id\(s\) stand on more than one row"),
    ],
)
def test_another_dataset_is_refused(saved, change, part):
    with pytest.raises(ProtocolError, match=part):
        load_folds(saved[1], CLIPS.to_dict() | change)


def test_check_sees_other_clips_speakers_and_corpora(saved):
    fold = saved[0][0]
    columns = CLIPS.to_dict()
    with pytest.raises(ProtocolError, match="has 'other' in place of 'toy' among its corpora"):
        fold.check(columns | {"corpus": ["other"] * 12})
    with pytest.raises(ProtocolError, match=r"in place of .* among its speakers"):
        fold.check(columns | {"speaker": ["z" + name for name in columns["speaker"]]})


def test_without_ids_rows_must_be_the_same(tmp_path):
    nameless = CLIPS.remove_columns(["clip"])
    folds = speaker_folds(nameless, "grouped", k=3)
    save_folds(folds, tmp_path / "folds.json")
    assert load_folds(tmp_path / "folds.json", nameless) == folds
    with pytest.raises(ProtocolError, match="without a column 'clip' the dataset must have the same rows"):
        load_folds(tmp_path / "folds.json", nameless.select(range(11)))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "holds no folds"),
        ("[]", "holds no folds"),
        ('{"format": "2"}', "of format '2'; expected 'hf_ser folds 1'"),
    ],
)
def test_files_that_hold_no_folds(tmp_path, text, part):
    (tmp_path / "folds.json").write_text(text)
    with pytest.raises(ProtocolError, match=part):
        load_folds(tmp_path / "folds.json", CLIPS)


@pytest.mark.parametrize(
    ("side", "rows", "error", "part"),
    [
        ("train", "0-99", ProtocolError, "holds no folds"),
        ("train", "0 x", ProtocolError, "holds no folds"),
        ("train", "", ProtocolError, "no train rows"),
        ("test", "0-11", SpeakerOverlapError, r"speaker\(s\) in both train and test"),
    ],
)
def test_files_that_were_changed(saved, side, rows, error, part):
    content = json.loads(saved[1].read_text(encoding="utf-8"))
    content["folds"][1][side] = rows
    saved[1].write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(error, match=part):
        load_folds(saved[1], CLIPS)


def test_a_label_changed_in_the_file_shows_in_the_fingerprint(saved):
    saved[1].write_text(saved[1].read_text(encoding="utf-8").replace('"a", "sad"', '"a", "calm"'), encoding="utf-8")
    with pytest.raises(ProtocolError, match=r"but was saved with .*: the file was changed"):
        load_folds(saved[1], CLIPS)


def test_a_failed_write_leaves_the_old_file(saved, monkeypatch):
    before = saved[1].read_text(encoding="utf-8")

    def fail(*paths):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_folds(saved[0][:1], saved[1])
    assert saved[1].read_text(encoding="utf-8") == before
    assert [entry.name for entry in saved[1].parent.iterdir()] == ["folds.json"]


def test_folds_that_cannot_be_saved(saved, tmp_path):
    by_hand = Fold("0", [0, 1], [2, 3], [4, 5], ("a",), ("b",), ("c",))
    with pytest.raises(ProtocolError, match=r"made by hand and knows no clips; save fold.on\(dataset\)"):
        save_folds([by_hand], tmp_path / "x")
    with pytest.raises(ProtocolError, match="no folds to save"):
        save_folds([], tmp_path / "x")
    with pytest.raises(ProtocolError, match="is of another dataset"):
        save_folds([saved[0][0], *speaker_folds(CLIPS.select(range(10)), "grouped", k=3)], tmp_path / "x")
    save_folds([by_hand.on(CLIPS)], tmp_path / "x")
    (loaded,) = load_folds(tmp_path / "x", CLIPS)
    assert loaded == dataclasses.replace(by_hand, clips=loaded.clips)
