"""Checks of what callers pass to a feature extractor besides clips."""

from numbers import Integral
from typing import Any

from transformers.utils import PaddingStrategy


def check_count(name: str, value: Any, unit: str = "frames") -> int | None:
    """A number of frames or samples.

    Args:
        name: What errors call it.
        value: What the caller passed.
        unit: What is counted.

    Returns:
        The number, or None if there is none.

    Raises:
        ValueError: If it is not a whole number of at least 1.
    """
    if value is None:
        return None
    if not isinstance(value, Integral) or isinstance(value, bool) or int(value) < 1:
        raise ValueError(f"{name}={value!r}, expected a whole number of {unit} of at least 1, or None")
    return int(value)


def check_flag(name: str, value: Any) -> None:
    """Refuse what is neither True nor False nor None.

    Raises:
        ValueError: Naming the value.
    """
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{name}={value!r}, expected True, False or None")


def check_picture_padding(padding: bool | str | PaddingStrategy | None, limit: int) -> None:
    """Refuse padding that would squeeze a clip by how long its neighbours in the batch are.

    Args:
        padding: What the caller asks for.
        limit: Frames that a picture shows.

    Raises:
        ValueError: If it is anything but "max_length" or None.
    """
    fixed = PaddingStrategy.MAX_LENGTH
    if padding is not None and (isinstance(padding, bool) or PaddingStrategy(padding) != fixed):
        raise ValueError(
            f"padding={padding!r} with image_size and {limit} frames, expected 'max_length': a clip's picture would"
            " depend on the other clips of the batch; leave padding out, or create the extractor without num_frames"
            " for pictures of whole clips"
        )
