"""The score against the number of reference clips."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from test_enrolment import EMOTIONS, speaker_cct, speech_model

from hf_ser import SpeakerOverlapError, load_corpus
from hf_ser.features.feature_extraction_speech import SpeechFeatureExtractor
from hf_ser.inference import enrolment_curve
from hf_ser.inference.classifier import EmotionClassifier
from hf_ser.protocols.reference_clips import reference_order


def write_fold(folder, speakers, trained, reference="standardise", seed=0):
    if reference == "voice":
        model, extractor = speaker_cct(seed)
    else:
        model = speech_model(reference, seed)
        extractor = SpeechFeatureExtractor(input_kind="log_mel", max_seconds=4.0)
    model.save_pretrained(folder)
    extractor.save_pretrained(folder)
    result = {"fold": int(folder.name[-1]), "test": {"speakers": speakers}, "train_speakers": trained}
    (folder / "results.json").write_text(json.dumps(result))


@pytest.fixture(scope="module")
def corpus(make_ravdess_tree, tmp_path_factory):
    tree = make_ravdess_tree(tmp_path_factory.mktemp("curve"), range(1, 5), EMOTIONS, seconds=(0.5, 0.7))
    return load_corpus("ravdess", tree)


def write_run(folder, reference="standardise"):
    names = [f"ravdess/0{number}" for number in range(1, 5)]
    for fold in range(2):
        tested = names[2 * fold : 2 * fold + 2]
        write_fold(folder / "seed-0" / f"fold-{fold}", tested, sorted(set(names) - set(tested)), reference, fold)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("folds"))


def test_curve_scores_the_same_clips_with_every_size(run, corpus):
    curve = enrolment_curve(run, corpus, sizes=(2, "all"), draws=2, progress=False)
    assert [point.size for point in curve.points] == [0, 2, "all"]
    clips = {point.against_none.clips for point in curve.points[1:]}
    assert clips == {2 * (len(corpus) - 4 * 2)}
    assert curve.points[1].against_none.speakers == 4
    text = str(curve)
    assert text.count("\n| ") == 4
    assert "2 draws (seed 0) of 2 clips of each speaker" in text
    assert json.dumps(curve.to_dict())
    assert curve.points[0].figures["wa"]["folds"] == 2


def test_references_of_one_emotion(run, corpus):
    mixed = enrolment_curve(run, corpus, sizes=(1,), draws=2, progress=False)
    curve = enrolment_curve(run, corpus, sizes=(1,), draws=2, progress=False, emotion="sad")
    assert "labelled 'sad' alone" in str(curve)
    assert curve.about["emotion"] == "sad"
    # as many clips are set aside, other ones
    assert curve.points[1].against_none.clips == mixed.points[1].against_none.clips
    assert curve.points[1].figures != mixed.points[1].figures or curve.points[0].figures != mixed.points[0].figures
    with pytest.raises(ValueError, match=r"emotion is 'glad', expected one of the corpus: .*sad"):
        enrolment_curve(run, corpus, sizes=(1,), progress=False, emotion="glad")
    sad = list(corpus["emotion"]).count("sad") // len(set(corpus["speaker"]))
    with pytest.raises(ValueError, match=f"has {sad} that are long enough and not silent and sad; ask for fewer"):
        enrolment_curve(run, corpus, sizes=(sad + 1,), progress=False, emotion="sad")


@pytest.mark.parametrize("reference", ["standardise", "voice"])
def test_points_are_what_the_classifier_says(reference, tmp_path, corpus):
    run = write_run(tmp_path, reference)
    curve = enrolment_curve(run / "seed-0", corpus, sizes=(3,), draws=1, seed=4, progress=False)
    right = [[], []]
    for fold in range(2):
        classifier = EmotionClassifier.from_pretrained(str(run / "seed-0" / f"fold-{fold}"))
        tested = {f"ravdess/0{2 * fold + 1}", f"ravdess/0{2 * fold + 2}"}
        side = corpus.select([row for row, speaker in enumerate(corpus["speaker"]) if speaker in tested])
        for order in reference_order(side["speaker"], 3, 4).values():
            voice = classifier.enrol([side[place]["audio"] for place in order[:3]])
            for place in order[3:]:
                for number, told in enumerate((None, voice)):
                    answer = classifier(side[place]["audio"], speaker_reference=told).emotion
                    right[number].append(answer == side[place]["emotion"])
    assert curve.points[1].against_none.metrics["wa"].other == pytest.approx(np.mean(right[1]))
    assert curve.points[1].against_none.metrics["wa"].baseline == pytest.approx(np.mean(right[0]))


def test_mistakes_are_named(run, corpus, tmp_path):
    with pytest.raises(ValueError, match="leaves none to score"):
        enrolment_curve(run, corpus, sizes=(len(corpus),), progress=False)
    with pytest.raises(ValueError, match="numbers from 0 or 'all'"):
        enrolment_curve(run, corpus, sizes=(-1,), progress=False)
    with pytest.raises(FileNotFoundError, match="holds no finished folds"):
        enrolment_curve(tmp_path, corpus, progress=False)
    write_fold(tmp_path / "plain" / "fold-0", ["ravdess/01"], [], reference=None)
    with pytest.raises(ValueError, match=r"reference=None.*--reference standardise"):
        enrolment_curve(tmp_path / "plain", corpus, progress=False)
    write_fold(tmp_path / "heard" / "fold-0", ["ravdess/01"], ["ravdess/01"])
    with pytest.raises(SpeakerOverlapError, match="was trained on 1 of these speakers"):
        enrolment_curve(tmp_path / "heard", corpus, progress=False)
    write_fold(tmp_path / "other" / "fold-0", ["ravdess/09"], [])
    with pytest.raises(ValueError, match=r"lacks the speakers \['ravdess/09'\]"):
        enrolment_curve(tmp_path / "other", corpus, progress=False)


def test_script_prints_the_table(run, corpus, tmp_path, capsys):
    script = Path(__file__).parents[2] / "examples" / "enrolment_curve.py"
    spec = importlib.util.spec_from_file_location("enrolment_curve_script", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tree = str(Path(corpus[0]["audio"]["path"]).parents[1])
    torch.manual_seed(0)
    out = tmp_path / "curve.json"
    command = [str(run), "--data_dir", tree, "--sizes", "0", "1", "--draws", "1", "--output", str(out)]
    with pytest.raises(FileNotFoundError, match=r"holds no results\.json of a cross-validation"):
        module.main(command)
    # the recordings are read as the run read them, wherever they lie by now
    settings = {"corpus": ["ravdess"], "data_dir": ["nowhere"], "drop": ["sad"], "output_dir": "elsewhere"}
    (run / "results.json").write_text(json.dumps({"settings": settings}))
    module.main(command)
    assert "| reference clips | WA | UA | WA against none | UA against none |" in capsys.readouterr().out
    points = json.loads(out.read_text())["points"]
    assert [point["size"] for point in points] == [0, 1]
    heard = len(corpus) - list(corpus["emotion"]).count("sad")
    assert points[1]["against_none"]["clips"] == heard - 4
