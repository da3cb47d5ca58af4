"""Cells of a user's table -> the values that our columns hold."""

import logging
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from .base import CorpusError

__all__ = ["dimension", "sexes", "splits", "text", "texts"]

logger = logging.getLogger(__name__)

_SEXES = {
    "female": ("female", "f", "w", "woman", "girl", "fem"),
    "male": ("male", "m", "man", "boy"),
}
_SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "development"),
    "test": ("test", "testing"),
}


def text(value: Any) -> str | None:
    """A cell as text: whole numbers without a point, None for what is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def texts(values: Sequence[Any]) -> list[str | None]:
    """A column as text."""
    return [text(value) for value in values]


def sexes(values: Sequence[Any], where: str) -> list[str | None]:
    """A column of sexes as "female", "male" or, for all other words (counted in a warning), None."""
    known = {word: sex for sex, words in _SEXES.items() for word in words}
    words = [None if word is None else word.lower() for word in texts(values)]
    other = Counter(word for word in words if word is not None and word not in known)
    if other:
        shown = ", ".join(f"{word!r} ({count})" for word, count in other.most_common(5))
        logger.warning("%s: sex is taken as unknown where it says %s; expected 'female' or 'male'", where, shown)
    return [None if word is None else known.get(word) for word in words]


def splits(values: Sequence[Any]) -> list[str | None]:
    """A column of split names, in lower case; "dev" and its like become "validation"."""
    known = {word: split for split, words in _SPLITS.items() for word in words}
    words = [None if word is None else word.lower() for word in texts(values)]
    return [None if word is None else known.get(word, word) for word in words]


def dimension(
    name: str, values: Sequence[Any], where: str, allowed: tuple[float, float] | None = None
) -> list[float | None]:
    """A column of arousal, valence or dominance as numbers on its own scale; empty cells are None.

    Raises:
        CorpusError: A cell is no finite number, or outside the allowed range.
    """
    numbers: list[float | None] = []
    for row, value in enumerate(values):
        cell = text(value)
        try:
            number = None if cell is None else float(cell)
        except ValueError:
            number = math.nan
        if number is not None and not math.isfinite(number):
            raise CorpusError(
                f"{where}: {name} is {value!r} in row {row + 1}; expected a number such as 3.5, or an empty cell"
            )
        numbers.append(number)
    if allowed is not None:
        low, high = allowed
        outside = [row for row, number in enumerate(numbers) if number is not None and not low <= number <= high]
        if outside:
            raise CorpusError(
                f"{where}: {name} is outside dimension_range {low:g} to {high:g} in {len(outside)} row(s) (row "
                f"{outside[0] + 1} has {numbers[outside[0]]:g}); mend them or widen the range"
            )
    return numbers
