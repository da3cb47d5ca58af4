"""Emotion names: one vocabulary for all corpora, and the ways from a corpus's own words to it.

The order of `EMOTIONS` is the order of labels everywhere: two datasets with the same emotions get the same label ids.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = [
    "EMOTIONS",
    "LabelError",
    "check_labels_agree",
    "id2label",
    "label2id",
    "label_names",
    "merge_labels",
    "normalize_emotion",
]

EMOTIONS: tuple[str, ...] = (
    # the eight of RAVDESS, in its order
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
    # further ones of acted and natural corpora
    "bored",
    "excited",
    "frustrated",
    "contempt",
    "anxious",
    "apologetic",
    "assertive",
    "concerned",
    "encouraging",
    "other",
)

_ALIASES: dict[str, tuple[str, ...]] = {
    "neutral": ("neutrality", "neu"),
    "calm": ("calmness",),
    "happy": ("happiness", "hap", "joy", "joyful", "happily"),
    "sad": ("sadness", "sorrow"),
    "angry": ("anger", "ang", "hot anger"),
    "fearful": ("fear", "afraid", "scared", "fea"),
    "disgust": ("disgusted", "dis"),
    "surprised": ("surprise", "sur", "pleasant surprise", "pleasant surprised", "pleasantly surprised", "ps"),
    "bored": ("boredom", "boredem"),  # the second is how EmoBox spells it
    "excited": ("excitement", "exc"),
    "frustrated": ("frustration", "fru"),
    "contempt": ("contemptuous",),
    "anxious": ("anxiety",),
    "apologetic": ("apology",),
    "concerned": ("concern",),
    "encouraging": ("encouragement",),
    "other": ("oth", "others"),
}
_KNOWN = {name: name for name in EMOTIONS} | {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
_ORDER = {name: position for position, name in enumerate(EMOTIONS)}


class LabelError(ValueError):
    """An emotion name is unknown, or two sets of labels do not agree."""


def normalize_emotion(name: str) -> str:
    """Turn a corpus's word for an emotion into the common one: `"Anger"` -> `"angry"`.

    Case, surrounding blanks, hyphens and underscores do not matter. One-letter codes are not accepted, since they mean
    different things in different corpora (`A` is fear in EmoDB and anger elsewhere).

    Raises:
        LabelError: The word is not known; the nearest known ones are named.
    """
    if not isinstance(name, str):
        raise LabelError(f"emotion {name!r} is a {type(name).__name__}; expected a word such as 'angry'")
    word = " ".join(name.replace("_", " ").replace("-", " ").lower().split())
    if word in _KNOWN:
        return _KNOWN[word]
    near = difflib.get_close_matches(word, _KNOWN, n=3)
    hint = f"did you mean {' or '.join(repr(match) for match in near)}? " if near else ""
    raise LabelError(f"unknown emotion {name!r}; {hint}Known emotions: {', '.join(EMOTIONS)}")


def label_names(emotions: Iterable[str]) -> list[str]:
    """The distinct emotions of a dataset column, in the order of the vocabulary: the label list of a model.

    Raises:
        LabelError: A name is not one of `EMOTIONS` (pass it through `normalize_emotion` first), or there is none.
    """
    present = set(emotions)
    if not present:
        raise LabelError("there are no emotions to make a label list of; expected at least one labelled clip")
    unknown = [name for name in present if name not in _ORDER]
    if unknown:
        raise LabelError(
            f"{', '.join(map(repr, sorted(map(str, unknown))))} is not in the common vocabulary "
            f"({', '.join(EMOTIONS)}); pass the names through normalize_emotion first"
        )
    return sorted(present, key=_ORDER.__getitem__)


def label2id(names: Sequence[str]) -> dict[str, int]:
    """Label list -> the `label2id` of a transformers config."""
    return {name: index for index, name in enumerate(names)}


def id2label(names: Sequence[str]) -> dict[int, str]:
    """Label list -> the `id2label` of a transformers config."""
    return dict(enumerate(names))


def merge_labels(
    emotions: Sequence[str], merge: Mapping[str, str] | None = None, drop: Collection[str] = ()
) -> list[str | None]:
    """Merge and drop classes, row by row.

    Args:
        emotions: The emotion of each row, in common names.
        merge: Emotion -> the emotion that takes it in, such as `{"calm": "neutral"}`. Names may be any that
            `normalize_emotion` knows. Merges are not chained: `{"a": "b", "b": "c"}` moves the a's to b.
        drop: Emotions whose rows are to be left out.

    Returns:
        One entry per row: the emotion after merging, or None where the row is dropped.

    Raises:
        LabelError: A name is unknown, is both merged and dropped, or occurs in no row (most often a slip of the pen).
    """
    if isinstance(drop, str):
        raise LabelError(f"drop={drop!r} is a single string; pass a list, such as drop=[{drop!r}]")
    merged = {normalize_emotion(old): normalize_emotion(new) for old, new in (merge or {}).items()}
    dropped = {normalize_emotion(name) for name in drop}
    both = sorted(dropped & merged.keys())
    if both:
        raise LabelError(f"{', '.join(map(repr, both))} is both merged and dropped; choose one")
    present = set(emotions)
    absent = sorted((dropped | merged.keys()) - present)
    if absent:
        raise LabelError(
            f"{', '.join(map(repr, absent))} is to be merged or dropped but labels no clip; "
            f"the clips have: {', '.join(label_names(present))}"
        )
    target = {name: None if name in dropped else merged.get(name, name) for name in present}
    return [target[name] for name in emotions]


def check_labels_agree(
    model_labels: Mapping[int, str] | Sequence[str], corpus_labels: Iterable[str], *, allow_subset: bool = False
) -> dict[str, int]:
    """Match the labels of a checkpoint with the emotions of a corpus.

    Args:
        model_labels: `config.id2label`, or the label list in order of ids. Words other than the common ones
            (`"anger"`) are understood.
        corpus_labels: The emotions of the corpus (a dataset column will do), in common names.
        allow_subset: Accept a corpus that lacks some of the model's emotions, as when testing on a smaller corpus. An
            emotion that the model does not know is always an error.

    Returns:
        Emotion (common name) -> the model's label id, for every label of the model.

    Raises:
        LabelError: One side has labels that the other lacks, both named; or the checkpoint has no emotion names.
    """
    pairs = model_labels.items() if isinstance(model_labels, Mapping) else enumerate(model_labels)
    names = {int(index): str(name) for index, name in pairs}
    if names and all(name.upper().startswith("LABEL_") for name in names.values()):
        raise LabelError(
            f"the checkpoint has no emotion names, only {', '.join(names.values())}; "
            "set config.id2label and config.label2id to the emotions it was trained on, in order"
        )
    ids: dict[str, int] = {}
    for index, name in names.items():
        emotion = normalize_emotion(name)
        if emotion in ids:
            raise LabelError(
                f"the checkpoint's labels {names[ids[emotion]]!r} and {name!r} both mean {emotion!r}; rename one"
            )
        ids[emotion] = index
    wanted = label_names(corpus_labels)
    unknown = [emotion for emotion in wanted if emotion not in ids]
    unused = [] if allow_subset else label_names(set(ids) - set(wanted)) if set(ids) - set(wanted) else []
    if unknown or unused:
        parts = [f"only in the corpus: {', '.join(unknown)}"] if unknown else []
        parts += [f"only in the checkpoint: {', '.join(unused)}"] if unused else []
        fix = "merge or drop classes (load_corpus(..., merge={...}, drop=[...])) or take another checkpoint"
        if unused and not unknown:
            fix = "pass allow_subset=True to score on fewer classes, or take a checkpoint with these labels"
        raise LabelError(f"the labels of checkpoint and corpus disagree ({'; '.join(parts)}); {fix}")
    return ids
