"""CREMA-D: names, the published grid, tables beside the audio, perceived labels, git-lfs pointers."""

from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from hf_ser.corpora import CorpusError, load_corpus, read_corpus
from hf_ser.corpora.crema_d import CremaD

SENTENCES = ["IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI"]
ABSENT = {"1008_WSI", "1009_MTI", "1019_ITH", "1002_TIE_NEU", "1076_ITS_NEU"}


@pytest.fixture(scope="module")
def full_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crema")
    (folder / "AudioWAV").mkdir()
    for actor in range(1001, 1092):
        for sentence in SENTENCES:
            for emotion in ("NEU", "HAP", "SAD", "ANG", "FEA", "DIS"):
                if {f"{actor}_{sentence}", f"{actor}_{sentence}_{emotion}"} & ABSENT:
                    continue
                levels = ("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",)
                for level in levels:
                    (folder / "AudioWAV" / f"{actor}_{sentence}_{emotion}_{level}.wav").touch()
    return folder


def test_complete_corpus(full_tree):
    dataset = load_corpus("crema-d", full_tree, check_grid="error")
    assert len(dataset) == 7442
    others = dict.fromkeys(("happy", "sad", "angry", "fearful", "disgust"), 1271)
    assert Counter(dataset["emotion"]) == {"neutral": 1087} | others
    sexes = Counter(dict(zip(dataset["speaker"], dataset["sex"], strict=True)).values())
    assert sexes == {"male": 48, "female": 43}
    assert Counter(dataset["level"]) == {None: 6077, "low": 455, "medium": 455, "high": 455}
    assert set(Counter(dataset["speaker"]).values()) == {82, 81, 76}


def test_a_name_says_everything():
    row = CremaD().parse(PurePosixPath("AudioWAV/1038_IEO_ANG_HI.wav"))
    assert (row.emotion, row.speaker, row.sex, row.label) == ("angry", "1038", "male", "ANG")
    assert (row.more["sentence"], row.more["level"], row.more["text"]) == ("IEO", "high", "It's eleven o'clock.")
    assert CremaD().parse(PurePosixPath("1040_ITH_SAD_X.wav")).key == "1040_ith_sad_xx"


@pytest.mark.parametrize("bad", ["1000_IEO_ANG_HI", "1092_IEO_ANG_HI", "1001_ABC_ANG_XX", "1001_IEO_SUR_HI"])
def test_other_names_do_not_fit(bad):
    assert CremaD().parse(PurePosixPath(f"{bad}.wav")) is None


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    (tmp_path / "AudioWAV").mkdir()
    for name in ("1001_DFA_ANG_XX", "1001_DFA_HAP_XX", "1001_IEO_HAP_LO", "1002_DFA_SAD_XX"):
        (tmp_path / "AudioWAV" / f"{name}.wav").touch()
    (tmp_path / "VideoDemographics.csv").write_text(
        '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","x","y"\n1002,21,"Female","x","y"\n'
    )
    (tmp_path / "processedResults").mkdir()
    (tmp_path / "processedResults" / "summaryTable.csv").write_text(
        '"","FileName","VoiceVote","VoiceLevel","FaceVote","FaceLevel","MultiModalVote","MultiModalLevel"\n'
        '"1","1001_DFA_ANG_XX","N","69.1","A","92.22","A","64.78"\n'
        '"2","1001_DFA_HAP_XX","H:N","37.2:58.6","H","45.5","H","44.2"\n'
        '"3","1001_IEO_HAP_LO","H","60","H","45.5","H:N","44:2"\n'
    )
    return tmp_path


def test_tables_beside_the_audio(small_tree):
    rows = {row.key: row for row in read_corpus("crema_d", small_tree).rows}
    assert (rows["1001_dfa_ang_xx"].sex, rows["1001_dfa_ang_xx"].more["age"]) == ("male", 51)
    assert rows["1001_dfa_ang_xx"].more["voice_vote"] == "N"
    assert rows["1002_dfa_sad_xx"].more["voice_vote"] is None


def test_perceived_labels(small_tree):
    voice = read_corpus("crema_d", small_tree, labels="voice")
    assert {row.key: row.emotion for row in voice.rows} == {"1001_dfa_ang_xx": "neutral", "1001_ieo_hap_lo": "happy"}
    assert voice.rows[0].label == "N"
    assert voice.rows[0].more["intended"] == "angry"
    assert voice.set_aside_by == {"listeners tie": 1, "no votes in summaryTable.csv": 1}
    assert voice.complete
    both = read_corpus("crema_d", small_tree, labels="multimodal")
    assert {row.key: row.emotion for row in both.rows} == {"1001_dfa_ang_xx": "angry", "1001_dfa_hap_xx": "happy"}


def test_an_mp3_edition_beside_is_a_copy(small_tree):
    (small_tree / "AudioMP3").mkdir()
    (small_tree / "AudioMP3" / "1001_DFA_ANG_XX.mp3").touch()
    reading = read_corpus("crema_d", small_tree)
    assert reading.duplicates == {"AudioMP3/1001_DFA_ANG_XX.mp3": "AudioWAV/1001_DFA_ANG_XX.wav"}


def test_git_lfs_pointers_are_no_audio(small_tree):
    (small_tree / "AudioWAV" / "1001_DFA_ANG_XX.wav").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    )
    with pytest.raises(CorpusError, match=r"1 of 4 clips .*git-lfs pointers.*1001_DFA_ANG_XX.*git lfs pull"):
        load_corpus("crema_d", small_tree)


def test_broken_and_missing_tables(small_tree):
    table = small_tree / "processedResults" / "summaryTable.csv"
    table.write_text(table.read_text().replace("VoiceVote", "Vote"))
    with pytest.raises(CorpusError, match=r"summaryTable\.csv has no column 'VoiceVote'"):
        load_corpus("crema_d", small_tree)
    table.unlink()
    with pytest.raises(CorpusError, match=r"labels='voice' needs its table summaryTable\.csv"):
        load_corpus("crema_d", small_tree, labels="voice")
    demographics = small_tree / "VideoDemographics.csv"
    demographics.write_text(demographics.read_text().replace('"Male"', "?"))
    with pytest.raises(CorpusError, match=r"VideoDemographics\.csv, line 2, column 'Sex': got '\?', expected one of"):
        load_corpus("crema_d", small_tree)
    with pytest.raises(CorpusError, match="labels='face'; expected"):
        load_corpus("crema_d", small_tree, labels="face")
