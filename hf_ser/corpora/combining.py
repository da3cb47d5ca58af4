"""Several corpora as one dataset."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ..labels import EMOTIONS, label_names, merge_labels, normalize_emotion
from .base import CorpusError
from .picking import pick_columns

if TYPE_CHECKING:
    import datasets

__all__ = ["combine_corpora"]


def combine_corpora(
    corpora: Sequence["datasets.Dataset"],
    labels: Literal["all", "shared"] | Sequence[str] = "all",
    *,
    merge: Mapping[str, str] | None = None,
    drop: Collection[str] = (),
    new_labels: Collection[str] = (),
    same_speakers: bool = False,
) -> "datasets.Dataset":
    """Join datasets that `load_corpus` made.

    The result has the columns of all; a corpus that lacks one has None there, and a column whose types differ holds
    64-bit floats (if all are numbers) or text. `clip` gets the corpus in front, such as
    "ravdess/Actor_01/03-01-01-01-01-01-01.wav", so that it stays an id. Scales of arousal, valence and dominance stay
    those of each corpus.

    Args:
        corpora: Two or more datasets.
        labels: Which emotions to keep: "all", those that every corpus has ("shared"), or a list.
        merge: Emotion -> the emotion that takes it in, in all corpora, before `labels` is looked at.
        drop: Emotions to leave out.
        new_labels: Classes outside the vocabulary to merge into, such as `["negative"]`.
        same_speakers: Two datasets may have speakers in common, and these are the same persons.

    Returns:
        One dataset, the corpora one after the other.

    Raises:
        CorpusError: There are fewer than two datasets, one lacks a column, speakers have the same name in two, clips
            repeat, or no emotion is shared.
        LabelError: `labels`, `merge` or `drop` names an emotion that no clip has.
    """
    import datasets

    parts = list(corpora)
    if len(parts) < 2:
        raise CorpusError(f"got {len(parts)} dataset(s); expected at least two to combine")
    titles = [_title(part, number) for number, part in enumerate(parts)]
    if not same_speakers:
        _refuse_same_speakers(parts, titles)
    emotions = [list(part["emotion"][:]) for part in parts]
    lists = [_lists(part) for part in parts]
    every = {emotion for column in emotions for emotion in column if emotion is not None}
    every |= {emotion for column in lists for cell in column or () for emotion in cell}
    if every:
        names = label_names(every)
        target = dict(zip(names, merge_labels(names, merge, drop, new_labels), strict=True))
        lists = [column and [_targets(cell, target) for cell in column] for column in lists]
        emotions = [
            [
                # of several emotions, the next stands in for one that is dropped
                None if emotion is None else target[emotion] or (several[row][0] if several and several[row] else None)
                for row, emotion in enumerate(column)
            ]
            for column, several in zip(emotions, lists, strict=True)
        ]
        wanted = _wanted(emotions, labels, titles)
        rows = [[row for row, emotion in enumerate(column) if emotion in wanted] for column in emotions]
    else:
        rows = [list(range(len(part))) for part in parts]
    kinds = _kinds(parts)
    joined = []
    for part, column, several, kept in zip(parts, emotions, lists, rows, strict=True):
        if not kept:
            continue
        clips = [
            clip if str(clip).startswith(f"{corpus}/") else f"{corpus}/{clip}"
            for clip, corpus in zip(part["clip"][:], part["corpus"][:], strict=True)
        ]
        replaced: dict[str, tuple[list[Any], Any]] = {
            "emotion": (column, datasets.Value("string")),
            "clip": (clips, datasets.Value("string")),
        }
        if several is not None:
            replaced["emotions"] = (several, part.features["emotions"])
        for name in part.column_names:
            if name in kinds and name not in replaced and part.features[name] != kinds[name]:
                convert = _text if kinds[name].dtype == "string" else _number
                replaced[name] = ([convert(value) for value in part[name][:]], kinds[name])
        ours = datasets.Dataset.from_dict(
            {name: values for name, (values, _) in replaced.items()},
            features=datasets.Features({name: kind for name, (_, kind) in replaced.items()}),
        )
        order = part.column_names
        others = pick_columns(part, [name for name in order if name not in replaced])
        part = datasets.concatenate_datasets([others, ours], axis=1)
        joined.append(part.select_columns(order).select(kept))
    result = datasets.concatenate_datasets(joined)
    _refuse_same_clips(result["clip"][:])
    result.info.dataset_name = "+".join(dict.fromkeys(result["corpus"][:]))
    return result


def _lists(part: Any) -> list[list[str]] | None:
    return [list(cell or []) for cell in part["emotions"][:]] if "emotions" in part.column_names else None


def _targets(cell: Sequence[str], target: Mapping[str, str | None]) -> list[str]:
    names = [name for word in cell if (name := target[word])]
    return label_names(names) if names else []


def _title(part: Any, number: int) -> str:
    names = getattr(part, "column_names", None)
    if not isinstance(names, list):
        raise CorpusError(f"dataset {number + 1} is a {type(part).__name__}; expected what load_corpus returns")
    missing = [name for name in ("audio", "emotion", "speaker", "clip", "corpus") if name not in names]
    if missing:
        raise CorpusError(
            f"dataset {number + 1} has no column {', '.join(map(repr, missing))}; pass it through "
            "load_corpus('dataset', ...) first"
        )
    if len(part) == 0:
        raise CorpusError(f"dataset {number + 1} has no rows")
    return "+".join(dict.fromkeys(part["corpus"][:]))


def _refuse_same_speakers(parts: Sequence[Any], titles: Sequence[str]) -> None:
    where: dict[str, int] = {}
    for number, part in enumerate(parts):
        names = {name for name in part["speaker"][:] if name is not None}
        twice = sorted(name for name in names if name in where)
        if twice:
            raise CorpusError(
                f"{len(twice)} speaker(s) are in both dataset {where[twice[0]] + 1} ({titles[where[twice[0]]]}) and "
                f"dataset {number + 1} ({titles[number]}), such as {twice[0]!r}; if they are the same persons pass "
                "same_speakers=True, else load one of them with another corpus_name='...'"
            )
        where |= dict.fromkeys(names, number)


def _refuse_same_clips(clips: Iterable[str]) -> None:
    twice = [clip for clip, count in Counter(clips).items() if count > 1]
    if twice:
        raise CorpusError(
            f"{len(twice)} clip(s) are in two of the datasets, such as {twice[0]!r}; pass each recording once, or "
            "load one dataset with another corpus_name='...'"
        )


def _wanted(
    emotions: Sequence[Sequence[str | None]], labels: str | Sequence[str], titles: Sequence[str]
) -> set[str | None]:
    sets = [{emotion for emotion in column if emotion is not None} for column in emotions]
    every: set[str] = set().union(*sets)
    if labels == "all":
        return set(every)
    if labels == "shared":
        shared = set.intersection(*sets)
        if not shared:
            has = "; ".join(
                f"{title}: {', '.join(label_names(names)) if names else 'none'}"
                for title, names in zip(titles, sets, strict=True)
            )
            raise CorpusError(f"no emotion is in all of the datasets ({has}); pass labels='all', or merge emotions")
        return set(shared)
    if isinstance(labels, str):
        raise CorpusError(f"labels={labels!r}; expected 'all', 'shared' or a list such as ['angry', 'sad']")
    own = sorted(every - set(EMOTIONS))
    wanted = {normalize_emotion(name, own) for name in labels}
    absent = sorted(wanted - every)
    if absent or not wanted:
        raise CorpusError(
            f"labels={list(labels)!r}: {', '.join(absent) or 'nothing'} labels no clip; the datasets have "
            f"{', '.join(label_names(every))}"
        )
    return set(wanted)


def _kinds(parts: Sequence[Any]) -> dict[str, Any]:
    """The type of each column whose types differ among the datasets."""
    import datasets

    found: dict[str, list[Any]] = {}
    for part in parts:
        for name, kind in part.features.items():
            if name != "audio" and kind not in found.setdefault(name, []):
                found[name].append(kind)
    kinds = {}
    for name, types in found.items():
        if len(types) < 2:
            continue
        if not all(isinstance(kind, datasets.Value) for kind in types):
            raise CorpusError(f"column {name!r} is {types[0]} in one dataset and {types[1]} in another; rename one")
        number = all(kind.dtype.startswith(("int", "uint", "float")) for kind in types)
        kinds[name] = datasets.Value("float64" if number else "string")
    return kinds


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
