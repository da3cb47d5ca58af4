import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (
    AutoFeatureExtractor,
    AutoModel,
    AutoModelForAudioClassification,
    Data2VecAudioConfig,
    HubertConfig,
    UniSpeechSatConfig,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    WavLMConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    pipeline,
)

import hf_ser
from hf_ser.models.loading_report import CheckpointError

TINY = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "conv_dim": (8, 8),
    "conv_kernel": (10, 4),
    "conv_stride": (5, 4),
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 12,
    "initializer_range": 0.5,
}
LAYER_NORM = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}
EMOTIONS = ["angry", "happy", "sad"]
NAMES = {"id2label": dict(enumerate(EMOTIONS)), "label2id": {name: i for i, name in enumerate(EMOTIONS)}}
CLIP = np.random.default_rng(0).normal(scale=0.1, size=4000).astype(np.float32)


def draw(shape, generator):
    return torch.randn(*shape, generator=generator) / 2


def community(folder, config, output, outputs=3, **fields):
    """A checkpoint as soxan or audEERING saves it, and its logits: pooled, dropout, dense, tanh, dropout, output."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    encoder = AutoModel.from_config(config).eval()
    head = {
        "classifier.dense.weight": draw((16, 16), generator),
        "classifier.dense.bias": draw((16,), generator),
        f"classifier.{output}.weight": draw((outputs, 16), generator),
        f"classifier.{output}.bias": draw((outputs,), generator),
    }
    encoder.save_pretrained(folder)
    prefix = f"{encoder.base_model_prefix}."
    weights = {prefix + name: value for name, value in load_file(folder / "model.safetensors").items()}
    save_file({**weights, **head}, folder / "model.safetensors", metadata={"format": "pt"})
    stored = json.loads((folder / "config.json").read_text())
    stored |= {"architectures": ["Wav2Vec2ForSpeechClassification"], **fields}
    (folder / "config.json").write_text(json.dumps(stored))
    extractor = Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True)
    extractor.save_pretrained(folder)
    with torch.no_grad():
        hidden = encoder(extractor(CLIP, sampling_rate=16000, return_tensors="pt").input_values).last_hidden_state
        mode = fields.get("pooling_mode", "mean")
        pooled = hidden.max(dim=1)[0] if mode == "max" else getattr(hidden, mode)(dim=1)
        pooled = torch.tanh(nn.functional.linear(pooled, *list(head.values())[:2]))
        return nn.functional.linear(pooled, *list(head.values())[2:])


def converted_logits(folder):
    """The converted folder's answer to the clip, alone and in a batch with a longer one."""
    model = hf_ser.from_pretrained_strict(folder)
    extractor = AutoFeatureExtractor.from_pretrained(folder)
    assert type(model) is hf_ser.SpeechEncoderForAudioClassification
    with torch.no_grad():
        alone = model(**extractor(CLIP, sampling_rate=16000, return_tensors="pt")).logits
        both = model(**extractor([CLIP, np.tile(CLIP, 2)], sampling_rate=16000, return_tensors="pt")).logits
    torch.testing.assert_close(both[:1], alone, rtol=0, atol=1e-4)
    return alone


def assert_same(given, expected):
    torch.testing.assert_close(given, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("output", ["output", "out_proj"])
@pytest.mark.parametrize(
    ("config", "pooling"),
    [
        (HubertConfig(**TINY, **NAMES), "mean"),
        (Wav2Vec2Config(**TINY, **LAYER_NORM, **NAMES), "sum"),
        (Wav2Vec2Config(**TINY, **NAMES), "max"),
    ],
)
def test_community_heads_give_the_same_logits(tmp_path, output, config, pooling):
    expected = community(tmp_path / "in", config, output, pooling_mode=pooling)
    report = hf_ser.convert_head_checkpoint(tmp_path / "in", tmp_path / "out")
    assert_same(converted_logits(tmp_path / "out"), expected)
    model = hf_ser.from_pretrained_strict(tmp_path / "out")
    assert [model.config.id2label[index] for index in range(3)] == EMOTIONS
    assert report.layout == f"classifier.dense / classifier.{output}"
    assert report.mapped[f"classifier.{output}.bias"] == "head.classifier.bias"
    assert set(report.mapped) == set(load_file(tmp_path / "in" / "model.safetensors"))
    assert not report.dropped
    assert {file.suffix for file in (tmp_path / "out").iterdir()} == {".json", ".safetensors"}


def test_dimensional_head_becomes_a_regression(tmp_path):
    names = ["arousal", "dominance", "valence"]
    config = Wav2Vec2Config(**TINY, **LAYER_NORM, id2label=dict(enumerate(names)))
    expected = community(tmp_path / "in", config, "out_proj")
    report = hf_ser.convert_head_checkpoint(tmp_path / "in", tmp_path / "out")
    assert_same(converted_logits(tmp_path / "out"), expected)
    model = hf_ser.from_pretrained_strict(tmp_path / "out")
    assert model.config.problem_type == "regression"
    assert list(model.config.id2label.values()) == names
    assert any("regression" in note for note in report.notes)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "config",
    [
        Wav2Vec2Config(**TINY, **LAYER_NORM),
        HubertConfig(**TINY),
        WavLMConfig(**TINY),
        UniSpeechSatConfig(**TINY),
        Data2VecAudioConfig(**{**TINY, "num_conv_pos_embeddings": 2, "conv_pos_kernel_size": 3}),
    ],
    ids=lambda config: config.model_type,
)
def test_stock_classifiers_give_the_same_logits(tmp_path, config, weighted):
    expected = stock(tmp_path / "in", config, weighted, Wav2Vec2FeatureExtractor())
    report = hf_ser.convert_head_checkpoint(tmp_path / "in", tmp_path / "out")
    assert_same(converted_logits(tmp_path / "out"), expected)
    assert report.layout == "projector / classifier"
    assert ("layer_weights" in report.mapped) == weighted
    stable = weighted and getattr(config, "do_stable_layer_norm", False)
    assert any("after the encoder's final norm" in note for note in report.notes) == stable


def stock(folder, config, weighted, extractor):
    torch.manual_seed(0)
    config = type(config)(**{**config.to_dict(), **NAMES, "use_weighted_layer_sum": weighted, "architectures": None})
    model = AutoModelForAudioClassification.from_config(config).eval()
    if weighted:
        nn.init.normal_(model.layer_weights)
    model.save_pretrained(folder)
    extractor.save_pretrained(folder)
    with torch.no_grad():
        inputs = features(extractor)
        if not (weighted and getattr(config, "do_stable_layer_norm", False)):
            return model(inputs).logits
        # transformers 4, which such checkpoints were trained with, took the last state after the final norm
        outputs = model.base_model(inputs, output_hidden_states=True)
        states = torch.stack([*outputs.hidden_states[:-1], outputs.last_hidden_state])
        summed = torch.einsum("s,sbtf->btf", model.layer_weights.softmax(dim=0), states)
        return model.classifier(model.projector(summed).mean(dim=1))


def features(extractor):
    return extractor(CLIP, sampling_rate=16000, return_tensors="pt")[extractor.model_input_names[0]]


@pytest.mark.parametrize("weighted", [False, True])
def test_whisper_classifier_gives_the_same_logits_on_its_30_seconds(tmp_path, weighted):
    config = WhisperConfig(
        d_model=16,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=24,
        classifier_proj_size=12,
        init_std=0.5,
    )
    expected = stock(tmp_path / "in", config, weighted, WhisperFeatureExtractor())
    report = hf_ser.convert_head_checkpoint(tmp_path / "in", tmp_path / "out")
    model = hf_ser.from_pretrained_strict(tmp_path / "out")
    extractor = AutoFeatureExtractor.from_pretrained(tmp_path / "out")
    # the stock extractor adds silence up to 30 s, and the stock model takes its mean over all of it
    padded = np.pad(CLIP, (0, 30 * 16000 - len(CLIP)))
    with torch.no_grad():
        assert_same(model(**extractor(padded, sampling_rate=16000, return_tensors="pt")).logits, expected)
    assert any("silence added up to 30 s" in note for note in report.notes)


class System002(nn.Module):
    """HuBERT, unmasked mean, Linear, tanh, Linear, and a GRU that is never called."""

    def __init__(self):
        super().__init__()
        self.hubert = AutoModel.from_config(HubertConfig(**TINY))
        self.recurent_layer = nn.GRU(16, 16)
        self.projector = nn.Linear(16, 12)
        self.classifier = nn.Linear(12, 6)

    def forward(self, values):
        return self.classifier(torch.tanh(self.projector(self.hubert(values).last_hidden_state.mean(dim=1))))


def test_system_002_is_read_from_its_state_dict_and_its_dead_layer_left_out(tmp_path):
    torch.manual_seed(0)
    original = System002().eval()
    torch.save({"state_dict": original.state_dict()}, tmp_path / "best.pt")
    labels = ["anger", "fear", "happiness", "neutral", "sadness", "surprise"]
    with pytest.raises(FileNotFoundError, match="pass config="):
        hf_ser.convert_head_checkpoint(tmp_path / "best.pt", tmp_path / "out")
    with pytest.raises(ValueError, match=r"a head of 6 outputs.*pass labels="):
        hf_ser.convert_head_checkpoint(tmp_path / "best.pt", tmp_path / "out", config=HubertConfig(**TINY))
    report = hf_ser.convert_head_checkpoint(
        tmp_path / "best.pt", tmp_path / "out", config=HubertConfig(**TINY), labels=labels
    )
    with torch.no_grad():
        expected = original(features(Wav2Vec2FeatureExtractor()))
    assert_same(converted_logits(tmp_path / "out"), expected)
    assert {name.split(".")[0] for name in report.dropped} == {"recurent_layer"}
    assert "never calls" in report.dropped["recurent_layer.weight_hh_l0"]
    assert any("read as tensors only" in note for note in report.notes)
    assert any("no preprocessor_config.json" in note for note in report.notes)


@pytest.fixture
def checkpoint(tmp_path):
    community(tmp_path / "in", HubertConfig(**TINY, **NAMES), "out_proj")
    return tmp_path / "in"


def rewrite(folder, change):
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def test_what_is_left_over_is_named_and_dropped_only_when_asked_for(checkpoint, tmp_path):
    rewrite(checkpoint, lambda tensors: tensors.update({"speaker_layer.weight": torch.ones(2)}))
    with pytest.raises(CheckpointError, match=r"unexpected: speaker_layer\.weight.*drop="):
        hf_ser.convert_head_checkpoint(checkpoint, tmp_path / "out")
    report = hf_ser.convert_head_checkpoint(checkpoint, tmp_path / "out", drop=("speaker_layer.",))
    assert report.dropped == {"speaker_layer.weight": "asked for"}


def test_a_missing_tensor_of_the_encoder_is_named(checkpoint, tmp_path):
    rewrite(checkpoint, lambda tensors: tensors.pop("hubert.encoder.layers.1.attention.k_proj.bias"))
    with pytest.raises(CheckpointError, match=r"missing or of another shape: hubert\.encoder\.layers\.1"):
        hf_ser.convert_head_checkpoint(checkpoint, tmp_path / "out")


def test_an_unknown_head_is_described(checkpoint, tmp_path):
    rewrite(checkpoint, lambda tensors: tensors.update({"fc.weight": tensors.pop("classifier.dense.weight")}))
    with pytest.raises(CheckpointError, match=r"classifier\.dense\.bias.*fc\.weight.*expected two linear layers"):
        hf_ser.convert_head_checkpoint(checkpoint, tmp_path / "out")


def test_wrong_places_and_settings_are_refused(checkpoint, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(FileExistsError, match="full"):
        hf_ser.convert_head_checkpoint(checkpoint, tmp_path / "full")
    with pytest.raises(ValueError, match="activation='relu'"):
        hf_ser.convert_head_checkpoint(checkpoint, tmp_path / "out", activation="relu")
    (checkpoint / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="damaged"):
        hf_ser.convert_head_checkpoint(checkpoint, tmp_path / "out")
    (checkpoint / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="expected model"):
        hf_ser.convert_head_checkpoint(checkpoint, tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        hf_ser.convert_head_checkpoint("no such folder", tmp_path / "out")


def test_files_that_would_run_code_are_refused(tmp_path):
    HubertConfig(**TINY).save_pretrained(tmp_path)
    torch.save(nn.Linear(2, 2), tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="which could run code"):
        hf_ser.convert_head_checkpoint(tmp_path, tmp_path / "out")


def test_the_converted_model_is_refused_by_auto_classes_and_pipeline_without_its_head(checkpoint, tmp_path):
    out = tmp_path / "out"
    hf_ser.convert_head_checkpoint(checkpoint, out)
    assert {row["label"] for row in pipeline("audio-classification", model=str(out))(CLIP)} == set(EMOTIONS)
    rewrite(out, lambda tensors: tensors.pop("head.classifier.weight"))
    with pytest.raises(CheckpointError, match=r"missing head\.classifier\.weight"):
        AutoModelForAudioClassification.from_pretrained(out)
    with pytest.raises(ValueError, match=r"missing head\.classifier\.weight"):
        pipeline("audio-classification", model=str(out))


def test_the_example_converts_and_says_what_it_did(checkpoint, tmp_path, monkeypatch, capsys):
    script = Path(__file__).parents[3] / "examples" / "convert_head_checkpoint.py"
    main = runpy.run_path(str(script))["main"]
    monkeypatch.setattr(sys, "argv", ["convert", str(checkpoint), str(tmp_path / "out")])
    main()
    said = capsys.readouterr().out
    assert "classifier.dense / classifier.out_proj" in said
    assert "from_pretrained_strict" in said
    with pytest.raises(SystemExit, match="error: got output folder"):
        main()
