"""MSP-IMPROV on generated trees: published counts per condition, the names of the table, absent ratings."""

from pathlib import Path

import pytest

from hf_ser.corpora import CorpusError, load_corpus, read_corpus

COUNTS = {
    "S": {"A": 115, "S": 106, "H": 136, "N": 283, "O": 1, "X": 11},
    "R": {"A": 169, "S": 80, "H": 88, "N": 241, "O": 3, "X": 39},
    "T": {"A": 470, "S": 633, "H": 1048, "N": 1789, "O": 70, "X": 371},
    "P": {"A": 38, "S": 66, "H": 1372, "N": 1164, "O": 11, "X": 134},
}


def make(folder: Path, names: list[str], lines: list[str], table: str = "Evalution.txt") -> Path:
    for name in names:
        place = folder / "Audio" / f"session{name[18]}" / name[11:15] / name[20]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.wav").touch()
    (folder / table).write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def full_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names, lines = [], []
    for condition, counts in COUNTS.items():
        labels = [label for label, count in counts.items() for _ in range(count)]
        for number, label in enumerate(labels):
            sex, session = "FM"[number % 2], number // 2 % 6 + 1
            name = f"IMPROV-S{number % 20 + 1:02d}{'AHSN'[number % 4]}-{sex}0{session}-{condition}-FM{number:04d}"
            if number % 8 == 0:  # sound of every eighth turn: the table is the list of clips
                names.append(f"MSP-{name}")
            lines += [
                f"UTD-{name}.avi; {label}; A:3.000000; V:3.500000; D:3.000000 ; N:4.000000;",
                *["WORKER00000325; Neutral; Neutral,; A:3.0; V:4.0; D:3.0; N:4.0;"] * 2,
                "",
            ]
    return make(tmp_path_factory.mktemp("improv"), names, lines)


@pytest.mark.parametrize(
    ("options", "clips"),
    [
        ({}, 7798),
        ({"labels": "all"}, 7883),
        ({"labels": "all", "no_agreement": True}, 8438),
        ({"condition": "target-improvised"}, 640),
        ({"condition": "target-read"}, 578),
        ({"condition": "other-improvised", "labels": "all"}, 4010),
        ({"condition": "natural"}, 2640),
    ],
)
def test_published_counts_under_every_option(full_tree, options, clips):
    reading = read_corpus("msp_improv", full_tree, **options)
    assert len(reading.rows) + len(reading.missing) == clips
    assert not reading.miscounted
    assert not reading.extra
    assert not reading.unmatched
    assert reading.set_aside == full_tree_clips(full_tree) - len(reading.rows)


def full_tree_clips(folder: Path) -> int:
    return len(list(folder.rglob("*.wav")))


def test_dataset(full_tree):
    dataset = load_corpus("MSP-IMPROV", full_tree, check_grid="off")
    with pytest.raises(CorpusError, match=r"is not complete: \d+ missing"):
        load_corpus("MSP-IMPROV", full_tree, check_grid="error")
    assert set(dataset["emotion"]) == {"neutral", "happy", "sad", "angry"}
    assert set(dataset["session"]) == set("135")
    pairs = {(speaker[-3:], sex) for speaker, sex in zip(dataset["speaker"], dataset["sex"], strict=True)}
    assert pairs == {("F01", "female"), ("F03", "female"), ("F05", "female")}


LINES = [
    "UTD-IMPROV-S01A-F01-S-FM01.avi; N; A:3.0; V:3.5; D:3.0 ; N:4.0;",
    "WORKER1; Neutral; A:3.0;",
    "",
    "UTD-IMPROV-S20H-M06-P-MF02.avi; H; A:NaN; V:4.5; D:NaN;",
    "",
]
NAMES = ["MSP-IMPROV-S01A-F01-S-FM01", "MSP-IMPROV-S20H-M06-P-MF02"]


@pytest.mark.parametrize("table", ["Evalution.txt", "Evaluation.txt"])
def test_ratings_with_and_without_values(table, tmp_path):
    first, second = read_corpus("msp_improv", make(tmp_path, NAMES, LINES, table)).rows
    assert (first.emotion, first.speaker, first.sex, first.label) == ("neutral", "F01", "female", "N")
    assert first.more == {
        "session": "1", "condition": "target-improvised", "sentence": "01", "target": "angry",
        "arousal": 3.0, "valence": 3.5, "dominance": 3.0, "naturalness": 4.0,
    }  # fmt: skip
    assert (second.more["session"], second.more["condition"], second.more["target"]) == ("6", "natural", "happy")
    assert [second.more[name] for name in ("arousal", "valence", "dominance", "naturalness")] == [
        None,
        4.5,
        None,
        None,
    ]


def test_what_does_not_fit_is_counted(tmp_path):
    make(tmp_path, [*NAMES[:1], "MSP-IMPROV-S01A-F01-S-FM09"], LINES)
    (tmp_path / "Audio" / "MSP-IMPROV-S01A-F07-S-FM09.wav").touch()
    reading = read_corpus("msp_improv", tmp_path)
    assert reading.missing == ["s20h-m06-p-mf02"]
    assert reading.unmatched == ["Audio/MSP-IMPROV-S01A-F07-S-FM09.wav"]
    assert reading.set_aside_by == {"no label in the tables": 1}
    assert reading.miscounted["happy"] == (1, 2644)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("UTD-IMPROV-S01A-F01-S-FM01.avi; Q; A:3.0;", "line 1: got 'Q', expected a label out of N, H"),
        ("UTD-IMPROV-S01A-F09-S-FM01.avi; N; A:3.0;", "line 1: got 'UTD-IMPROV-S01A-F09-S-FM01.avi', expected a name"),
        ("UTD-IMPROV-S01A-F01-S-FM01.avi; N; A:high;", "rating 'A:high' is no number"),
        ("nothing", "has no line such as"),
    ],
)
def test_broken_tables(line, message, tmp_path):
    with pytest.raises(CorpusError, match=message):
        load_corpus("msp_improv", make(tmp_path, NAMES, [line]))


def test_missing_table_and_bad_options(tmp_path):
    make(tmp_path, NAMES, LINES)
    (tmp_path / "Evalution.txt").unlink()
    with pytest.raises(CorpusError, match=r"needs its table Evalution.txt or Evaluation.txt"):
        load_corpus("msp_improv", tmp_path)
    for options in ({"condition": "read"}, {"labels": "8"}):
        with pytest.raises(CorpusError, match="expected '"):
            load_corpus("msp_improv", tmp_path, **options)
