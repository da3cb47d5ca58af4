"""Emotion names: one vocabulary for all corpora, and the ways from a corpus's own words to it.

The order of `EMOTIONS` is the order of labels everywhere: two datasets with the same emotions get the same label ids.
Classes outside the vocabulary are possible where data are loaded, by name (`load_corpus(..., new_labels=[...])`);
they come after the known ones, in alphabetical order.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = [
    "EMOTIONS",
    "LabelError",
    "check_labels_agree",
    "check_new_labels",
    "id2label",
    "label2id",
    "label_names",
    "merge_labels",
    "near_emotions",
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


def normalize_emotion(name: str, new_labels: Collection[str] = ()) -> str:
    """Turn a corpus's word for an emotion into the common one: `"Anger"` -> `"angry"`.

    Case, surrounding blanks, hyphens and underscores do not matter. One-letter codes are not accepted, since they mean
    different things in different corpora (`A` is fear in EmoDB and anger elsewhere).

    Args:
        name: The word.
        new_labels: Classes outside the vocabulary that are accepted too, in the form that `check_new_labels` gives.

    Raises:
        LabelError: The word is not known; the nearest known ones are named.
    """
    if not isinstance(name, str):
        raise LabelError(f"emotion {name!r} is a {type(name).__name__}; expected a word such as 'angry'")
    word = _tidy(name)
    if word in _KNOWN:
        return _KNOWN[word]
    if word in new_labels:
        return word
    near = near_emotions(word, new_labels)
    hint = f"did you mean {' or '.join(repr(match) for match in near)}? " if near else ""
    raise LabelError(
        f"unknown emotion {name!r}; {hint}Known emotions: {', '.join([*EMOTIONS, *new_labels])}. "
        f"To have a class of this name, load the data with new_labels=[{word!r}]"
    )


def near_emotions(name: str, new_labels: Collection[str] = ()) -> list[str]:
    """Up to three known words that are spelled like this one, best first."""
    return difflib.get_close_matches(_tidy(name), [*_KNOWN, *new_labels], n=3)


def check_new_labels(names: Collection[str]) -> list[str]:
    """Classes outside the vocabulary that the user consents to, in the form in which datasets hold them.

    Args:
        names: Their names; case, hyphens and underscores do not matter.

    Returns:
        The names in lower case with single blanks, sorted, each once.

    Raises:
        LabelError: It is no list of words, or a name is one of the common vocabulary or another word for one.
    """
    if isinstance(names, str | bool) or not all(isinstance(name, str) and name.strip() for name in names):
        raise LabelError(f"new_labels={names!r}; expected a list of class names, such as ['sarcastic', 'stressed']")
    tidy = sorted({_tidy(name) for name in names})
    for name in tidy:
        if name in _KNOWN:
            what = "is in" if _KNOWN[name] == name else f"means {_KNOWN[name]!r} in"
            raise LabelError(
                f"new_labels has {name!r}, which {what} the common vocabulary; leave it out, or name the class "
                f"otherwise: labels={{{name!r}: 'my {name}'}} with new_labels=['my {name}']"
            )
    return tidy


def _tidy(word: str) -> str:
    return " ".join(word.replace("_", " ").replace("-", " ").lower().split())


def _position(name: str) -> tuple[int, str]:
    return _ORDER.get(name, len(_ORDER)), name


def label_names(emotions: Iterable[str]) -> list[str]:
    """The distinct emotions of a dataset column, in the order of labels: the label list of a model.

    The order is that of `EMOTIONS`; classes outside it, which `load_corpus` lets in by consent only, follow in
    alphabetical order.

    Raises:
        LabelError: A name is another word for one of `EMOTIONS`, or not in the form that `normalize_emotion` gives
            (pass it through that first), a row has no emotion, or there are no rows.
    """
    present = set(emotions)
    if not present:
        raise LabelError("there are no emotions to make a label list of; expected at least one labelled clip")
    unlabelled = sum(1 for name in present if not isinstance(name, str) or not name.strip())
    if unlabelled:
        raise LabelError("some rows have no emotion, so there is no label list; leave them out first")
    foreign = sorted(name for name in present if _KNOWN.get(_tidy(name), _tidy(name)) != name)
    if foreign:
        raise LabelError(
            f"{', '.join(map(repr, foreign))} is not in the common vocabulary "
            f"({', '.join(EMOTIONS)}); pass the names through normalize_emotion first"
        )
    return sorted(present, key=_position)


def label2id(names: Sequence[str]) -> dict[str, int]:
    """Label list -> the `label2id` of a transformers config."""
    return {name: index for index, name in enumerate(names)}


def id2label(names: Sequence[str]) -> dict[int, str]:
    """Label list -> the `id2label` of a transformers config."""
    return dict(enumerate(names))


def merge_labels(
    emotions: Sequence[str],
    merge: Mapping[str, str] | None = None,
    drop: Collection[str] = (),
    new_labels: Collection[str] = (),
) -> list[str | None]:
    """Merge and drop classes, row by row.

    Args:
        emotions: The emotion of each row, in common names.
        merge: Emotion -> the emotion that takes it in, such as `{"calm": "neutral"}`. Names may be any that
            `normalize_emotion` knows, or classes that the rows have. Merges are not chained: `{"a": "b", "b": "c"}`
            moves the a's to b.
        drop: Emotions whose rows are to be left out.
        new_labels: Classes outside the vocabulary to merge into, such as `["negative"]`.

    Returns:
        One entry per row: the emotion after merging, or None where the row is dropped.

    Raises:
        LabelError: A name is unknown, is both merged and dropped, or occurs in no row (most often a slip of the pen).
    """
    if isinstance(drop, str):
        raise LabelError(f"drop={drop!r} is a single string; pass a list, such as drop=[{drop!r}]")
    present = set(emotions)
    own = [*check_new_labels(new_labels), *sorted(present - set(EMOTIONS) - set(new_labels))]
    merged = {normalize_emotion(old, own): normalize_emotion(new, own) for old, new in (merge or {}).items()}
    dropped = {normalize_emotion(name, own) for name in drop}
    both = sorted(dropped & merged.keys())
    if both:
        raise LabelError(f"{', '.join(map(repr, both))} is both merged and dropped; choose one")
    absent = sorted((dropped | merged.keys()) - present)
    if absent:
        raise LabelError(
            f"{', '.join(map(repr, absent))} is to be merged or dropped but labels no clip; "
            f"the clips have: {', '.join(label_names(present))}"
        )
    target = {name: None if name in dropped else merged.get(name, name) for name in present}
    return [target[name] for name in emotions]


def check_labels_agree(
    model_labels: Mapping[int, str] | Sequence[str],
    corpus_labels: Iterable[str],
    *,
    allow_subset: bool = False,
    allow_unknown: bool = False,
) -> dict[str, int]:
    """Match the labels of a checkpoint with the emotions of a corpus.

    Args:
        model_labels: `config.id2label`, or the label list in order of ids. Words other than the common ones
            (`"anger"`) are understood; any further word is a class of the model's own, and agrees with the same word
            in the corpus alone.
        corpus_labels: The emotions of the corpus (a dataset column will do), in common names.
        allow_subset: Accept a corpus that lacks some of the model's emotions, as when testing on a smaller corpus.
        allow_unknown: Accept a corpus with emotions that the model does not know, and so never gets right.

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
        emotion = _KNOWN.get(_tidy(name), _tidy(name))
        if emotion in ids:
            raise LabelError(
                f"the checkpoint's labels {names[ids[emotion]]!r} and {name!r} both mean {emotion!r}; rename one"
            )
        ids[emotion] = index
    wanted = label_names(corpus_labels)
    unknown = [] if allow_unknown else [emotion for emotion in wanted if emotion not in ids]
    unused = [] if allow_subset else label_names(set(ids) - set(wanted)) if set(ids) - set(wanted) else []
    if unknown or unused:
        parts = [f"only in the corpus: {', '.join(unknown)}"] if unknown else []
        shown = [emotion if emotion in _ORDER else repr(names[ids[emotion]]) for emotion in unused]
        parts += [f"only in the checkpoint: {', '.join(shown)}"] if unused else []
        fix = "merge or drop classes (load_corpus(..., merge={...}, drop=[...])) or take another checkpoint"
        if unused and not unknown:
            fix = "pass allow_subset=True to score on fewer classes, or take a checkpoint with these labels"
        raise LabelError(f"the labels of checkpoint and corpus disagree ({'; '.join(parts)}); {fix}")
    return ids
