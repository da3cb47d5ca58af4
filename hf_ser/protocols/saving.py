"""Folds as a JSON file that can be read by people, moved to another machine, and matched with the dataset there."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .clip_table import ClipTable
from .columns import ProtocolError, SpeakerOverlapError
from .fold import SIDES, Fold, moved

__all__ = ["load_folds", "save_folds"]

_FORMAT = "hf_ser folds 1"


def save_folds(folds: Sequence[Fold], path: str | os.PathLike) -> None:
    """Write folds and the clips that they split as JSON; the file appears complete or not at all.

    Args:
        folds: Folds of one dataset, as `speaker_folds` gives them (a fold made by hand: `fold.on(dataset)` first).
        path: The file, overwritten if it is there; its folder is made.

    Raises:
        ProtocolError: There are no folds, one does not know its clips, or they are of several datasets.
    """
    folds = list(folds)
    if not folds:
        raise ProtocolError("there are no folds to save; pass the list that speaker_folds returns")
    clips = _clips(folds[0])
    for fold in folds[1:]:
        if _clips(fold) is not clips and _clips(fold).records != clips.records:
            raise ProtocolError(f"fold {fold.name!r} is of another dataset than fold {folds[0].name!r}; save it apart")
    rows = zip(clips.corpora, clips.clips, clips.speakers, clips.emotions, strict=True)
    head = {
        "format": _FORMAT,
        "columns": ["corpus", "clip" if clips.named else "row", "speaker", "emotion"],
        "folds": [_plain(fold) for fold in folds],
    }
    text = json.dumps(head, indent=1, ensure_ascii=False)[:-2] + ',\n "clips": [\n'
    text += ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows) + "\n ]\n}\n"
    _write(Path(path), text)


def load_folds(path: str | os.PathLike, dataset: Any, *, allow_new_clips: bool = False) -> list[Fold]:
    """Read folds and find their clips in a dataset, whatever the order of its rows.

    Args:
        path: A file that `save_folds` wrote.
        dataset: The dataset to split.
        allow_new_clips: Accept clips that the folds do not know; they are on no side.

    Raises:
        FileNotFoundError: There is no such file.
        ProtocolError: The file holds no folds or was changed; clips are missing, new, or of another speaker or
            emotion.
        SpeakerOverlapError: A speaker is on two sides.
    """
    path = Path(path)
    try:
        head = json.loads(path.read_text(encoding="utf-8"))
        if head["format"] != _FORMAT:
            raise ProtocolError(f"{str(path)!r} is of format {head['format']!r}; expected {_FORMAT!r}")
        columns = [list(values) for values in zip(*head["clips"], strict=True)]
        corpora, names, speakers, emotions = columns
        clips = ClipTable(corpora, names, speakers, emotions, named=head["columns"][1] == "clip")
        clips.records  # noqa: B018 - that every value is a text
        folds = [_fold(entry, clips) for entry in head["folds"]]
    except (ProtocolError, SpeakerOverlapError):
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ProtocolError(
            f"{str(path)!r} holds no folds ({error!r}); expected a file that save_folds wrote"
        ) from error
    for fold, entry in zip(folds, head["folds"], strict=True):
        if fold.fingerprint != entry["fingerprint"]:
            raise ProtocolError(
                f"fold {fold.name!r} in {str(path)!r} has fingerprint {fold.fingerprint}, but was saved with "
                f"{entry['fingerprint']}: the file was changed; make the folds anew with speaker_folds"
            )
    return moved(folds, dataset, allow_new_clips=allow_new_clips)


def _clips(fold: Fold) -> ClipTable:
    if fold.clips is None:
        raise ProtocolError(f"fold {fold.name!r} was made by hand and knows no clips; save fold.on(dataset)")
    return fold.clips


def _plain(fold: Fold) -> dict[str, Any]:
    return {
        "name": fold.name,
        "fingerprint": fold.fingerprint,
        "protocol": fold.protocol,
        "options": dict(fold.options),
        "speaker_independent": fold.speaker_independent,
        **{side: _ranges(getattr(fold, side)) for side in (*SIDES, "left_out")},
    }


def _fold(entry: dict[str, Any], clips: ClipTable) -> Fold:
    sides: dict[str, Any] = {side: _rows(entry[side]) for side in (*SIDES, "left_out")}
    whose: dict[str, Any] = {
        f"{side}_speakers": tuple(sorted({clips.speakers[row] for row in sides[side]} - {""})) for side in SIDES
    }
    names = ("name", "protocol", "options", "speaker_independent")
    return Fold(**{name: entry[name] for name in names}, **sides, **whose, clips=clips)


def _ranges(rows: Iterable[int]) -> str:
    """Row numbers in order, runs of neighbours as "first-last": "0-59 120-179 7"."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _rows(ranges: str) -> list[int]:
    rows: list[int] = []
    for run in ranges.split():
        first, _, last = run.partition("-")
        rows += range(int(first), int(last or first) + 1)
    return rows


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
