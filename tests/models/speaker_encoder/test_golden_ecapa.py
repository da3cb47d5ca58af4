"""ECAPA-TDNN with SpeechBrain's real weights on real clips gives the stored figures."""

import itertools
import json
import os
from pathlib import Path

import pytest
import torch

from hf_ser import convert_ecapa_tdnn_checkpoint, embed_speakers, load_audio, load_speaker_encoder
from hf_ser.features.feature_extraction_ecapa import EcapaTdnnFeatureExtractor

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "ecapa.json").read_text(encoding="utf-8"))
COSINES = GOLDEN.pop("cosines")


@pytest.fixture(scope="module")
def golden_clips(recordings):
    return [load_audio(recordings / "ravdess" / f"{name}.flac", 16000) for name in GOLDEN]


@pytest.mark.recordings
def test_filter_banks(golden_clips):
    extractor = EcapaTdnnFeatureExtractor()
    for clip, golden in zip(golden_clips, GOLDEN.values(), strict=True):
        figures = golden["fbank"]
        features = extractor(clip, sampling_rate=16000, return_tensors="pt")["input_features"]
        assert list(features.shape) == figures["shape"]
        # stored before the mean of each band was subtracted: differences of two frames do not know it
        expected = torch.tensor(figures["frame100_first8"]) - torch.tensor(figures["first_frame_first8"])
        torch.testing.assert_close(features[0, 100, :8] - features[0, 0, :8], expected, rtol=0, atol=1e-3)


@pytest.mark.recordings
@torch.no_grad()
def test_embeddings(golden_clips, tmp_path):
    folder = os.environ.get("HF_SER_WEIGHTS")
    if not folder:
        pytest.skip("set HF_SER_WEIGHTS to a folder that holds ecapa-tdnn-voxceleb/, SpeechBrain's weights")
    convert_ecapa_tdnn_checkpoint(Path(folder) / "ecapa-tdnn-voxceleb", tmp_path / "ecapa")
    model, extractor = load_speaker_encoder(tmp_path / "ecapa")
    found = embed_speakers(model, *extractor(golden_clips, sampling_rate=16000, return_tensors="pt").values())
    expected = torch.tensor([golden["embedding"] for golden in GOLDEN.values()])
    assert torch.cosine_similarity(found, expected).min() > 0.99999
    pairs = itertools.islice(itertools.combinations(found, 2), 2)
    for (one, other), stored in zip(pairs, COSINES.values(), strict=True):
        assert torch.cosine_similarity(one, other, dim=0).item() == pytest.approx(stored, abs=1e-4)
