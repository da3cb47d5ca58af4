"""Augmented views of a corpus, rendered once, with what a teacher says of each, and read by memory map afterwards."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from tqdm.auto import tqdm

from ..audio import load_audio
from .clip_content import content_digest, write_whole
from .dataset import WaveformTransform

_FULL_SCALE = 32767.0


class ViewStore:
    """The views of every clip of a corpus in one folder: waveforms (16 bit) and teacher targets (half precision).

    View 0 is the clip as it is; view v > 0 is augmented with a generator keyed by (seed, v, row), so a store does not
    depend on who renders it or in how many sittings. A view is there whole or not at all: files are written under
    another name, clip by clip, and renamed when they are complete. Whatever the views depend on goes into a
    fingerprint, and a folder with another fingerprint is refused.

    Args:
        folder: where the store lies.
        fingerprint: hash of what the views depend on, see `fingerprint_of`.
        num_views: views of each clip.
        sampling_rate: rate of the waveforms in Hz.
        target_seconds: span of one target.

    Raises:
        ValueError: if the folder holds a store made with other settings, or `num_views` is not positive.
    """

    def __init__(
        self,
        folder: str | Path,
        fingerprint: str,
        num_views: int,
        sampling_rate: int = 16000,
        target_seconds: float = 0.16,
    ) -> None:
        if num_views < 1:
            raise ValueError(f"num_views is {num_views}, expected 1 or more")
        self.folder, self.fingerprint, self.num_views = Path(folder), fingerprint, num_views
        self.sampling_rate, self.samples_per_target = sampling_rate, round(target_seconds * sampling_rate)
        self._open: dict[int, Any] = {}
        self.folder.mkdir(parents=True, exist_ok=True)
        stamp = self.folder / "fingerprint.json"
        if not stamp.is_file():
            write_whole(stamp, json.dumps({"fingerprint": fingerprint}))
        found = json.loads(stamp.read_text(encoding="utf-8"))["fingerprint"]
        if found != fingerprint:
            raise ValueError(
                f"the views in {str(folder)!r} were made with other clips or settings (fingerprint {found}, "
                f"expected {fingerprint}); name another folder, or delete that one"
            )

    def __getstate__(self) -> dict[str, Any]:
        # a data worker opens its own maps; pickled ones would carry all they show
        return self.__dict__ | {"_open": {}}

    def render(
        self,
        corpus: datasets.Dataset,
        augmentation: WaveformTransform,
        teacher: Callable[[np.ndarray], np.ndarray] | None,
        prepare: Callable[[np.ndarray], np.ndarray] | None = None,
        *,
        seed: int = 0,
    ) -> None:
        """Render the views that are missing, with a progress bar; one clip is held in memory at a time.

        Args:
            corpus: the clips, all of them: rows of the store are rows of the corpus.
            augmentation: called as `augmentation(waveform, generator)`.
            teacher: waveform -> targets (targets, dim); None for none.
            prepare: called on every waveform first, to trim silence for instance.
            seed: key of the draws.
        """
        for view in range(self.num_views):
            if (self.folder / f"view-{view}.json").is_file():
                continue
            part = f".{os.getpid()}.part"
            files = [self.folder / f"view-{view}-{kind}" for kind in ("waveforms", "targets")]
            lengths: dict[str, list[int]] = {"waveforms": [], "targets": []}
            dim = 0
            with open(f"{files[0]}{part}", "wb") as waveforms, open(f"{files[1]}{part}", "wb") as targets:
                for row in tqdm(range(len(corpus)), desc=f"view {view + 1} of {self.num_views}", unit="clip"):
                    waveform = load_audio(corpus[row]["audio"], self.sampling_rate)
                    waveform = waveform if prepare is None else prepare(waveform)
                    if view > 0:
                        waveform = augmentation(waveform, np.random.default_rng([seed, view, row]))
                    waveform = np.clip(waveform, -1.0, 1.0)
                    waveforms.write((waveform * _FULL_SCALE).round().astype("<i2").tobytes())
                    lengths["waveforms"].append(len(waveform))
                    if teacher is not None:
                        said = teacher(waveform)
                        targets.write(said.astype("<f2").tobytes())
                        lengths["targets"].append(len(said))
                        dim = said.shape[1]
            for file in files:
                os.replace(f"{file}{part}", file)
            # last, because it says that the view is whole
            write_whole(self.folder / f"view-{view}.json", json.dumps(lengths | {"dim": dim}))

    def read(self, view: int, row: int) -> tuple[np.ndarray, np.ndarray | None]:
        """A view of a clip: waveform (samples,) float32, and targets (targets, dim) float32 or None."""
        if view not in self._open:
            shape = json.loads((self.folder / f"view-{view}.json").read_text(encoding="utf-8"))
            waveforms = np.memmap(self.folder / f"view-{view}-waveforms", "<i2", "r")
            targets = None
            if shape["dim"]:
                targets = np.memmap(self.folder / f"view-{view}-targets", "<f2", "r").reshape(-1, shape["dim"])
            ends = [np.cumsum([0, *shape[name]]) for name in ("waveforms", "targets")]
            self._open[view] = waveforms, ends[0], targets, ends[1]
        waveforms, starts, targets, target_starts = self._open[view]
        waveform = waveforms[starts[row] : starts[row + 1]].astype(np.float32) / np.float32(_FULL_SCALE)
        if targets is None:
            return waveform, None
        return waveform, targets[target_starts[row] : target_starts[row + 1]].astype(np.float32)

    def read_targets(self, view: int, row: int) -> np.ndarray:
        """A view's targets (targets, dim), float32.

        Raises:
            ValueError: if the store was rendered without a teacher.
        """
        targets = self.read(view, row)[1]
        if targets is None:
            raise ValueError(f"the views in {str(self.folder)!r} hold no targets; render them with a teacher")
        return targets

    def target_statistics(self, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (dim,) of the targets of some rows, view 0: the training rows, and no others."""
        total, squares, count = np.zeros(1), np.zeros(1), 0
        for row in rows:
            values = self.read_targets(0, row).astype(np.float64)
            total, squares, count = total + values.sum(0), squares + (values**2).sum(0), count + len(values)
        mean = total / count
        return mean, np.sqrt(np.maximum(squares / count - mean**2, 1e-8))


def fingerprint_of(corpus: datasets.Dataset, settings: Mapping[str, Any]) -> str:
    """Hash of the clips of a corpus, their names, order and content, and of the settings the views are made with."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for clip, audio in zip(corpus["clip"], corpus["audio"], strict=True):
        digest.update(clip.encode() + content_digest(audio))
    return digest.hexdigest()[:16]
