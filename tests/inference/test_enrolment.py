"""Reference clips of the speaker, wherever audio goes in."""

import json
import pickle
from pathlib import Path

import datasets
import numpy as np
import pytest
import soundfile
import torch
from transformers import WhisperConfig, pipeline

from hf_ser import (
    EcapaTdnnConfig,
    EcapaTdnnFeatureExtractor,
    EmotionClassifier,
    SpeakerCctConfig,
    SpeakerCctForAudioClassification,
    SpeakerSpectrogramFeatureExtractor,
    SpeechEncoderConfig,
    SpeechEncoderForAudioClassification,
    load_corpus,
)
from hf_ser.cli import main
from hf_ser.features.feature_extraction_speech import SpeechFeatureExtractor
from hf_ser.inference import ReferenceClipError, SpeakerReference, predict_corpus
from hf_ser.inference.enrolment import enrol_speakers, mean_voice
from hf_ser.protocols.reference_clips import reference_order

EMOTIONS = ("neutral", "sad", "angry")
RATE = 16000
NAMES = {"id2label": dict(enumerate(EMOTIONS)), "label2id": {name: i for i, name in enumerate(EMOTIONS)}}


def speech_model(reference="standardise", seed=0):
    torch.manual_seed(seed)
    encoder = WhisperConfig(d_model=16, encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=16)
    config = SpeechEncoderConfig(encoder_config=encoder, head="statistics", reference=reference, **NAMES)
    model = SpeechEncoderForAudioClassification(config)
    with torch.no_grad():
        model.head.classifier.weight.mul_(3)
    return model.eval()


def speaker_cct(seed=0):
    """A speaker-conditioned CCT with a speaker encoder of its own, and its extractor."""
    torch.manual_seed(seed)
    sizes = {"hidden_size": 16, "aggregation_size": 24, "squeeze_size": 8, "attention_size": 8, "res2net_scale": 2}
    config = SpeakerCctConfig.from_variant(
        "cct_2_3x2_32",
        num_channels=1,
        image_size=[32, 96],
        hidden_size=32,
        **NAMES,
        fusion="token",
        speaker_embedding_dim=12,
        speaker_encoder_config=EcapaTdnnConfig(**sizes, embedding_size=12),
    )
    model = SpeakerCctForAudioClassification(config).eval()
    extractor = SpeakerSpectrogramFeatureExtractor(EcapaTdnnFeatureExtractor(), num_mel_bins=32, num_frames=96)
    return model, extractor


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("referenced")
    speech_model().save_pretrained(folder)
    SpeechFeatureExtractor(input_kind="log_mel", max_seconds=4.0).save_pretrained(folder)
    return str(folder)


@pytest.fixture
def classifier(checkpoint):
    return EmotionClassifier.from_pretrained(checkpoint)


def clip(seconds=1.0, seed=0):
    return np.random.default_rng(seed).normal(scale=0.1, size=round(seconds * RATE)).astype(np.float32)


def scores(prediction):
    return np.array(list(prediction.scores.values()))


def test_references_change_the_answer_as_the_model_says(classifier):
    voice, waveform = [clip(seed=seed) for seed in (1, 2, 3)], clip(1.3)
    plain = classifier.classify([waveform])[0]
    told = classifier.classify([waveform], speaker_reference=voice)[0]
    assert np.abs(scores(plain) - scores(told)).max() > 1e-3
    extract = classifier.feature_extractor
    inputs = [
        extract(clips, sampling_rate=RATE, padding="longest", return_tensors="pt") for clips in (voice, waveform)
    ]
    with torch.no_grad():
        vectors = classifier.model.embed_reference(**inputs[0])
        wanted = classifier.model(**inputs[1], reference_vectors=vectors[None]).logits.softmax(-1)[0]
    assert np.allclose(scores(told), wanted.numpy(), atol=1e-4)


def test_enrolled_once_it_serves_again_and_every_way_in_gives_the_same(classifier, checkpoint, tmp_path, capsys):
    files = []
    for seed in range(4):
        files.append(str(tmp_path / f"{seed}.wav"))
        soundfile.write(files[-1], clip(seed=seed), RATE, subtype="FLOAT")
    enrolled = classifier.enrol(files[1:])
    assert len(enrolled) == 3
    assert enrolled.clips[0] == f"reference clip 1 ({files[1]})"
    told = scores(classifier(files[0], speaker_reference=enrolled))
    assert np.allclose(told, scores(classifier(files[0], speaker_reference=files[1:])))
    assert np.allclose(told, scores(classifier(files[0], speaker_reference=pickle.loads(pickle.dumps(enrolled)))))
    arrays = [clip(seed=seed) for seed in range(4)]
    bare = classifier(arrays[0], source_sampling_rate=RATE, speaker_reference=arrays[1:])
    assert np.allclose(told, scores(bare), atol=1e-5)
    together = classifier.classify([arrays[0], clip(0.7)], speaker_reference=arrays[1:])
    assert np.allclose(told, scores(together[0]), atol=1e-4)
    # a single clip need not be wrapped in a list, and what yields several is as good as one
    with open(files[1], "rb") as opened:
        singles = [
            classifier.enrol(single) for single in (files[1], Path(files[1]), opened, Path(files[1]).read_bytes())
        ]
    assert [len(single) for single in singles] == [1] * 4
    column = datasets.Dataset.from_dict({"audio": files[1:]})["audio"]
    for several in (column, iter(files[1:]), tuple(files[1:])):
        assert torch.equal(classifier.enrol(several).vectors, enrolled.vectors)
    assert main(["predict", files[0], "--model", checkpoint, "--json", "--speaker_reference", *files[1:]]) == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert np.allclose(list(row["scores"].values()), told, atol=1e-5)
    # a file is not its own reference, and by itself it has none
    (tmp_path / "link.wav").symlink_to(files[0])
    voices = ["--speaker_reference", str(tmp_path / "link.wav")]
    for others, wanted in ((files[1:], told), ([], scores(classifier(files[0])))):
        assert main(["predict", files[0], "--model", checkpoint, "--json", *voices, *others]) == 0
        printed = capsys.readouterr()
        assert ("is its own only reference, so it is judged without any" in printed.err) == (not others)
        assert np.allclose(list(json.loads(printed.out)[0]["scores"].values()), wanted, atol=1e-5)


def test_stock_pipeline_works_and_knows_no_references(checkpoint, classifier):
    waveform = clip()
    found = pipeline("audio-classification", model=checkpoint)({"raw": waveform, "sampling_rate": RATE})
    plain = classifier.classify([waveform])[0].scores
    assert {row["label"]: pytest.approx(row["score"], abs=1e-4) for row in found} == plain


def test_long_references_count_as_several(classifier):
    assert len(classifier.enrol([{"array": clip(9.0), "sampling_rate": RATE}])) == 3


def test_clips_that_tell_nothing_are_named(classifier, tmp_path):
    soundfile.write(tmp_path / "short.wav", clip(0.2), RATE)
    good = {"array": clip(), "sampling_rate": RATE}
    with pytest.raises(ReferenceClipError, match=r"reference clip 2 \(.*short.wav\) lasts 0.20 s, .*at least 0.5 s"):
        classifier(good, speaker_reference=[good, tmp_path / "short.wav"])
    with pytest.raises(ReferenceClipError, match=r"reference clip 1 is silent: its peak is -200 dB .*above -80 dB"):
        classifier.classify([clip()], speaker_reference=[np.zeros(RATE, dtype=np.float32)])
    with pytest.raises(ValueError, match="empty list as speaker_reference"):
        classifier.classify([clip()], speaker_reference=[])


def test_models_that_cannot_use_references_say_so(checkpoint):
    extractor = SpeechFeatureExtractor(input_kind="log_mel", max_seconds=4.0)
    plain = EmotionClassifier(speech_model(reference=None), extractor)
    with pytest.raises(ValueError, match=r"train a model that can: hf-ser train .*--reference standardise"):
        plain.classify([clip()], speaker_reference=[clip(seed=1)])
    enrolled = EmotionClassifier.from_pretrained(checkpoint).enrol([{"array": clip(), "sampling_rate": RATE}])
    assert isinstance(enrolled, SpeakerReference)
    other = EmotionClassifier(speech_model(seed=5), extractor)
    with pytest.raises(ValueError, match="enrolled with another model"):
        other.classify([clip()], speaker_reference=enrolled)


@pytest.fixture(scope="module")
def tree(make_ravdess_tree, tmp_path_factory):
    return make_ravdess_tree(tmp_path_factory.mktemp("voices"), (1, 2), EMOTIONS, seconds=(0.55, 0.9))


def test_corpus_is_scored_without_the_clips_that_serve_as_references(classifier, tree):
    corpus = load_corpus("ravdess", tree)
    plain = predict_corpus(classifier, corpus, progress=False)
    told = predict_corpus(classifier, corpus, progress=False, reference_clips=3, reference_seed=1)
    assert len(told) == len(plain) - 6
    order = reference_order(corpus["speaker"], 3, 1)
    taken = {corpus[place]["clip"] for places in order.values() for place in places[:3]}
    assert set(told.clips) == set(plain.clips) - taken
    # in the order of the corpus, each clip with its own speaker's references
    assert [name for name in plain.clips if name in set(told.clips)] == told.clips.tolist()
    row = next(row for row in range(len(corpus)) if corpus[row]["clip"] == told.clips[-1])
    voice = [corpus[place]["audio"] for place in order[corpus[row]["speaker"]][:3]]
    wanted = classifier(corpus[row]["audio"], speaker_reference=voice).scores
    assert np.allclose(told.scores[-1], [wanted[name] for name in told.label_names], atol=1e-4)
    # a clip that tells nothing serves nobody: the next takes its place, and it is scored
    first = order["ravdess/01"][0]
    audio = [
        {"array": clip(0.3), "sampling_rate": RATE} if i == first else row["audio"] for i, row in enumerate(corpus)
    ]
    voices, taken = enrol_speakers(classifier, audio, corpus["speaker"], 3, 1)
    assert sorted(place for place in taken if corpus[place]["speaker"] == "ravdess/01") == sorted(
        order["ravdess/01"][1:4]
    )
    assert {len(voice) for voice in voices.values()} == {3}
    with pytest.raises(ValueError, match="leaves none to score"):
        predict_corpus(classifier, corpus, progress=False, reference_clips=len(corpus))


def test_evaluate_names_the_protocol(checkpoint, tree, capsys):
    command = ["evaluate", "--model", checkpoint, "--corpus", "ravdess", "--data_dir", str(tree)]
    assert main([*command, "--reference_clips", "2", "--allow_missing_classes"]) == 0
    said = capsys.readouterr().out
    assert "references: 2 unlabelled clips of each speaker, drawn with seed 0, are given to the model" in said
    assert main(["evaluate", "--predictions", "x.parquet", "--reference_clips", "2"]) == 2
    assert "saved predictions are made already" in capsys.readouterr().err


def test_speaker_conditioned_cct_hears_the_voice_in_the_whole_recording_whatever_the_windows():
    model, extractor = speaker_cct()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "speaker.projections" in name or "classifier" in name or "attention" in name:
                parameter.mul_(20)
    classifier = EmotionClassifier(model, extractor)
    # a voice that changes, so that no window is like the whole
    long = np.concatenate([np.cumsum(clip(1.3)).astype(np.float32) * 0.02, clip(1.2, seed=3)])
    found = classifier.classify([clip(0.7), long])
    assert [each.windows for each in found] == [1, 3]
    whole = extractor.speaker_inputs([long])
    with torch.no_grad():
        voice = model.get_speaker_embeddings(whole["speaker_features"], whole["speaker_attention_mask"])
        pieces = extractor(classifier.windows(long), sampling_rate=RATE, return_tensors="pt")
        logits = model(pieces["input_features"], voice.expand(3, -1), attention_mask=pieces["attention_mask"]).logits
        own = model(**pieces).logits
    wanted = logits.log_softmax(-1).mean(0).softmax(-1)
    assert np.allclose(scores(found[1]), wanted.numpy(), atol=1e-5)
    assert not np.allclose(scores(found[1]), own.log_softmax(-1).mean(0).softmax(-1).numpy(), atol=1e-4)
    assert np.allclose(scores(found[0]), scores(classifier.classify([clip(0.7)])[0]), atol=1e-5)
    # minutes are heard in pieces, of which silence tells nothing
    pieces = EmotionClassifier(model, extractor, batch_seconds=1.0).embed(
        [np.concatenate([long, np.zeros_like(long)])]
    )
    assert pieces[0].any(1).tolist() == [True, True, True, False, False]
    assert torch.allclose(mean_voice(pieces[0]), mean_voice(pieces[0][:3]))


def test_speaker_conditioned_cct_hears_the_voice_from_references(caplog):
    model, extractor = speaker_cct()
    classifier = EmotionClassifier(model, extractor)
    voice = [clip(seed=seed) for seed in (1, 2)]
    told = classifier.classify([clip(0.8), clip(0.9)], speaker_reference=voice)
    # which it was not trained for
    assert caplog.text.count("may be much worse than without them; train one on other clips' voices") == 1
    vectors = torch.cat(classifier.embed(voice))
    mean = vectors.mean(0) * vectors.norm(dim=1).mean() / vectors.mean(0).norm()
    inputs = extractor(clip(0.8), sampling_rate=RATE, return_tensors="pt")
    with torch.no_grad():
        wanted = model(inputs["input_features"], mean[None], attention_mask=inputs["attention_mask"]).logits
    assert np.allclose(scores(told[0]), wanted.softmax(-1)[0].numpy(), atol=1e-5)
