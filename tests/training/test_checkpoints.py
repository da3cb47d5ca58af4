import json

import pytest

from hf_ser.training.checkpoints import (
    discard_run,
    holds_a_run,
    is_complete,
    last_complete_checkpoint,
    refuse_to_overwrite,
)


def make_checkpoint(folder, step, state='{"global_step": 1}', weights=True):
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    if weights:
        (checkpoint / "model.safetensors").write_bytes(b"x")
    if state is not None:
        (checkpoint / "trainer_state.json").write_text(state)
    return checkpoint


def test_newest_complete_checkpoint_is_found_past_broken_ones(tmp_path):
    make_checkpoint(tmp_path, 9)
    whole = make_checkpoint(tmp_path, 10)
    make_checkpoint(tmp_path, 11, state=None)
    make_checkpoint(tmp_path, 12, state='{"global_st')
    make_checkpoint(tmp_path, 13, weights=False)
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
