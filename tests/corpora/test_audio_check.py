"""Broken, silent and short recordings are found in any corpus, before training."""

import numpy as np
import pytest
import soundfile

from hf_ser.corpora import CorpusError, check_audio, load_corpus


@pytest.fixture
def faulty(make_emodb_tree, tmp_path):
    """Sixteen clips as EmoDB names them, four of them at fault."""
    folder = make_emodb_tree(tmp_path, speakers=("03", "08")) / "wav"
    whole = (folder / "03a01Fa.wav").read_bytes()
    (folder / "03a01Fa.wav").write_bytes(whole[: len(whole) // 2])
    (folder / "03a01Ta.wav").write_text("no audio")
    soundfile.write(folder / "08a01Fa.wav", np.full(8000, 0.2), 16_000)  # an offset alone is no signal
    soundfile.write(folder / "08a01Ta.wav", 0.1 * np.sin(np.arange(800)), 16_000)
    return folder


def test_faults_are_reported_by_name(faulty):
    dataset = load_corpus("emodb", faulty, check_grid="off")
    report = check_audio(dataset)
    clips = dataset["clip"]
    assert [clips[row] for row in report.rows] == ["03a01Fa.wav", "03a01Ta.wav", "08a01Fa.wav", "08a01Ta.wav"]
    assert {clip: "truncated" in why for clip, why in report.broken.values()} == {
        "03a01Fa.wav": True, "03a01Ta.wav": False,
    }  # fmt: skip
    assert list(report.silent.values()) == ["08a01Fa.wav"]
    assert list(report.short.values()) == [("08a01Ta.wav", 0.05)]
    for part in ("of 16 recordings", "2 broken ('03a01Fa.wav': ", "1 silent ('08a01Fa.wav')", "1 too short"):
        assert part in str(report)
    assert not check_audio(dataset, min_seconds=0.01).short


def test_loading_refuses_them_or_leaves_them_out(faulty, caplog):
    options = {"check_grid": "off", "check_audio": True}
    with pytest.raises(CorpusError, match=r"2 broken .*1 silent .*skip_unmatched=True"):
        load_corpus("emodb", faulty, **options)
    dataset = load_corpus("emodb", faulty, skip_unmatched=True, **options)
    assert len(dataset) == 12
    assert "2 broken" in caplog.text
    assert "none broken" in str(check_audio(dataset))
    rows = [f"{name},sad,{name[:2]}" for name in ("08a01Fa.wav", "08b02Fa.wav")]
    (faulty / "m.csv").write_text("\n".join(["file,emotion,speaker", *rows]))
    with pytest.raises(CorpusError, match=r"1 silent \('08a01Fa.wav'\)"):
        load_corpus("csv", faulty / "m.csv", check_audio=True)
