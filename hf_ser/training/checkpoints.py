"""What lies in a run's folder: which checkpoints are whole, and whether there is a run that must not be
overwritten.
"""

import json
import math
import re
import shutil
from pathlib import Path

STATE = "trainer_state.json"
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
# without these a run can be used, but not continued
_RESUME = ("optimizer.pt", "scheduler.pt")
_RUN_FILES = ("config.json", "results.json", *_WEIGHTS)


def checkpoint_folders(folder: str | Path) -> list[Path]:
    """The `checkpoint-<step>` folders of a run, oldest first, whole or not."""
    found = [
        (int(match.group(1)), path)
        for path in Path(folder).glob("checkpoint-*")
        if path.is_dir() and (match := re.fullmatch(r"checkpoint-(\d+)", path.name))
    ]
    return [path for _, path in sorted(found)]


def is_complete(checkpoint: str | Path) -> bool:
    """Whether a checkpoint was written to its end and holds all that a run needs to continue exactly.

    The trainer writes its state after weights, optimizer and random state, so a checkpoint whose state can be read is
    whole.
    """
    checkpoint = Path(checkpoint)
    try:
        state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    whole = "global_step" in state and any((checkpoint / name).is_file() for name in _WEIGHTS)
    return whole and all((checkpoint / name).is_file() for name in _RESUME) and any(checkpoint.glob("rng_state*.pth"))


def last_complete_checkpoint(folder: str | Path) -> Path | None:
    """The newest whole checkpoint of a run; None if there is none."""
    return next((path for path in reversed(checkpoint_folders(folder)) if is_complete(path)), None)


def checkpoint_to_continue(folder: str, asked: str | bool | None, resume: bool) -> str | None:
    """The checkpoint that a run goes on from; None if it starts anew.

    Args:
        folder: of the run.
        asked: a checkpoint folder, or True for the last complete one of the run, which must be there.
        resume: whether to go on from the last complete one if there is one.

    Raises:
        ValueError: if what was asked for is missing or incomplete.
    """
    if isinstance(asked, str):
        if not is_complete(asked):
            raise ValueError(
                f"{asked!r} is no complete checkpoint: one that can be continued holds weights, optimizer, schedule, "
                f"random state and a readable {STATE}"
            )
        return asked
    last = last_complete_checkpoint(folder) if asked or resume else None
    if asked and last is None:
        raise ValueError(
            f"resume_from_checkpoint is True but {folder!r} holds no complete checkpoint; leave it out to start anew"
        )
    return None if last is None else str(last)


def has_ended(checkpoint: str | Path, num_train_epochs: float, max_steps: int) -> bool:
    """Whether the run that wrote a checkpoint was over by then: its last step was done, or it was stopped early.

    Args:
        checkpoint: a complete checkpoint.
        num_train_epochs: epochs asked for now; a run that is to be longer than it was goes on.
        max_steps: steps asked for now, if above 0.
    """
    state = json.loads((Path(checkpoint) / STATE).read_text(encoding="utf-8"))
    if max_steps > 0:
        return state["global_step"] >= max_steps
    control = state.get("stateful_callbacks", {}).get("TrainerControl", {}).get("args", {})
    over = state["global_step"] >= state["max_steps"] or control.get("should_training_stop", False)
    return over and math.ceil(num_train_epochs) <= state["num_train_epochs"]


def holds_a_run(folder: str | Path) -> bool:
    """Whether a folder holds checkpoints or a saved model."""
    folder = Path(folder)
    return bool(checkpoint_folders(folder)) or any((folder / name).exists() for name in _RUN_FILES)


def refuse_to_overwrite(folder: str | Path, unfinished_is_free: bool = False) -> None:
    """Raise if a folder holds a run.

    Args:
        folder: the folder.
        unfinished_is_free: whether checkpoints that a kill left broken may be written over; weights that can be used
            never.

    Raises:
        FileExistsError: naming the folder, what was found and the ways on.
    """
    if not holds_a_run(folder):
        return
    whole = [path for path in checkpoint_folders(folder) if (path / STATE).is_file()]
    models = [name for name in _RUN_FILES if (Path(folder) / name).exists()]
    if unfinished_is_free and not whole and not models:
        return
    found = sorted(path.name for path in Path(folder).iterdir())
    raise FileExistsError(
        f"output_dir {str(folder)!r} already holds a run ({', '.join(found[:5])}{', ...' if len(found) > 5 else ''}); "
        "nothing was touched. Choose another output_dir, continue that run with resume=True (--resume), "
        "or give it up with overwrite_run=True (--overwrite_run)"
    )


def discard_run(folder: str | Path) -> None:
    """Delete the checkpoints and the saved model of a run, and nothing else in its folder."""
    for checkpoint in checkpoint_folders(folder):
        shutil.rmtree(checkpoint)
    for name in _RUN_FILES:
        (Path(folder) / name).unlink(missing_ok=True)
