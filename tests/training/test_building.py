from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from tiny import tiny_extractor, tiny_model

from hf_ser import CctForAudioClassification, SpectrogramFeatureExtractor
from hf_ser.labels import LabelError
from hf_ser.training import ModelArguments, build_extractor, build_model
from hf_ser.training.building import needs_fitting

LABELS = ["neutral", "sad", "angry"]


@pytest.fixture
def checkpoint(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    tiny_extractor().save_pretrained(tmp_path)
    return str(tmp_path)


def test_new_model_fits_its_extractor_and_the_labels():
    arguments = ModelArguments(
        variant="cct_2_3x2_32",
        features="log_mel_delta",
        model_config='{"hidden_size": 64}',
        feature_config={"num_frames": 120},
    )
    extractor = build_extractor(arguments)
    model = build_model(arguments, LABELS, extractor, seed=0)
    assert model.config.num_channels == 3
    assert list(model.config.image_size) == [64, 120]
    assert model.config.hidden_size == 64
    assert model.config.label2id == {"neutral": 0, "sad": 1, "angry": 2}


def test_seed_decides_the_weights():
    arguments = ModelArguments(feature_config={"num_frames": 64})
    extractor = build_extractor(arguments)
    first, again, other = (build_model(arguments, LABELS, extractor, seed).classifier.weight for seed in (1, 1, 2))
    assert first.equal(again)
    assert not first.equal(other)


def test_checkpoint_brings_its_own_extractor_and_weights(checkpoint):
    arguments = ModelArguments(model_name_or_path=checkpoint)
    extractor = build_extractor(arguments)
    model = build_model(arguments, LABELS, extractor, seed=0)
    assert extractor.to_dict() == tiny_extractor().to_dict()
    assert model.classifier.weight.equal(tiny_model().classifier.weight)


def test_labels_that_disagree_are_named_and_a_new_head_is_made_only_when_asked_for(checkpoint):
    with pytest.raises(LabelError, match=r"only in the corpus: happy; only in the checkpoint: neutral"):
        build_model(ModelArguments(model_name_or_path=checkpoint), ["happy", "sad", "angry"], tiny_extractor(), 0)
    arguments = ModelArguments(model_name_or_path=checkpoint, new_head=True)
    model = build_model(arguments, ["happy", "sad", "angry", "calm"], tiny_extractor(), 0)
    assert isinstance(model, CctForAudioClassification)
    assert model.classifier.weight.shape[0] == 4
    assert list(model.config.label2id) == ["happy", "sad", "angry", "calm"]
    assert model.cct.layernorm.weight.equal(tiny_model().cct.layernorm.weight)


def test_extractor_of_open_length_needs_a_size():
    arguments = ModelArguments()
    with pytest.raises(ValueError, match="set num_frames in"):
        build_model(arguments, LABELS, build_extractor(arguments), 0)


@pytest.mark.parametrize("setting", ["{", "[1]", 3])
def test_settings_must_be_json_objects(setting):
    with pytest.raises(ValueError, match="expected a JSON object"):
        ModelArguments(model_config=setting)


def test_figures_are_fitted_only_where_they_are_missing():
    assert not needs_fitting(SpectrogramFeatureExtractor())
    assert needs_fitting(SpectrogramFeatureExtractor(normalization="band"))
    assert needs_fitting(SpectrogramFeatureExtractor(normalization="band_minmax"))
    fitted = SpectrogramFeatureExtractor(normalization="band", band_mean=[0.0] * 80, band_std=[1.0] * 80)
    assert not needs_fitting(fitted)


def test_a_checkpoint_without_its_head_is_fine_tuned_only_with_a_new_head_asked_for(checkpoint):
    weights = Path(checkpoint) / "model.safetensors"
    tensors = load_file(weights)
    del tensors["classifier.weight"]
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"missing classifier\.weight.*new_head"):
        build_model(ModelArguments(model_name_or_path=checkpoint), LABELS, tiny_extractor(), 0)
    arguments = ModelArguments(model_name_or_path=checkpoint, new_head=True)
    assert build_model(arguments, LABELS, tiny_extractor(), 0).classifier.weight.isfinite().all()
