"""The emotion, or emotions, of each row of a user's table."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..labels import LabelError, label_names, merge_labels
from .own_labels import map_words, split_words
from .own_table import OwnTable
from .own_values import texts

__all__ = ["OwnEmotions"]


class OwnEmotions:
    """Emotions of a table on their way from the user's words to common names.

    Args:
        table: The table.
        roles: Role -> column; `emotion` holds one word a row, `emotions` several, whose first stands for the row where
            there is no `emotion`. With neither, no row has an emotion.

    Attributes:
        words: The user's word of each row.
        names: The emotion of each row, None before `map` and where the row is left out.
        lists: All emotions of each row, None where the table has no column of several.
    """

    def __init__(self, table: OwnTable, roles: Mapping[str, str]) -> None:
        self.where = table.where
        self.column = roles.get("emotion") or roles.get("emotions")
        self.single = "emotion" in roles
        self.words: list[Any] = [None] * len(table)
        self.names: list[str | None] = [None] * len(table)
        self.lists: list[list[str]] | None = None
        if "emotions" in roles:
            self.lists = [split_words(cell) for cell in table.values(roles["emotions"])]
            self.words = [words[0] if words else None for words in self.lists]
        if self.single:
            self.words = texts(table.values(roles["emotion"]))

    def empty(self) -> list[int]:
        """Rows without an emotion, in a table that has emotions."""
        return [] if self.column is None else [row for row, word in enumerate(self.words) if not word]

    def map(self, rows: Sequence[int], labels: Any, new_labels: Collection[str]) -> list[int]:
        """Find the common names of these rows' words; returns those that `labels` leaves out.

        Raises:
            LabelError: Words are neither known nor mapped.
        """
        if self.column is None:
            return []
        words = [self.words[row] for row in rows]
        further = [word for row in rows for word in self.lists[row]] if self.lists is not None else []
        names = map_words([*words, *further], labels, new_labels)
        known = dict(zip(further, names[len(words) :], strict=True))
        for row, name in zip(rows, names[: len(words)], strict=True):
            self.names[row] = name
            if self.lists is not None:
                self.lists[row] = [name for word in self.lists[row] if (name := known[word])]
                self._first(row)
        return [row for row in rows if self.names[row] is None]

    def merge(
        self,
        rows: Sequence[int],
        merge: Mapping[str, str] | None,
        drop: Collection[str],
        new_labels: Collection[str],
    ) -> list[int]:
        """Merge and drop classes of these rows; returns those that are left out.

        Raises:
            LabelError: `merge` or `drop` names an emotion that no row has, or there are no emotions.
        """
        if self.column is None:
            if merge or drop:
                raise LabelError(f"{self.where} has no emotions to merge or drop")
            return []
        lists = self.lists
        names = {name for row in rows if (name := self.names[row])}
        if lists is not None:
            names |= {name for row in rows for name in lists[row]}
        order = label_names(names)
        target = dict(zip(order, merge_labels(order, merge, drop, new_labels), strict=True))
        for row in rows:
            name = self.names[row]
            self.names[row] = None if name is None else target[name]
            if lists is not None:
                lists[row] = [name for word in lists[row] if (name := target[word])]
                self._first(row)
                lists[row] = label_names(lists[row]) if lists[row] else []
        return [row for row in rows if self.names[row] is None]

    def _first(self, row: int) -> None:
        # the first word may be one that is left out
        if not self.single and self.lists is not None:
            self.names[row] = self.lists[row][0] if self.lists[row] else None
