"""Augmented views of a corpus, rendered once, with what a teacher says of each, and read by memory map afterwards."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from tqdm.auto import tqdm

from ..audio import load_audio
from .dataset import Example, SerDataset, WaveformTransform

logger = logging.getLogger(__name__)
_FULL_SCALE = 32767.0


class ViewStore:
    """The views of every clip of a corpus in one folder: waveforms (16 bit) and teacher targets (half precision).

    View 0 is the clip as it is; view v > 0 is augmented with a generator keyed by (seed, v, row), so a store does not
    depend on who renders it or in how many sittings: a view is written whole or not at all. Whatever the views depend
    on goes into a fingerprint, and a folder with another fingerprint is refused.

    Args:
        folder: where the store lies.
        fingerprint: hash of what the views depend on, see `fingerprint_of`.
        num_views: views of each clip.
        sampling_rate: rate of the waveforms in Hz.
        target_seconds: span of one target.

    Raises:
        ValueError: if the folder holds a store made with other settings.
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
        stamp = self.folder / "fingerprint.json"
        if stamp.is_file():
            found = json.loads(stamp.read_text(encoding="utf-8"))["fingerprint"]
            if found != fingerprint:
                raise ValueError(
                    f"the views in {str(folder)!r} were made with other clips or settings (fingerprint {found}, "
                    f"expected {fingerprint}); name another folder, or delete that one"
                )
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
            stamp.write_text(json.dumps({"fingerprint": fingerprint}) + "\n", encoding="utf-8")

    def render(
        self,
        corpus: datasets.Dataset,
        augmentation: WaveformTransform,
        teacher: Callable[[np.ndarray], np.ndarray] | None,
        prepare: Callable[[np.ndarray], np.ndarray] | None = None,
        *,
        seed: int = 0,
    ) -> None:
        """Render the views that are missing, with a progress bar.

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
            waveforms, targets = [], []
            for row in tqdm(range(len(corpus)), desc=f"view {view + 1} of {self.num_views}", unit="clip"):
                waveform = load_audio(corpus[row]["audio"], self.sampling_rate)
                waveform = waveform if prepare is None else prepare(waveform)
                if view > 0:
                    waveform = augmentation(waveform, np.random.default_rng([seed, view, row]))
                waveform = np.clip(waveform, -1.0, 1.0)
                waveforms.append((waveform * _FULL_SCALE).round().astype(np.int16))
                if teacher is not None:
                    targets.append(teacher(waveform).astype(np.float16))
            self._write(view, waveforms, targets)

    def _write(self, view: int, waveforms: list[np.ndarray], targets: list[np.ndarray]) -> None:
        lengths = {"waveforms": [len(item) for item in waveforms], "targets": [len(item) for item in targets]}
        np.save(self.folder / f"view-{view}-waveforms.npy", np.concatenate(waveforms))
        if targets:
            np.save(self.folder / f"view-{view}-targets.npy", np.concatenate(targets))
        # written last: it says that the view is whole
        (self.folder / f"view-{view}.json").write_text(json.dumps(lengths), encoding="utf-8")

    def read(self, view: int, row: int) -> tuple[np.ndarray, np.ndarray | None]:
        """A view of a clip: waveform (samples,) float32, and targets (targets, dim) float32 or None."""
        waveforms, targets = self._maps(view)
        waveform = _slice(*waveforms, row).astype(np.float32) / np.float32(_FULL_SCALE)
        return waveform, None if targets is None else _slice(*targets, row).astype(np.float32)

    def _maps(self, view: int) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray] | None]:
        if not hasattr(self, "_open"):
            self._open: dict[int, Any] = {}
        if view not in self._open:
            lengths = json.loads((self.folder / f"view-{view}.json").read_text(encoding="utf-8"))
            self._open[view] = tuple(
                (np.load(self.folder / f"view-{view}-{name}.npy", mmap_mode="r"), np.cumsum([0, *lengths[name]]))
                if lengths[name]
                else None
                for name in ("waveforms", "targets")
            )
        return self._open[view]

    def target_statistics(self, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (dim,) of the targets of some rows, view 0: the training rows, and no others."""
        total, squares, count = 0.0, 0.0, 0
        for row in rows:
            targets = self.read(0, row)[1]
            if targets is None:
                raise ValueError(f"the views in {str(self.folder)!r} hold no targets; render them with a teacher")
            values = targets.astype(np.float64)
            total, squares, count = total + values.sum(0), squares + (values**2).sum(0), count + len(values)
        mean = np.asarray(total) / count
        return mean, np.sqrt(np.maximum(np.asarray(squares) / count - mean**2, 1e-8))


def _slice(values: np.ndarray, ends: np.ndarray, row: int) -> np.ndarray:
    return values[ends[row] : ends[row + 1]]


def fingerprint_of(corpus: datasets.Dataset, settings: Mapping[str, Any]) -> str:
    """Hash of the clips of a corpus, in order, and of the settings the views were made with."""
    text = json.dumps({"clips": list(corpus["clip"]), "settings": settings}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class ViewDataset(SerDataset):
    """Clips of a corpus, a view drawn for each epoch and row from a `ViewStore`; for training sides.

    Args:
        store: the rendered views.
        corpus: the corpus they were rendered from.
        label2id: emotion name -> class index.
        rows: the rows of the corpus to use.
        max_seconds: longer views are cut to a random stretch of this length, at the border of two targets.
        soft_labels: logits (views, rows, num_labels) of a teacher, in the order of `rows`.
        seed: key of the draws.
    """

    def __init__(
        self,
        store: ViewStore,
        corpus: datasets.Dataset,
        label2id: Mapping[str, int],
        rows: Sequence[int] | None = None,
        *,
        max_seconds: float | None = None,
        soft_labels: np.ndarray | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(corpus, label2id, rows, sampling_rate=store.sampling_rate, max_seconds=max_seconds, seed=seed)
        self.store, self.soft_labels = store, soft_labels

    def __getitem__(self, index: int) -> Example:
        row = self.rows[index]
        draw = (self.seed, int(self._epoch[0]), row)
        generator = np.random.default_rng([*draw, 0])
        view = int(generator.integers(0, self.store.num_views))
        waveform, targets = self.store.read(view, row)
        if self.max_seconds is not None:
            waveform, targets = self._stretch(waveform, targets, generator)
        example: Example = {"waveform": waveform, "labels": self.labels[index], "row_ids": row, "draw": draw}
        if targets is not None:
            example["targets"] = torch.from_numpy(targets)
        if self.soft_labels is not None:
            example["soft_labels"] = torch.from_numpy(self.soft_labels[view, index])
        return example

    def _stretch(
        self, waveform: np.ndarray, targets: np.ndarray | None, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Cut a random stretch, waveform and targets alike."""
        span = self.store.samples_per_target
        wanted = max(1, round((self.max_seconds or 0.0) * self.sampling_rate / span))
        available = -(-len(waveform) // span)
        if available <= wanted:
            return waveform, targets
        first = int(generator.integers(0, available - wanted + 1))
        cut = waveform[first * span : (first + wanted) * span]
        return cut, None if targets is None else targets[first : first + wanted]
