"""RAVDESS: names, counts, song beside speech, and the real recordings."""

import itertools
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from hf_ser.corpora import CorpusError, find_duplicates, load_corpus, read_corpus
from hf_ser.corpora.ravdess import Ravdess


@pytest.fixture(scope="module")
def full_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every published name, speech and song apart, as empty files."""
    folder = tmp_path_factory.mktemp("full")
    for channel, place in (("01", "Audio_Speech_Actors_01-24"), ("02", "Audio_Song_Actors_01-24")):
        for actor in range(1, 25):
            if (channel, actor) == ("02", 18):
                continue
            (folder / place / f"Actor_{actor:02d}").mkdir(parents=True)
            for emotion, strength, statement, repetition in itertools.product(range(1, 9), (1, 2), (1, 2), (1, 2)):
                if (emotion, strength) != (1, 2) and (channel == "01" or emotion <= 6):
                    name = (
                        f"03-{channel}-{emotion:02d}-{strength:02d}-{statement:02d}-{repetition:02d}-{actor:02d}.wav"
                    )
                    (folder / place / f"Actor_{actor:02d}" / name).touch()
    return folder


def test_a_name_says_everything():
    row = Ravdess().parse(PurePosixPath("Actor_12/03-01-06-01-02-01-12.wav"))
    assert (row.emotion, row.speaker, row.sex, row.label) == ("fearful", "12", "female", "06")
    assert row.more == {
        "modality": "audio", "channel": "speech", "intensity": "normal", "statement": "02",
        "text": "Dogs are sitting by the door", "repetition": 1,
    }  # fmt: skip
    song = Ravdess().parse(PurePosixPath("03-02-04-02-01-02-19.FLAC"))
    assert (song.emotion, song.sex, song.more["channel"], song.more["intensity"]) == ("sad", "male", "song", "strong")


@pytest.mark.parametrize(
    "bad", ["02-01-06-01-02-01-12", "03-01-06-01-02-01", "03-01-06-01-02-01-12 (1)", "3-1-6-1-2-1-12"]
)
def test_other_names_do_not_fit(bad):
    assert Ravdess().parse(PurePosixPath(f"{bad}.wav")) is None


def test_complete_speech_song_and_both(full_tree, caplog):
    speech = load_corpus("ravdess", full_tree, check_grid="error")
    assert len(speech) == 1440
    assert set(Counter(speech["speaker"]).values()) == {60}
    assert Counter(speech["intensity"]) == {"normal": 768, "strong": 672}
    song = load_corpus("ravdess", full_tree, check_grid="error", channel="song")
    assert Counter(song["emotion"]) == dict.fromkeys(("calm", "happy", "sad", "angry", "fearful"), 184) | {
        "neutral": 92
    }
    assert len(set(song["speaker"])) == 23
    both = load_corpus("ravdess", full_tree, check_grid="error", channel="both")
    assert len(both) == 1440 + 1012
    assert len(set(both["speaker"])) == 24  # the same people sing
    assert not caplog.records
    assert read_corpus("ravdess", full_tree).set_aside == 1012
    assert read_corpus("ravdess", full_tree).set_aside_by == {"channel song": 1012}


def test_bad_channel_and_nothing_asked_for(full_tree):
    with pytest.raises(CorpusError, match="channel='singing'"):
        load_corpus("ravdess", full_tree, channel="singing")
    with pytest.raises(CorpusError, match=r"none of its 1012 clip\(s\)"):
        load_corpus("ravdess", full_tree / "Audio_Song_Actors_01-24")


def test_missing_and_extra_clips_are_named(full_tree, tmp_path):
    for path in itertools.islice(sorted((full_tree / "Audio_Speech_Actors_01-24").rglob("*.wav")), 1437):
        (tmp_path / path.name).touch()
    (tmp_path / "01-01-01-01-01-01-01.wav").touch()  # sound of the video edition
    reading = read_corpus("ravdess", tmp_path)
    assert reading.missing == [f"03-01-08-02-{end}-24" for end in ("01-02", "02-01", "02-02")]
    assert reading.extra == ["01-01-01-01-01-01-01.wav"]
    assert not reading.complete


@pytest.mark.recordings
def test_real_recordings(recordings: Path):
    dataset = load_corpus("ravdess", recordings / "ravdess", check_grid="error")
    assert len(dataset) == 1440
    others = ("calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    assert Counter(dataset["emotion"]) == dict.fromkeys(others, 192) | {"neutral": 96}
    assert Counter(dataset["sex"]) == {"male": 720, "female": 720}
    pairs = [[dataset[row]["clip"] for row in rows] for rows in find_duplicates(dataset)]
    stem = "Actor_07/03-01-03-01-02-0{}-07.flac"
    assert pairs == [[stem.format(1), stem.format(2)]]
