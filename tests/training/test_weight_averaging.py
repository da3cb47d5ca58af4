"""The average of the weights over the last part of a run."""

import pytest
import torch
from tiny import StopAt, same_weights, tiny_corpus, tiny_model, tiny_trainer
from transformers import AutoModelForAudioClassification, TrainerCallback

from hf_ser import SerTrainingArguments

SETTINGS = {
    "num_train_epochs": 4,
    "eval_strategy": "no",
    "save_strategy": "steps",
    "save_steps": 3,
    "save_total_limit": None,
}


class Weights(TrainerCallback):
    """Keeps the weights after every step."""

    def __init__(self):
        self.steps = []

    def on_step_end(self, args, state, control, **kwargs):
        self.steps.append({name: value.clone() for name, value in kwargs["model"].state_dict().items()})


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return tiny_corpus(tmp_path_factory.mktemp("speakers"))


@pytest.fixture(scope="module")
def whole(corpus, tmp_path_factory):
    """A run left alone, and its weights after every step."""
    watch = Weights()
    folder = tmp_path_factory.mktemp("whole")
    trainer = tiny_trainer(corpus, folder, callbacks=[watch], average_weights_from=0.5, **SETTINGS)
    trainer.train()
    return trainer, watch.steps


def test_a_run_ends_with_the_mean_of_its_second_half(whole):
    trainer, steps = whole
    late = steps[len(steps) // 2 :]
    assert len(late) > 2
    for name, value in trainer.model.state_dict().items():
        if value.is_floating_point():
            expected = torch.stack([step[name] for step in late]).mean(0)
            torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)
    assert not same_weights(trainer.model, tiny_model())


def test_what_is_saved_at_the_end_is_the_average_and_checkpoints_are_the_run_s_own(whole, tmp_path):
    trainer, steps = whole
    trainer.save_model(str(tmp_path))
    saved = AutoModelForAudioClassification.from_pretrained(str(tmp_path))
    assert same_weights(saved, trainer.model)
    assert "average.safetensors" not in {path.name for path in tmp_path.iterdir()}
    checkpoint = AutoModelForAudioClassification.from_pretrained(f"{trainer.args.output_dir}/checkpoint-6")
    assert all(torch.equal(value, steps[5][name]) for name, value in checkpoint.state_dict().items())


@pytest.mark.parametrize("step", [4, 10])
def test_interrupted_run_ends_with_the_average_of_one_left_alone(whole, corpus, tmp_path, step):
    settings = SETTINGS | {"average_weights_from": 0.5}
    with pytest.raises(StopAt.Interrupted):
        tiny_trainer(corpus, tmp_path, callbacks=[StopAt(step)], **settings).train()
    continued = tiny_trainer(corpus, tmp_path, model=tiny_model(seed=9), resume=True, **settings)
    continued.train()
    assert same_weights(whole[0].model, continued.model)


def test_a_run_that_is_over_gives_its_average_again(whole, corpus):
    trainer, _ = whole
    settings = SETTINGS | {"average_weights_from": 0.5}
    again = tiny_trainer(corpus, trainer.args.output_dir, model=tiny_model(seed=9), resume=True, **settings)
    again.train()
    assert same_weights(trainer.model, again.model)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"average_weights_from": 1.0}, r"average_weights_from is 1.0, expected a share in \[0, 1\)"),
        ({"average_weights_from": 0.5}, "set load_best_model_at_end to False"),
    ],
)
def test_settings_that_cannot_be_followed_are_refused(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        SerTrainingArguments(output_dir=str(tmp_path), **settings)
