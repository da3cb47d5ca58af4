import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

from hf_ser import CctConfig, CctForAudioClassification, SpectrogramFeatureExtractor
from hf_ser.hub import save_compact


@pytest.fixture
def model():
    torch.manual_seed(0)
    config = CctConfig.from_variant("cct_2_3x2_32", num_channels=1, image_size=[80, 96], num_labels=3)
    return CctForAudioClassification(config).eval()


def test_file_is_half_the_size_and_loads_in_single_precision(model, tmp_path):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    save_compact(model, SpectrogramFeatureExtractor(num_frames=96), tmp_path / "small")
    stored = load_file(tmp_path / "small" / "model.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.float16}
    loaded = AutoModelForAudioClassification.from_pretrained(tmp_path / "small").eval()
    assert {value.dtype for value in loaded.state_dict().values()} == {torch.float32}
    assert all(torch.equal(value, stored[name].float()) for name, value in loaded.state_dict().items())
    features = torch.randn(2, 1, 80, 96)
    assert torch.allclose(loaded(features).logits, model(features).logits, atol=5e-3)
    assert AutoFeatureExtractor.from_pretrained(tmp_path / "small").num_frames == 96
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_folder_that_holds_something_is_left_alone(model, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="not empty, nothing was written"):
        save_compact(model, SpectrogramFeatureExtractor(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_weight_beyond_half_precision_is_refused(model, tmp_path):
    model.classifier.bias.data[0] = 1e6
    with pytest.raises(ValueError, match=r"'classifier.bias' holds values beyond 65504"):
        save_compact(model, SpectrogramFeatureExtractor(), tmp_path / "small")
