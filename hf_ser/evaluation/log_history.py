"""What the Trainer logged, read back for training curves."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

LogLines: TypeAlias = Sequence[Mapping[str, Any]]
LogHistory: TypeAlias = LogLines | str | os.PathLike[str] | Mapping[str, LogLines | str | os.PathLike[str]]

Curves: TypeAlias = dict[str, tuple[list[float], list[float]]]

_STEP_OF = "checkpoint-"


def read_log_history(history: LogHistory) -> dict[str, Curves]:
    """Read training curves.

    Args:
        history: transformers' `trainer.state.log_history`, a list of dicts; or the path of a trainer_state.json, or of
            a folder that holds one, itself or in its latest checkpoint; or several of these by name (folds, seeds).

    Returns:
        For each run, what was logged by name ("loss", "eval_loss", "eval_ua", ...): (epochs, values), only of numbers,
        and of names logged with an epoch. The name of a single run is "".

    Raises:
        FileNotFoundError: No such file, or no trainer_state.json in the folder.
        ValueError: A file that is no trainer state, lines that are no dicts, or no run.
    """
    if isinstance(history, Mapping):
        if not history:
            raise ValueError("log_history: got no runs, expected at least one")
        return {str(name): _curves(_lines(run)) for name, run in history.items()}
    return {"": _curves(_lines(history))}


def _lines(run: LogLines | str | os.PathLike[str]) -> LogLines:
    if isinstance(run, str | os.PathLike):
        path = _state_file(Path(run))
        try:
            found = json.loads(path.read_text(encoding="utf-8"))["log_history"]
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: no trainer state with a log_history ({error!r})") from error
    else:
        found = run
    if not isinstance(found, Sequence) or not all(isinstance(line, Mapping) for line in found):
        raise ValueError(
            f"log_history: got {type(found).__name__}, expected a list of dicts as trainer.state.log_history"
        )
    return found


def _state_file(path: Path) -> Path:
    """The trainer_state.json that a path means."""
    if not path.is_dir():
        return path
    own = path / "trainer_state.json"
    if own.exists():
        return own
    states = [state for state in path.glob(f"{_STEP_OF}*/trainer_state.json") if _step(state) >= 0]
    if not states:
        raise FileNotFoundError(f"{path}: no trainer_state.json here or in a {_STEP_OF}* folder; pass its path")
    return max(states, key=_step)


def _step(state: Path) -> int:
    number = state.parent.name.removeprefix(_STEP_OF)
    return int(number) if number.isdecimal() else -1


def _curves(lines: LogLines) -> Curves:
    curves: Curves = {}
    for line in lines:
        epoch = line.get("epoch")
        if not isinstance(epoch, int | float):
            continue
        for name, value in line.items():
            if name not in ("epoch", "step") and isinstance(value, int | float) and not isinstance(value, bool):
                epochs, values = curves.setdefault(name, ([], []))
                epochs.append(float(epoch))
                values.append(float(value))
    return curves


__all__ = ["Curves", "LogHistory", "read_log_history"]
