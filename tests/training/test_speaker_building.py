"""Settings of a speaker-conditioned CCT, building one, and starting from a trained plain CCT."""

import json

import pytest
import torch
from tiny import EMOTIONS, tiny_corpus, tiny_model
from voices import CCT, FEATURES, SIZE, speaker_encoder_folder, tiny_speaker_encoder

from hf_ser import SerTrainer, SerTrainingArguments, SpeakerOverlapError, SpeakerSpectrogramFeatureExtractor
from hf_ser.training import DataArguments, ModelArguments, Recipe, build_extractor, build_model
from hf_ser.training.data_arguments import choose_folds
from hf_ser.training.run_config import parse_run

DATA = DataArguments(corpus="ravdess", data_dir="x", protocol="leave-one-speaker-out", folds="1")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return speaker_encoder_folder(tmp_path_factory.mktemp("encoder"))


def arguments(encoder, **settings):
    settings = {"model": "speaker_cct", "model_config": CCT, "feature_config": FEATURES} | settings
    return ModelArguments(speaker_encoder=encoder, **settings)


def built(given, seed=0):
    extractor = build_extractor(given)
    return build_model(given, list(EMOTIONS), extractor, seed), extractor


def test_a_model_owns_the_encoder_and_the_extractor_serves_both(encoder):
    model, extractor = built(arguments(encoder, fusion="pair", speaker_dropout=0.25, speaker_reduction_dim=3))
    config = model.config
    assert (config.fusion, config.speaker_dropout, config.speaker_reduction_dim) == ("pair", 0.25, 3)
    assert (config.speaker_embedding_dim, config.image_size) == (SIZE, [32, 96])
    assert list(config.id2label.values()) == list(EMOTIONS)
    own, given = model.speaker_encoder.state_dict(), tiny_speaker_encoder().state_dict()
    assert all(torch.equal(own[name], value) for name, value in given.items())
    assert not any(parameter.requires_grad for parameter in model.speaker_encoder.parameters())
    assert type(extractor) is SpeakerSpectrogramFeatureExtractor
    assert type(extractor.speaker_extractor).__name__ == "EcapaTdnnFeatureExtractor"
    again, _ = built(arguments(encoder, fusion="pair", speaker_dropout=0.25, speaker_reduction_dim=3))
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())
    # the variant's own fusion, and the configuration's own share, where nothing is said
    config = built(arguments(encoder, variant="speaker_vgg_cct_end_to_end_speaker_token_2_3x2_32"))[0].config
    assert (config.fusion, config.speaker_dropout) == ("speaker_token", 0.0)


@pytest.mark.parametrize("dash", "-_")
def test_flags_are_spelled_with_dashes_or_underscores(encoder, dash):
    flags = ["--corpus", "ravdess", "--output_dir", "x", "--model", "speaker_cct", "--fusion", "token"]
    flags += [f"--speaker{dash}encoder", encoder, f"--speaker{dash}dropout", "0.5", f"--transfer{dash}from", "cct"]
    model = parse_run(flags).model
    assert (model.speaker_encoder, model.fusion, model.speaker_dropout) == (encoder, "token", 0.5)
    assert build_extractor(model).own_voice is True
    model = parse_run([*flags, f"--own{dash}voice", "False"]).model
    assert build_extractor(model).own_voice is False
    assert model.transfer_from == "cct"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "speaker_cct"}, "speaker_encoder is not given; name a folder"),
        (
            {"fusion": "token"},
            r"fusion is for speaker-conditioned CCTs, but model is 'cct'; set model to 'speaker_cct'",
        ),
        (
            {"model": "speech_encoder", "encoder": "x", "transfer_from": "y"},
            "transfer_from is for speaker-conditioned",
        ),
        ({"model": "speaker_cct", "speaker_encoder": "x", "head": "statistics"}, "head is for speech encoders, but"),
        ({"model_name_or_path": "x", "fusion": "pair"}, "fusion and model_name_or_path are given"),
        (
            {"model": "speaker_cct", "speaker_encoder": "x", "fusion": "pair", "model_config": {"fusion": "token"}},
            "fusion is both a setting of the run and in model_config",
        ),
    ],
)
def test_settings_that_do_not_go_together(settings, message):
    with pytest.raises(ValueError, match=message):
        ModelArguments(**settings)


def test_only_what_concerns_a_kind_of_model_decides_its_runs(encoder):
    plain, voiced = ModelArguments().decisive(), arguments(encoder).decisive()
    assert set(voiced) - set(plain) == {
        *(
            "model",
            "speaker_encoder",
            "fusion",
            "speaker_dropout",
            "speaker_reduction_dim",
            "transfer_from",
            "own_voice",
        ),
    }
    assert "fusion" not in ModelArguments(model="speech_encoder", encoder="x").decisive()


def test_a_trained_cct_is_carried_over_with_a_report(encoder, tmp_path, capsys):
    cct = tiny_model(seed=5)
    cct.save_pretrained(tmp_path)
    model, _ = built(arguments(encoder, transfer_from=str(tmp_path)))
    source, tensors = cct.state_dict(), model.state_dict()
    table = "cct.embeddings.position_embeddings"
    assert torch.equal(tensors[table][:, 1:], source[table])
    assert all(torch.equal(tensors[name], value) for name, value in source.items() if name != table)
    said = capsys.readouterr().out
    assert f"transferred from {tmp_path}:" in said
    assert f"mapped  {table}: {source[table].shape[1]} rows, at rows 1 to" in said
    assert "fresh   cct.speaker.projections.0.weight" in said


def test_each_fold_starts_from_a_cct_that_has_not_heard_its_test_speakers(encoder, tmp_path, monkeypatch):
    corpus = tiny_corpus(tmp_path / "clips", actors=range(1, 4))
    (_, fold), *_ = choose_folds(corpus, DATA)
    heard = {"own": fold.train, "other": fold.test, "silent": None}
    for name, rows in heard.items():
        tiny_model(seed=5).save_pretrained(tmp_path / name / "fold-1")
        if rows is not None:
            said = {"train_speakers": sorted(set(corpus.select(rows)["speaker"]))}
            (tmp_path / name / "fold-1" / "results.json").write_text(json.dumps(said))

    class Reached(Exception):
        pass

    def reached(self, *args, **options):
        raise Reached

    monkeypatch.setattr(SerTrainer, "__init__", reached)

    def run(name, **settings):
        training = SerTrainingArguments(output_dir=str(tmp_path / "run"), use_cpu=True, overwrite_run=True, **settings)
        given = arguments(encoder, transfer_from=str(tmp_path / name / "fold-{fold}"))
        Recipe(DATA, given, training, corpus=corpus).run()

    for name, settings in (("own", {}), ("silent", {}), ("other", {"allow_speaker_overlap": True})):
        with pytest.raises(Reached):
            run(name, **settings)
    with pytest.raises(SpeakerOverlapError, match="trained on 1 speakers who are held out here"):
        run("other")
