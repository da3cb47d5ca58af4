"""The settings that say when which part of a model is unfrozen."""

from collections.abc import Sequence
from typing import Any

from .json_settings import json_object

GRADUAL = "gradual"


def parse_patterns(name: str, value: Any) -> list[str]:
    """A setting that names modules: one pattern or a list of them, which may be empty.

    Raises:
        ValueError: if it is anything else.
    """
    patterns = [value] if isinstance(value, str) or not isinstance(value, Sequence) else list(value)
    if not all(isinstance(pattern, str) and pattern for pattern in patterns):
        raise ValueError(f"{name} is {value!r}, expected names of modules, such as ['encoder'] or ['layers.[01]']")
    return patterns


def parse_stages(value: Any) -> dict[int, int | str | list[str]] | str | None:
    """The setting `unfreeze_at`: epoch -> what becomes trainable when it begins.

    Args:
        value: "gradual", None, or a dict (JSON on the command line) from epochs, counted from 0, to a number of layers
            from the top, "all", a word or pattern, or a list of these.

    Returns:
        the same with whole numbers as keys.

    Raises:
        ValueError: if it is anything else, or an epoch is below 1.
    """
    if value is None or value == GRADUAL:
        return value
    stages: dict[int, int | str | list[str]] = {}
    for epoch, what in json_object("unfreeze_at", value).items():
        number = int(epoch) if str(epoch).isdigit() else 0
        if number < 1:
            raise ValueError(
                f"unfreeze_at has the epoch {epoch!r}, expected whole numbers from 1 (epochs are counted from 0, and "
                "what is trained in epoch 0 need not be frozen)"
            )
        if isinstance(what, bool) or not isinstance(what, int):
            words = parse_patterns(f"unfreeze_at for epoch {epoch}", what)
            what = words[0] if len(words) == 1 else words
            if not words:
                raise ValueError(
                    f"unfreeze_at says nothing for epoch {epoch}; expected such as 2, 'all' or ['layers']"
                )
        stages[number] = what
    return stages or None


def check_learning_rates(decay: float, head_learning_rate: float | None) -> None:
    """Check the settings of learning rates by layer.

    Raises:
        ValueError: if one is out of range.
    """
    if not 0.0 < decay <= 1.0:
        raise ValueError(
            f"layer_learning_rate_decay is {decay}, expected a factor in (0, 1]; 1 gives all layers the same rate, "
            "0.8 to 0.95 is usual"
        )
    if head_learning_rate is not None and not head_learning_rate > 0.0:
        raise ValueError(
            f"head_learning_rate is {head_learning_rate}, expected a number above 0; leave it out for learning_rate"
        )


__all__ = ["check_learning_rates", "parse_patterns", "parse_stages"]
