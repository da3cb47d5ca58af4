"""IEMOCAP on generated trees: published counts under every option, ratings, votes, junk and broken files."""

from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from hf_ser.corpora import CorpusError, load_corpus, read_corpus
from hf_ser.corpora.iemocap import Iemocap

ALL = {
    "xxx": 2507, "fru": 1849, "neu": 1708, "ang": 1103, "sad": 1084, "exc": 1041, "hap": 595, "sur": 107, "fea": 40,
    "oth": 3, "dis": 2,
}  # fmt: skip
IMPROVISED = {
    "neu": 1099, "ang": 289, "sad": 608, "hap": 284, "exc": 663, "xxx": 1000, "fru": 900, "sur": 50, "fea": 20,
    "oth": 1, "dis": 1,
}  # fmt: skip


def write_dialogue(folder: Path, dialogue: str, blocks: list[str], names: list[str], texts: str = "") -> None:
    session = folder / f"Session{dialogue[4]}"
    for place in ("dialog/EmoEvaluation", "dialog/transcriptions", "dialog/wav", f"sentences/wav/{dialogue}"):
        (session / place).mkdir(parents=True, exist_ok=True)
    header = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
    (session / "dialog/EmoEvaluation" / f"{dialogue}.txt").write_text(header + "\n\n".join(blocks) + "\n")
    (session / "dialog/transcriptions" / f"{dialogue}.txt").write_text(texts)
    (session / "dialog/wav" / f"{dialogue}.wav").touch()
    for name in names:
        (session / f"sentences/wav/{dialogue}" / f"{name}.wav").touch()


@pytest.fixture(scope="module")
def full_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10,039 utterances with the published number of each label, improvised and scripted, ten speakers."""
    folder = tmp_path_factory.mktemp("iemocap") / "IEMOCAP_full_release"
    for style, counts in (("impro01", IMPROVISED), ("script01_1", {k: ALL[k] - n for k, n in IMPROVISED.items()})):
        labels = [label for label, count in counts.items() for _ in range(count)]
        for session in range(1, 6):
            dialogue = f"Ses0{session}F_{style}"
            mine = labels[session - 1 :: 5]
            names = [f"{dialogue}_{'FM'[i % 2]}{i // 2:03d}" for i in range(len(mine))]
            blocks = [
                f"[{i}.0000 - {i}.5000]\t{name}\t{label}\t[2.5000, 3.0000, 3.5000]\nC-E2:\tNeutral state;\t()"
                for i, (name, label) in enumerate(zip(names, mine, strict=True))
            ]
            write_dialogue(folder, dialogue, blocks, names)
    return folder


@pytest.mark.parametrize(
    ("options", "clips"),
    [
        ({}, 5531),
        ({"labels": "4"}, 4490),
        ({"labels": "all"}, 7532),
        ({"labels": "all", "no_agreement": True}, 10039),
        ({"style": "improvised"}, 2943),
        ({"style": "improvised", "labels": "4"}, 2280),
        ({"style": "scripted", "labels": "4"}, 2210),
    ],
)
def test_published_counts_under_every_option(full_tree, options, clips):
    reading = read_corpus("iemocap", full_tree, **options)
    assert len(reading.rows) == clips
    assert reading.complete
    assert reading.set_aside == sum(reading.set_aside_by.values()) == 10039 + 10 - clips
    assert reading.set_aside_by["whole dialogue"] == 10


def test_dataset_of_the_usual_four_classes(full_tree):
    dataset = load_corpus("iemocap", full_tree, check_grid="error")
    assert Counter(dataset["emotion"]) == {"neutral": 1708, "angry": 1103, "sad": 1084, "happy": 1636}
    assert Counter(dataset["label"])["exc"] == 1041
    assert len(set(dataset["speaker"])) == 10
    assert set(dataset["session"]) == set("12345")
    assert dataset.features["arousal"].dtype == "float32"


BLOCKS = [
    (
        "[6.2901 - 8.2357]\tSes01F_impro05a_F000\tang\t[1.5000, 4.0000, 4.5000]\n"
        "C-E1:\tAnger;\t()\nC-E3:\tAnger; Frustration;\t(loud, (very))\nC-F1:\tSadness;\t()\n"
        "A-E3:\tval 2; act 4; dom  4;\t()\nA-F1:\tval 1; act 1; dom  1;\t()"
    ),
    (
        "[9.0000 - 10.5000]\tSes01F_impro05a_M000\txxx\t[2.0000, 3.0000, NaN]\n"
        "A-E1:\tval 2; act 3; dom  ;\t()\nA-E2:\tval 2; act 3; dom  5;\t()"
    ),
    "[11.0000 - 12.0000]\tSes01F_impro05a_F001\tfru\t[2.0000, 3.0000]\nA-E1:\tval 2; act 3; dom  ;\t()",
]


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    names = [f"Ses01F_impro05a_{turn}" for turn in ("F000", "M000", "F001", "MXX0")]
    texts = "Ses01F_impro05a_F000 [006.2901-008.2357]: Excuse me.\nM: [LAUGHTER]\nSes01F_impro05a_MXX0 [1-2]: Hm.\n"
    write_dialogue(tmp_path, "Ses01F_impro05a", BLOCKS, names, texts)
    evaluations = tmp_path / "Session1/dialog/EmoEvaluation"
    (evaluations / "._Ses01F_impro05a.txt").write_bytes(b"\0junk")
    (evaluations / "Categorical").mkdir()
    (evaluations / "Categorical" / "Ses01F_impro05a_e1_cat.txt").write_text("Ses01F_impro05a_F000 :Anger; ()")
    (tmp_path / "Session1/sentences/wav/Ses01F_impro05a/._Ses01F_impro05a_F000.wav").touch()
    return tmp_path


def test_ratings_votes_text_and_the_speaker(small_tree):
    rows = {row.key[-4:]: row for row in read_corpus("iemocap", small_tree, labels="all", no_agreement=True).rows}
    first = rows["f000"]
    assert (first.emotion, first.speaker, first.sex, first.label) == ("angry", "Ses01F", "female", "ang")
    assert first.more == {
        "session": "1", "dialogue": "Ses01F_impro05a", "style": "improvised", "start": 6.2901, "end": 8.2357,
        "text": "Excuse me.", "valence": 1.5, "arousal": 4.0, "dominance": 4.5, "votes": "Anger|Anger;Frustration",
    }  # fmt: skip
    partner = rows["m000"]
    # markers on the woman, but the man speaks; dominance from the one rater who gave it
    assert (partner.speaker, partner.sex, partner.emotion, partner.label) == ("Ses01M", "male", "other", "xxx")
    assert partner.more["dominance"] == 5.0
    assert partner.more["text"] is None
    assert rows["f001"].more["dominance"] is None
    assert rows["f001"].more["votes"] is None


def test_what_is_set_aside_missing_and_misnamed_is_counted(small_tree):
    (small_tree / "Session1/sentences/wav/Ses01F_impro05a/Ses01F_impro05a_F001.wav").unlink()
    (small_tree / "Session1/hello.wav").touch()
    reading = read_corpus("iemocap", small_tree, labels="all")
    assert reading.set_aside_by == {
        "whole dialogue": 1,
        "no label in the tables": 1,
        "no majority label (xxx)": 1,
    }
    assert reading.missing == ["ses01f_impro05a_f001"]
    assert reading.unmatched == ["Session1/hello.wav"]
    assert reading.miscounted["frustrated"] == (1, 1849)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Ses03M_script03_1_F003", "ses03m_script03_1_f003"),
        ("Ses01F_script01_1b_M010", "ses01f_script01_1b_m010"),
        ("Ses06F_impro01_F000", None),
        ("Ses01F_impro01", None),
        ("Ses01F_impro01_X000", None),
    ],
)
def test_names(name, key):
    assert Iemocap().key(PurePosixPath(f"a/{name}.wav")) == key


def test_broken_files_and_options_are_explained(small_tree):
    file = small_tree / "Session1/dialog/EmoEvaluation/Ses01F_impro05a.txt"
    file.write_text("[6.2901 - 8.2357]\tSes01F_impro05a_F000\tang\n")
    with pytest.raises(CorpusError, match=r"Ses01F_impro05a.txt, line 1: .*expected.*restore"):
        load_corpus("iemocap", small_tree)
    file.write_text(BLOCKS[0].replace("\tang\t", "\tzzz\t"))
    with pytest.raises(CorpusError, match="label 'zzz' of Ses01F_impro05a_F000 is none of"):
        load_corpus("iemocap", small_tree)
    file.unlink()
    with pytest.raises(CorpusError, match=r"no file dialog/EmoEvaluation.*IEMOCAP_full_release"):
        load_corpus("iemocap", small_tree)
    for options in ({"style": "read"}, {"labels": "5"}):
        with pytest.raises(CorpusError, match="expected '"):
            load_corpus("iemocap", small_tree, **options)
