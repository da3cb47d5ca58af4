import subprocess
import sys

import pytest


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_import_is_light():
    code = (
        "import sys, hf_ser; heavy = {'torch', 'transformers', 'datasets', 'numpy', 'soundfile'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    result = run(code)
    assert result.returncode == 0, result.stderr


CHECK = """
config = AutoConfig.for_model("ser_cct", num_labels=3)
assert type(config).__module__.startswith("hf_ser"), type(config)
assert AutoModelForAudioClassification._model_mapping[type(config)].__name__ == "CctForAudioClassification"
assert AutoModel._model_mapping[type(config)].__name__ == "CctModel"
from transformers.models.auto.feature_extraction_auto import FEATURE_EXTRACTOR_MAPPING
assert FEATURE_EXTRACTOR_MAPPING[type(config)].__name__ == "SpectrogramFeatureExtractor"
config = AutoConfig.for_model("ser_speaker_cct")
assert AutoModelForAudioClassification._model_mapping[type(config)].__name__ == "SpeakerCctForAudioClassification"
assert AutoModel._model_mapping[type(config)].__name__ == "SpeakerCctModel"
assert FEATURE_EXTRACTOR_MAPPING[type(config)].__name__ == "SpeakerSpectrogramFeatureExtractor"
config = AutoConfig.for_model("ser_speech_encoder")
assert type(config).__module__.startswith("hf_ser"), type(config)
assert AutoModelForAudioClassification._model_mapping[type(config)].__name__ == "SpeechEncoderForAudioClassification"
assert AutoModel._model_mapping[type(config)].__name__ == "SpeechEncoderModel"
assert FEATURE_EXTRACTOR_MAPPING[type(config)].__name__ == "SpeechFeatureExtractor"
for model_type, name in (("ser_ecapa_tdnn", "EcapaTdnn"), ("ser_vgg_vox", "VggVox")):
    config = AutoConfig.for_model(model_type)
    assert AutoModel._model_mapping[type(config)].__name__ == name + "Model"
    assert FEATURE_EXTRACTOR_MAPPING[type(config)].__name__ == name + "FeatureExtractor"
"""
AUTO = "from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, AutoModelForAudioClassification"


@pytest.mark.parametrize(
    "order",
    [
        f"{AUTO}\nimport hf_ser",
        pytest.param(f"import hf_ser\n{AUTO}", marks=pytest.mark.slow),
        pytest.param(f"from hf_ser import CctForAudioClassification\n{AUTO}", marks=pytest.mark.slow),
        pytest.param(f"import hf_ser\nfrom transformers import HubertModel\n{AUTO}", marks=pytest.mark.slow),
        pytest.param(f"import transformers\nimport hf_ser\n{AUTO}", marks=pytest.mark.slow),
        pytest.param(f"from transformers import AutoConfig\nimport hf_ser\n{AUTO}", marks=pytest.mark.slow),
        pytest.param(f"import hf_ser\nfrom transformers import pipeline\n{AUTO}", marks=pytest.mark.slow),
        f"from hf_ser import SpeechEncoderConfig\n{AUTO}",
        pytest.param(f"from hf_ser import SpeechEncoderForAudioClassification\n{AUTO}", marks=pytest.mark.slow),
        pytest.param(f"from hf_ser import SpeakerCctConfig\n{AUTO}", marks=pytest.mark.slow),
        pytest.param(f"from hf_ser import SpeakerCctForAudioClassification\n{AUTO}", marks=pytest.mark.slow),
        pytest.param(
            f"from hf_ser import EcapaTdnnModel, SpeakerCctForAudioClassification\n{AUTO}", marks=pytest.mark.slow
        ),
        pytest.param(f"from hf_ser import transfer_from_cct\n{AUTO}", marks=pytest.mark.slow),
        pytest.param(f"from hf_ser import SpeakerSpectrogramFeatureExtractor\n{AUTO}", marks=pytest.mark.slow),
        pytest.param(f"from hf_ser import SpectrogramFeatureExtractor\n{AUTO}", marks=pytest.mark.slow),
    ],
)
def test_auto_classes_know_the_models_in_any_import_order(order):
    result = run(order + CHECK)
    assert result.returncode == 0, result.stderr


def test_unknown_name_lists_the_public_ones():
    import hf_ser

    with pytest.raises(AttributeError, match="load_audio"):
        hf_ser.nothing_of_that_name  # noqa: B018


def test_every_public_name_loads():
    import hf_ser

    for name in hf_ser.__all__:
        assert getattr(hf_ser, name) is not None
    assert set(hf_ser.__all__) <= set(dir(hf_ser))
