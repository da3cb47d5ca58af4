import numpy as np
import pytest
import torch
from speech import tiny_speech_extractor, tiny_speech_model
from tiny import tiny_corpus, tiny_trainer

from hf_ser.training import SerTrainingArguments
from hf_ser.training.dataset import SerDataset
from hf_ser.training.freezing import Freezing
from hf_ser.training.layer_rates import set_layer_rates
from hf_ser.training.model_parts import model_parts
from hf_ser.training.sampling import LengthSampler
from hf_ser.training.spectrogram_augmentation import spectrogram_augmentation


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return tiny_corpus(tmp_path_factory.mktemp("speakers"), actors=range(1, 4))


@pytest.mark.parametrize(
    ("name", "embeddings"),
    [
        ("whisper", ("conv1", "conv2", "embed_positions")),
        ("hubert", ("feature_extractor", "feature_projection", "masked_spec_embed", "encoder.pos_conv_embed")),
    ],
)
def test_parts_of_speech_encoders(name, embeddings):
    # as deep as its convolutions are many
    model = tiny_speech_model(name)
    parts = model_parts(model)
    assert len(parts.layers) == 3
    assert all(any(key.startswith(f"encoder.{part}") for key in parts.embeddings) for part in embeddings)
    assert all(key.startswith("head.") for key in parts.head)
    assert set(parts.head) | set(parts.encoder) == {key for key, _ in model.named_parameters()}


def test_last_norm_that_is_registered_first_lies_on_top():
    parts = model_parts(
        tiny_speech_model("hubert", encoder={"do_stable_layer_norm": True, "feat_extract_norm": "layer"})
    )
    assert parts.top == ("encoder.encoder.layer_norm.weight", "encoder.encoder.layer_norm.bias")


def test_rates_fall_from_layer_to_layer():
    model = tiny_speech_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    set_layer_rates(optimizer, model, 0.5, 3.0)
    rates = {id(parameter): group["lr"] for group in optimizer.param_groups for parameter in group["params"]}
    named = {key: rates[id(parameter)] for key, parameter in model.named_parameters()}
    assert named["head.classifier.weight"] == 3.0
    assert [named[f"encoder.layers.{layer}.fc1.weight"] for layer in (2, 1, 0)] == [0.5, 0.25, 0.125]
    assert named["encoder.conv1.weight"] == 0.0625


@pytest.mark.parametrize("name", ["whisper", "hubert"])
def test_frozen_encoder_rests_while_the_head_trains(name):
    model = tiny_speech_model(name)
    freezing = Freezing(model, ["encoder"])
    freezing.enter(model, 0)
    model.train()
    freezing.settle()
    assert not any(module.training for module in model.encoder.modules())
    assert model.head.training


@pytest.mark.parametrize("name", ["whisper", "hubert"])
def test_all_layers_train_on_clips_shorter_than_a_mask(corpus, tmp_path, name):
    model = tiny_speech_model(
        name, encoder={"mask_time_prob": 0.5, "mask_time_length": 60, "apply_spec_augment": True}
    )
    masks = {"time_masks": 1, "frequency_masks": 1} if name == "whisper" else {}
    trainer = tiny_trainer(
        corpus,
        tmp_path,
        model=model,
        extractor=tiny_speech_extractor(name),
        num_train_epochs=1,
        save_strategy="no",
        eval_strategy="no",
        train_sampling_strategy="group_by_length",
        **masks,
    )
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert np.isfinite(trainer.train().training_loss)
    layer = "encoder.layers.0.fc1" if name == "whisper" else "encoder.encoder.layers.0.feed_forward.output_dense"
    assert not torch.equal(model.state_dict()[f"{layer}.weight"], before[f"{layer}.weight"])


def test_log_mels_are_masked_as_pictures_are(tmp_path):
    args = SerTrainingArguments(output_dir=str(tmp_path), time_masks=1, time_mask_share=0.5, frequency_masks=1)
    features = torch.randn(2, 40, 80, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, 40)

    def masked(extractor):
        generators = [np.random.default_rng([7, row]) for row in range(2)]
        return spectrogram_augmentation(args, extractor)(features, mask, generators)

    found = masked(tiny_speech_extractor())
    assert found.shape == features.shape
    assert not torch.equal(found, features)
    with pytest.raises(ValueError, match="the model reads waveforms"):
        masked(tiny_speech_extractor("hubert"))


def test_batches_of_like_length_hold_every_clip_once_and_pad_little(corpus):
    lengths = SerDataset(corpus, {"neutral": 0, "sad": 1, "angry": 2}).lengths()
    waves = [len(SerDataset(corpus, {"neutral": 0, "sad": 1, "angry": 2})[row]["waveform"]) for row in range(3)]
    assert lengths[:3] == [round(wave / 16) for wave in waves]
    epoch = [0]
    sampler = LengthSampler(lengths, 4, 3, lambda: epoch[0])
    order = list(sampler)
    assert sorted(order) == list(range(len(lengths)))
    assert order == list(sampler)
    epoch[0] = 1
    assert order != list(sampler)

    def padding(order):
        batches = [[lengths[row] for row in order[at : at + 4]] for at in range(0, len(order), 4)]
        return sum(len(batch) * max(batch) for batch in batches) / sum(lengths) - 1

    assert padding(order) < 0.25 * padding(np.random.default_rng(0).permutation(len(lengths)).tolist())
    with pytest.raises(ValueError, match="expected 1 or more"):
        LengthSampler([], 4, 0, lambda: 0)
