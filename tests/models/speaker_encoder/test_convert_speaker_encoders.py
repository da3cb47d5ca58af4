"""Converters: every tensor under its new name, any difference named."""

import pytest
import torch
from reference_speaker_encoders import (
    ecapa_config,
    ecapa_reference,
    keras_arrays,
    speechbrain_weights,
    vgg_config,
    vgg_reference,
)
from safetensors.torch import save_file
from speaker_encoder_files import write_ckpt, write_h5

from hf_ser import (
    EcapaTdnnFeatureExtractor,
    VggVoxFeatureExtractor,
    convert_ecapa_tdnn_checkpoint,
    convert_vgg_vox_checkpoint,
    load_speaker_encoder,
)
from hf_ser.models.loading_report import CheckpointError


@pytest.mark.parametrize("kind", ["ckpt", "folder", "half_safetensors"])
@torch.no_grad()
def test_ecapa_from_every_kind_of_file(kind, tmp_path):
    config = ecapa_config()
    source = write_ckpt(tmp_path / "embedding_model.ckpt", config)
    if kind == "folder":
        source = tmp_path
    elif kind == "half_safetensors":
        source = tmp_path / "speaker.safetensors"
        save_file(
            {name: value.half() if value.ndim else value for name, value in speechbrain_weights(config).items()},
            source,
        )
    done = convert_ecapa_tdnn_checkpoint(source, tmp_path / "out", config=config)
    assert done.mapped.keys() == speechbrain_weights(config).keys()
    assert done.mapped["blocks.1.res2net_block.blocks.0.conv.conv.weight"] == "layers.0.res2net.layers.0.conv.weight"
    model, extractor = load_speaker_encoder(done.folder)
    assert isinstance(extractor, EcapaTdnnFeatureExtractor)
    assert extractor.num_mel_bins == 6
    assert model.dtype == torch.float32
    assert not model.training
    frames = torch.randn(30, 6, generator=torch.Generator().manual_seed(0))
    expected = ecapa_reference(speechbrain_weights(config), config, frames)
    tolerance = 1e-2 if kind == "half_safetensors" else 1e-5
    torch.testing.assert_close(model(frames[None]).embeddings[0], expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w.pop("mfa.conv.conv.bias"), r"missing: mfa\.conv\.conv\.bias"),
        (lambda w: w.update({"classifier.weight": torch.zeros(2)}), r"unexpected: classifier\.weight"),
        (lambda w: w.update({"fc.conv.bias": torch.zeros(8)}), r"fc\.conv\.bias \(8,\), expected \(7,\).*config="),
        (lambda w: w.update({"epoch": 3}), "expected a state dict"),
    ],
)
def test_ecapa_that_differs_is_refused_by_name(change, said, tmp_path):
    source = write_ckpt(tmp_path / "embedding_model.ckpt", ecapa_config(), change)
    with pytest.raises(CheckpointError, match=said):
        convert_ecapa_tdnn_checkpoint(source, tmp_path / "out", config=ecapa_config())
    assert not (tmp_path / "out").exists()


class _Code:
    def __reduce__(self):
        return print, ("this must not run",)


def test_nothing_in_a_ckpt_is_run(tmp_path, capsys):
    torch.save({"blocks": _Code()}, tmp_path / "embedding_model.ckpt")
    with pytest.raises(CheckpointError, match="tensors only"):
        convert_ecapa_tdnn_checkpoint(tmp_path, tmp_path / "out")
    assert "must not run" not in capsys.readouterr().out


def test_wrong_places_are_named(tmp_path):
    (tmp_path / "hyperparams.yaml").write_text("")
    with pytest.raises(FileNotFoundError, match=r"embedding_model\.ckpt in it; it holds hyperparams\.yaml"):
        convert_ecapa_tdnn_checkpoint(tmp_path, tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="expected a file or folder"):
        convert_ecapa_tdnn_checkpoint(tmp_path / "nowhere" / "at" / "all", tmp_path / "out")
    with pytest.raises(FileExistsError, match="empty or new"):
        convert_ecapa_tdnn_checkpoint(tmp_path, tmp_path)
    with pytest.raises(FileNotFoundError, match=r"\.h5"):
        convert_vgg_vox_checkpoint(tmp_path / "weights.h5", tmp_path / "out")


@pytest.mark.parametrize(("root", "nested"), [("", True), ("", False), ("model_weights/", True)])
@torch.no_grad()
def test_vgg_vox_from_every_layout_of_keras(root, nested, tmp_path):
    source = write_h5(tmp_path / "weights.h5", root=root, nested=nested)
    done = convert_vgg_vox_checkpoint(source, tmp_path / "out", config=vgg_config())
    assert done.mapped.keys() == keras_arrays(vgg_config()).keys()
    model, extractor = load_speaker_encoder(done.folder)
    assert isinstance(extractor, VggVoxFeatureExtractor)
    frames = torch.randn(200, 512, generator=torch.Generator().manual_seed(0))
    expected = vgg_reference(keras_arrays(vgg_config()), frames)
    torch.testing.assert_close(model(frames[None]).embeddings[0], expected, rtol=0, atol=1e-5)


def test_vgg_vox_that_differs_is_refused_by_name(tmp_path):
    def change(arrays):
        del arrays["bn3/gamma"]
        arrays["fc9/kernel"] = arrays["fc8/bias"]
        arrays["fc8/bias"] = arrays["fc8/bias"][:-1]

    source = write_h5(tmp_path / "weights.h5", change=change)
    said = r"missing: bn3/gamma; unexpected: fc9/kernel; of another shape: fc8/bias \(4,\), expected \(5,\)"
    with pytest.raises(CheckpointError, match=said):
        convert_vgg_vox_checkpoint(source, tmp_path / "out", config=vgg_config())
    source.write_bytes(source.read_bytes()[:300])
    with pytest.raises(CheckpointError, match="whole HDF5 file"):
        convert_vgg_vox_checkpoint(source, tmp_path / "out")
