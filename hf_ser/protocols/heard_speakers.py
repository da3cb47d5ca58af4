"""Whose voices a checkpoint was trained on, as its run wrote down."""

import json
from pathlib import Path


def speakers_heard(checkpoint: str) -> list[str] | None:
    """Speakers that a checkpoint was trained on, by the `results.json` beside it; None if it does not say.

    Args:
        checkpoint: folder of the checkpoint.
    """
    file = Path(checkpoint) / "results.json"
    if not file.is_file():
        return None
    speakers = json.loads(file.read_text(encoding="utf-8")).get("train_speakers")
    return None if speakers is None else [str(speaker) for speaker in speakers]


__all__ = ["speakers_heard"]
