"""Fingerprints: equal for equal contents wherever they lie, another for anything that changes a result."""

import dataclasses
import unicodedata

import datasets
import pytest

from hf_ser.corpora import load_corpus
from hf_ser.protocols import Fold, ProtocolError, corpus_fingerprint, speaker_folds

COLUMNS = {
    "corpus": ["toy"] * 6,
    "clip": [f"Ärger/{row}.wav" for row in range(6)],
    "speaker": [*"aabbcc"],
    "emotion": ["sad", "angry"] * 3,
}


def test_the_fingerprint_of_a_corpus_is_fixed():
    # written down, so that results of one release can be compared with those of the next
    assert corpus_fingerprint(COLUMNS) == "a4ec20a5ae4a8413"
    assert speaker_folds(COLUMNS, "leave-one-speaker-out")[0].fingerprint == "af2fec416dbd286b"


def test_neither_folder_nor_order_nor_spelling_of_accents_matter(make_emodb_tree, tmp_path):
    found = set()
    for place in ("here", "there/nested"):
        dataset = load_corpus("emodb", make_emodb_tree(tmp_path / place, texts=("a01",)) / "wav")
        for rows in (dataset, dataset.shuffle(seed=0), dataset.remove_columns("audio")):
            found |= {corpus_fingerprint(rows), speaker_folds(rows, "grouped", k=3)[0].fingerprint}
    assert len(found) == 2  # one of the corpus, one of the fold
    decomposed = [unicodedata.normalize("NFD", clip) for clip in COLUMNS["clip"]]
    assert decomposed != COLUMNS["clip"]
    assert corpus_fingerprint(COLUMNS | {"clip": decomposed}) == corpus_fingerprint(COLUMNS)


@pytest.mark.parametrize("column", COLUMNS)
def test_clips_speakers_labels_and_corpora_matter(column):
    changed = COLUMNS | {column: [*COLUMNS[column][:5], "c"]}
    if column == "speaker":
        changed[column] = [*"aabbcd"]
    options = {"duplicates": "off", "allow_missing_classes": True}
    assert corpus_fingerprint(changed) != corpus_fingerprint(COLUMNS)
    before = speaker_folds(COLUMNS, "leave-one-speaker-out", **options)[2]
    assert speaker_folds(changed, "leave-one-speaker-out", **options)[2].fingerprint != before.fingerprint


def test_protocol_options_and_sides_matter():
    fold = speaker_folds(COLUMNS, "grouped", k=3)[0]
    others = [
        dataclasses.replace(fold, protocol="leave-one-speaker-out"),
        dataclasses.replace(fold, options={"k": 3, "seed": 1}),
        dataclasses.replace(fold, train=fold.train[:1]),
        dataclasses.replace(fold, validation=fold.test, test=fold.validation),
    ]
    assert len({fold.fingerprint, *(other.fingerprint for other in others)}) == 5
    assert dataclasses.replace(fold, train=fold.train[::-1]).fingerprint == fold.fingerprint
    assert speaker_folds(COLUMNS, "grouped", k=3, seed=0)[0].fingerprint == fold.fingerprint


def test_folds_made_by_hand_have_one_too():
    fold = Fold("0", [0, 1], [2, 3], [4, 5], ("a",), ("b",), ("c",))
    assert len(fold.fingerprint) == 16
    assert fold.fingerprint == dataclasses.replace(fold, train=[1, 0]).fingerprint
    assert fold.on(COLUMNS).fingerprint != fold.fingerprint
    with pytest.raises(ProtocolError, match="row 5, but the dataset has 4 rows"):
        fold.on(datasets.Dataset.from_dict({name: values[:4] for name, values in COLUMNS.items()}))


def test_no_rows():
    with pytest.raises(ProtocolError, match="no rows"):
        corpus_fingerprint({"clip": [], "speaker": []})
