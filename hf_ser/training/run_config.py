"""The settings of a run from one JSON file or mapping, and flags or keywords that win over it."""

import argparse
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from transformers import HfArgumentParser

from .arguments import SerTrainingArguments
from .building import ModelArguments
from .data_arguments import DataArguments
from .teaching import DistillationArguments

RUN_SETTINGS = (DataArguments, ModelArguments, SerTrainingArguments, DistillationArguments)


class RunConfig(NamedTuple):
    """All settings of a run: which recordings and folds, which model, how to train, and whether a teacher helps."""

    data: DataArguments
    model: ModelArguments
    training: SerTrainingArguments
    distillation: DistillationArguments


class _Parser(HfArgumentParser):
    """Flags from the fields of the settings' classes; a mistake is an error that Python code can catch."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; --help lists all settings")


def read_config(config: str | os.PathLike | Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a JSON file, or a copy of the mapping.

    Raises:
        ValueError: if the file cannot be found or read, or holds anything but one JSON object.
    """
    if isinstance(config, Mapping):
        return dict(config)
    path = Path(config)
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"config {str(path)!r} cannot be read ({error.strerror}); pass a JSON file") from error
    except ValueError as error:
        raise ValueError(f"config {str(path)!r} is not JSON ({error}); compare it with examples/configs") from error
    if not isinstance(settings, dict):
        raise ValueError(f"config {str(path)!r} holds a {type(settings).__name__}, expected one object of settings")
    return settings


def parse_run(arguments: Sequence[str], prog: str | None = None) -> RunConfig:
    """Read a command line: a JSON file first, if there is one, then flags that win over it.

    Raises:
        ValueError: if the file cannot be read, or a setting is unknown or does not fit.
        SystemExit: after `--help`.
    """
    return run_config(given_settings(arguments, RUN_SETTINGS, prog))


def run_config(config: str | os.PathLike | Mapping[str, Any], **overrides: Any) -> RunConfig:
    """The same from Python: a JSON file or a mapping of settings, and keywords that win over it.

    Raises:
        ValueError: if the file cannot be read, or a setting is unknown or does not fit.
    """
    return RunConfig(*parse_settings(read_config(config) | overrides, RUN_SETTINGS))


def parse_settings(settings: Mapping[str, Any], kinds: Sequence[type]) -> tuple[Any, ...]:
    """Settings by name -> one object of each kind.

    Raises:
        ValueError: if a setting is unknown or does not fit.
    """
    return _Parser(kinds).parse_args_into_dataclasses(_as_flags(settings), look_for_args_file=False)


def given_settings(arguments: Sequence[str], kinds: Sequence[type], prog: str | None = None) -> dict[str, Any]:
    """What a command line says, and nothing that it leaves at its default.

    Args:
        arguments: a JSON file first, if there is one, then flags.
        kinds: classes whose fields are the flags.
        prog: name of the command, for its help.

    Raises:
        ValueError: if the file cannot be read, or a flag is unknown or does not fit.
        SystemExit: after `--help`.
    """
    flags = list(arguments)
    settings = read_config(flags.pop(0)) if flags and not flags[0].startswith("-") else {}
    parser = _Parser(kinds, prog=prog, usage=None if prog is None else f"{prog} [CONFIG.json] [--setting value ...]")
    if not {"-h", "--help"} & set(flags):
        for action in parser._actions:
            action.default, action.required = argparse.SUPPRESS, False
    return settings | vars(parser.parse_args(flags))


def command_of(settings: Mapping[str, Any], command: str) -> str:
    """A command line that asks for these settings again.

    Args:
        settings: settings by name.
        command: what it begins with, such as "hf-ser cross-validate".
    """
    return f"{command} {shlex.join(_as_flags(settings))}".strip()


def _as_flags(settings: Mapping[str, Any]) -> list[str]:
    flags: list[str] = []
    for name, value in settings.items():
        if value is None or value in ([], ()):
            continue
        values = value if isinstance(value, list | tuple) else [value]
        flags += [f"--{name}", *(json.dumps(one) if isinstance(one, dict) else str(one) for one in values)]
    return flags
