"""What callers of `CctConfig.from_variant` may set differently, and label names that agree with each other."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

# settings that transformers takes besides the fields of a configuration
COMMON_SETTINGS = (
    "num_labels",
    "attn_implementation",
    "output_attentions",
    "torch_dtype",
    "name_or_path",
    "tie_last_hidden_states",
    "per_layer_config",
)


def check_overrides(names: Iterable[str], fields: Iterable[str]) -> None:
    """Refuse settings that no configuration has.

    Args:
        names: What the caller wants to set.
        fields: Fields of the configuration.

    Raises:
        ValueError: Naming the first unknown setting and the closest one that exists.
    """
    known = sorted({*fields, *COMMON_SETTINGS})
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"settings: {', '.join(known)}"
            raise ValueError(f"got {name!r}, which is no setting of CctConfig; {hint}")


def _by_index(pairs: Iterable[tuple[Any, Any]], given: str) -> dict[int, Any]:
    """Labels keyed by whole numbers, which must be 0, 1, 2, ..., from pairs of index and label."""
    pairs = list(pairs)
    try:
        labels = {int(index): label for index, label in pairs}
    except (TypeError, ValueError):
        labels = {}
    if not labels or sorted(labels) != list(range(len(pairs))):
        raise ValueError(f"got {given}, whose indices are not 0, 1, 2, ...; number the labels from 0")
    return labels


def label_overrides(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Settle the label names that overrides ask for.

    Args:
        overrides: Settings, `id2label`, `label2id` and `num_labels` perhaps among them.

    Returns:
        `num_labels` and `id2label` as the names say; nothing if no names are given.

    Raises:
        ValueError: If the three disagree, or indices are not 0, 1, 2, ...
    """
    id2label, label2id = overrides.get("id2label"), overrides.get("label2id")
    named = None
    if isinstance(label2id, Mapping):
        named = _by_index(((index, label) for label, index in label2id.items()), f"label2id={label2id!r}")
    if isinstance(id2label, Mapping):
        given = _by_index(id2label.items(), f"id2label={id2label!r}")
        if named is not None and named != given:
            raise ValueError(f"got id2label={id2label!r} and label2id={label2id!r}, which disagree; pass one of them")
        named = given
    if named is None:
        return {}
    count = overrides.get("num_labels", len(named))
    if count != len(named):
        raise ValueError(
            f"got num_labels={count!r} and names of {len(named)} labels ({', '.join(map(str, named.values()))}); "
            "leave num_labels out, or name every label"
        )
    return {"num_labels": len(named), "id2label": named}


__all__ = ["check_overrides", "label_overrides"]
