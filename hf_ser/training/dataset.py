"""Corpus rows -> waveforms, read and augmented one at a time, wherever the data worker runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import datasets
import numpy as np
import torch

from ..audio import load_audio
from .clip_lengths import clip_seconds
from .sampling import draw_key
from .targets import EmotionTarget, Target

if TYPE_CHECKING:
    from .clip_voices import ClipVoices
    from .other_voices import OtherVoices

WaveformTransform = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Example(TypedDict):
    """One clip on its way to the collator.

    `draw` is (seed, epoch, row), and a further number where the clip is drawn again in the same epoch: all that random
    augmentation may depend on, so that a run can be repeated and resumed. A clip out of a `FeatureCache` has
    `features` (channels, bands, frames) in place of its waveform, one out of a `PrefixCache` `prefix` (states, frames,
    features). `labels` is a class index, or (num_labels,) float32
    where the target is several emotions or dimensions.
    """

    waveform: NotRequired[np.ndarray]
    labels: int | np.ndarray
    row_ids: int
    draw: tuple[int, ...]
    twin_waveform: NotRequired[np.ndarray]
    features: NotRequired[np.ndarray]
    twin_features: NotRequired[np.ndarray]
    prefix: NotRequired[np.ndarray]
    twin_prefix: NotRequired[np.ndarray]
    functionals: NotRequired[np.ndarray]
    twin_functionals: NotRequired[np.ndarray]
    speaker_embeddings: NotRequired[np.ndarray]
    twin_speaker_embeddings: NotRequired[np.ndarray]
    targets: NotRequired[torch.Tensor]
    soft_labels: NotRequired[torch.Tensor]


class SerDataset(torch.utils.data.Dataset):
    """The clips of some rows of a corpus as mono float32 waveforms, read lazily.

    Nothing is decoded before a worker asks for it and nothing is kept, so memory does not grow with the corpus. Random
    augmentation is keyed by (seed, epoch, row): it does not depend on the worker, the batch or the position in the
    epoch.

    Args:
        corpus: dataset with the columns `audio`, `speaker` and those that labels are read from (`emotion`), as
            `hf_ser.load_corpus` gives it.
        label2id: emotion name -> class index, as in the model's config; or a `Target`, such as `EmotionsTarget` for
            several emotions of each clip or `DimensionTarget` for values of dimensions.
        rows: the rows of the corpus to use; all of them by default.
        sampling_rate: rate of the waveforms, in Hz.
        augmentation: called as `augmentation(waveform, generator)`; for training sides only.
        max_seconds: longer clips are cut to a stretch of this length, drawn at random: for training sides only.
        seed: key of all random draws.

    Attributes:
        labels: of each row: class indices, or (rows, num_labels) float32.
        speakers: of each row.
        target: how labels were read.
        twin: called as `twin(waveform, generator)` with the augmented clip; makes each example's `twin_waveform`, for
            training sides of stability training. None for no twins.
        voices: speaker vectors of the clips, which make each example's `speaker_embeddings` (size,); None for none.

    Raises:
        ValueError: if the corpus lacks a column, or holds an emotion that `label2id` does not name.
    """

    def __init__(
        self,
        corpus: datasets.Dataset,
        label2id: Mapping[str, int],
        rows: Sequence[int] | None = None,
        *,
        sampling_rate: int = 16000,
        augmentation: WaveformTransform | None = None,
        max_seconds: float | None = None,
        seed: int = 0,
    ) -> None:
        self.target = label2id if isinstance(label2id, Target) else EmotionTarget(label2id)
        missing = [name for name in ("audio", "speaker", *self.target.columns) if name not in corpus.column_names]
        if missing:
            raise ValueError(
                f"the dataset lacks the column(s) {missing}; it has {corpus.column_names}. "
                "hf_ser.load_corpus gives them, or rename yours with dataset.rename_column(old, new)"
            )
        self.corpus = corpus
        self.rows = list(range(len(corpus))) if rows is None else [int(row) for row in rows]
        self.sampling_rate = sampling_rate
        self.augmentation = augmentation
        self.max_seconds = max_seconds
        self.seed = seed
        self.twin: WaveformTransform | None = None
        self.voices: ClipVoices | OtherVoices | None = None
        # shared memory: workers that outlive an epoch see the next one too
        self._epoch = torch.zeros(1, dtype=torch.int64).share_memory_()
        self.labels: Sequence[Any] = self.target.read(corpus, self.rows)
        speakers = list(corpus["speaker"])
        self.speakers = [speakers[row] for row in self.rows]

    def at_epoch(self, epoch: int) -> None:
        """Tell the dataset which epoch its augmentation is drawn for."""
        self._epoch[0] = epoch

    @property
    def epoch(self) -> int:
        """The epoch that augmentation is drawn for."""
        return int(self._epoch[0])

    def draw(self, index: int) -> tuple[int, ...]:
        """The key of all random draws for a clip in the current epoch; see `Example`."""
        return draw_key(self.seed, self.epoch, self.rows[index], index)

    @contextmanager
    def as_they_are(self) -> Iterator[None]:
        """Give clips as an evaluation side does for the time being: not augmented, and not cut."""
        kept = self.augmentation, self.max_seconds
        self.augmentation = self.max_seconds = None
        try:
            yield
        finally:
            self.augmentation, self.max_seconds = kept

    def add_twin(self, example: Example) -> Example:
        """Give an example its noisy twin, if twins are asked for."""
        if self.twin is not None:
            example["twin_waveform"] = self.twin(example["waveform"], np.random.default_rng([*example["draw"], 3]))
        return example

    def add_voice(self, example: Example, index: int, view: int = 0) -> Example:
        """Give an example its speaker's vector, where the dataset has these.

        Args:
            example: the example.
            index: its place in the dataset.
            view: the view that was drawn, where there are several.
        """
        if self.voices is not None:
            vectors = self.voices.heard(view, index, self.draw(index))
            example["speaker_embeddings"] = vectors[0]
            if len(vectors) > 1:
                example["twin_speaker_embeddings"] = vectors[1]
        return example

    def lengths(self) -> list[int]:
        """How long each clip is, in a unit of the dataset's own (here milliseconds), for batches of like length.

        Raises:
            AudioError: if a clip cannot be read.
        """
        return [round(1000 * clip_seconds(self.corpus[row]["audio"])) for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Example:
        row = self.rows[index]
        waveform = load_audio(self.corpus[row]["audio"], self.sampling_rate)
        draw = self.draw(index)
        generator = np.random.default_rng([*draw, 0])
        if self.augmentation is not None:
            waveform = self.augmentation(waveform, generator)
        if self.max_seconds is not None:
            length = max(1, round(self.max_seconds * self.sampling_rate))
            if len(waveform) > length:
                start = int(generator.integers(0, len(waveform) - length + 1))
                waveform = waveform[start : start + length]
        example: Example = {"waveform": waveform, "labels": self.labels[index], "row_ids": row, "draw": draw}
        return self.add_voice(self.add_twin(example), index)
