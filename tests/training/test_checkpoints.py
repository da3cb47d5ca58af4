import json

import pytest

from hf_ser.training.checkpoints import (
    discard_run,
    has_ended,
    holds_a_run,
    is_complete,
    last_complete_checkpoint,
    refuse_to_overwrite,
)


def make_checkpoint(folder, step, state='{"global_step": 1}', weights=True, optimizer=True):
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    if weights:
        (checkpoint / "model.safetensors").write_bytes(b"x")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth") if optimizer else ():
        (checkpoint / name).write_bytes(b"x")
    if state is not None:
        (checkpoint / "trainer_state.json").write_text(state)
    return checkpoint


def test_newest_complete_checkpoint_is_found_past_broken_ones(tmp_path):
    make_checkpoint(tmp_path, 9)
    whole = make_checkpoint(tmp_path, 10)
    make_checkpoint(tmp_path, 11, state=None)
    make_checkpoint(tmp_path, 12, state='{"global_st')
    make_checkpoint(tmp_path, 13, weights=False)
    make_checkpoint(tmp_path, 14, optimizer=False)
    (tmp_path / "checkpoint-best").mkdir()
    assert last_complete_checkpoint(tmp_path) == whole


def test_folder_without_checkpoints_has_none(tmp_path):
    assert last_complete_checkpoint(tmp_path) is None
    assert last_complete_checkpoint(tmp_path / "missing") is None
    assert not is_complete(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "results.json"])
def test_saved_model_counts_as_a_run(tmp_path, name):
    assert not holds_a_run(tmp_path)
    (tmp_path / name).write_text(json.dumps({}))
    assert holds_a_run(tmp_path)


def test_run_is_not_overwritten_and_the_message_names_the_ways_on(tmp_path):
    make_checkpoint(tmp_path, 1)
    with pytest.raises(FileExistsError, match=r"checkpoint-1.*resume=True.*overwrite_run=True") as error:
        refuse_to_overwrite(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_discarding_a_run_leaves_what_is_not_of_the_run(tmp_path):
    make_checkpoint(tmp_path, 1)
    (tmp_path / "model.safetensors").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "checkpoint-best").mkdir()
    discard_run(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-best", "notes.txt"]
    refuse_to_overwrite(tmp_path)


def test_only_what_a_kill_left_broken_may_be_written_over(tmp_path):
    make_checkpoint(tmp_path, 1, state=None)
    refuse_to_overwrite(tmp_path, unfinished_is_free=True)
    make_checkpoint(tmp_path, 2, optimizer=False)
    with pytest.raises(FileExistsError):
        refuse_to_overwrite(tmp_path, unfinished_is_free=True)


@pytest.mark.parametrize(
    ("state", "epochs", "max_steps", "over"),
    [
        ({"global_step": 9, "max_steps": 10}, 2, -1, False),
        ({"global_step": 10, "max_steps": 10}, 2, -1, True),
        ({"global_step": 10, "max_steps": 10}, 3, -1, False),
        ({"global_step": 10, "max_steps": 10}, 9, 10, True),
        ({"global_step": 10, "max_steps": 10}, 9, 11, False),
        ({"global_step": 4, "max_steps": 10, "stop": True}, 2, -1, True),
        ({"global_step": 4, "max_steps": 10, "stop": False}, 2, -1, False),
    ],
)
def test_run_that_is_over_is_known(tmp_path, state, epochs, max_steps, over):
    control = {"TrainerControl": {"args": {"should_training_stop": state.pop("stop", False)}}}
    text = json.dumps(state | {"num_train_epochs": 2, "stateful_callbacks": control})
    assert has_ended(make_checkpoint(tmp_path, 1, state=text), epochs, max_steps) is over
