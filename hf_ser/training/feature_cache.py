"""Features of clips before normalisation, extracted once, kept on disk, and read by memory map."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..audio import load_audio
from ..features import SpectrogramFeatureExtractor
from ..version import __version__
from .clip_content import ContentKeys
from .clip_store import ClipStore, StoredArrays
from .clip_views import ClipViews

FORMAT = 1


class FeatureCache:
    """A folder of features, one entry for each clip and view, found by the content of the clip.

    Features are filed before normalisation, which is fitted on training speakers and differs from fold to fold: what
    lies here depends on its own clip and on settings alone, so all folds, seeds and sides of a split can share it.
    They are kept in single precision, since the batches made of them are then bit for bit those of the waveforms
    (half precision is off by 0.03 dB at most).

    Every combination of settings has a sub-folder of its own, named by its fingerprint; a clip whose file has changed
    has another key. So nothing stale is ever found, and nothing is ever deleted. Files are written under another name
    and renamed when they are whole. Several processes may use one folder: one renders, the others wait for it.

    Args:
        folder: where caches lie; made if missing.
        extractor: computes the features.
        max_frames: frames to crop clips to, as the extractor crops a call to its `num_frames`; None keeps whole clips.
        transform: for augmented views: called as `transform(waveform, generator)` with a generator keyed by
            (seed, view, content of the clip), so that a view does not depend on the clip's place in a dataset.
        transform_settings: JSON values that tell this transform from any other; of files and folders that they name,
            the content counts.
        seed: key of the draws of `transform`.

    Raises:
        TypeError: if the extractor cannot extract without normalising.
        ValueError: if a transform comes without settings.
    """

    def __init__(
        self,
        folder: str | Path,
        extractor: Any,
        *,
        max_frames: int | None = None,
        transform: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
        transform_settings: Any = None,
        seed: int = 0,
    ) -> None:
        if not isinstance(extractor, SpectrogramFeatureExtractor):
            raise TypeError(
                f"the extractor is {type(extractor).__name__}, expected a SpectrogramFeatureExtractor; "
                "train without feature_cache_dir, for this one's features cannot be cached (what a frozen speech "
                "encoder makes of them can: prefix_cache_dir)"
            )
        self.extractor, self.max_frames = extractor, max_frames
        self.views = ClipViews(ContentKeys(Path(folder) / "contents.json"), transform, transform_settings, seed)
        made_with: dict[str, Any] = {"format": FORMAT, "hf_ser": __version__, "extractor": extractor.raw_settings}
        made_with["max_frames"] = max_frames
        self.store = ClipStore(folder, made_with | self.views.made_with())
        self.folder = self.store.folder

    def features_of(
        self, audios: Sequence[Any], views: Sequence[int] = (0,), *, num_workers: int = 0, progress: bool = True
    ) -> StoredArrays:
        """Features of clips; those that are missing are extracted and filed first.

        Args:
            audios: entries of the column `audio`.
            views: numbers of the views wanted.
            num_workers: processes to extract with besides this one.
            progress: whether to show a bar while extracting.

        Returns:
            the features by view and clip, in the order given: (channels, bands, frames) float32 each.

        Raises:
            AudioError: if a clip cannot be read; the ones before it stay filed.
            OSError: likewise, or if the disk is full.
        """
        keys = self.views.keys_of(audios, views)
        clips = {key: audio for row in keys for key, audio in zip(row, audios, strict=True)}

        def extract(missing: list[str]) -> Iterator[tuple[str, np.ndarray]]:
            wanted = {key: clips[key] for key in missing}
            rate = self.extractor.sampling_rate
            for key, features in self.views.make_each(
                self._extract, wanted, rate, num_workers=num_workers, progress=progress
            ):
                yield key, features.numpy()

        return self.store.fetch(keys, extract)

    def _extract(self, waveform: np.ndarray) -> torch.Tensor:
        return self.extractor.extract_raw(waveform, self.extractor.sampling_rate, self.max_frames)

    def fit_normalization(self, extractor: SpectrogramFeatureExtractor, audios: Sequence[Any]) -> None:
        """Fit an extractor's normalisation on clips without reading the cached ones; give training clips only.

        Figures are those of the extractor's own `fit_normalization` on the same clips.

        Args:
            extractor: one with this cache's settings of the signal.
            audios: entries of the column `audio`.

        Raises:
            ValueError: if the extractor's settings of the signal are others.
        """
        ours, its = self.extractor.raw_settings, extractor.raw_settings
        if ours != its:
            differing = sorted(name for name in ours | its if ours.get(name) != its.get(name))
            raise ValueError(
                f"the extractor differs from the cache's in {differing}; make a cache with this extractor"
            )
        features = self.features_of(audios)
        extractor.fit_normalization_on(self._whole(features, index, audio) for index, audio in enumerate(audios))

    def _whole(self, features: StoredArrays, index: int, audio: Any) -> torch.Tensor:
        found = torch.from_numpy(features.read(0, index))
        if self.max_frames is None or found.shape[-1] < self.max_frames:
            return found
        # the figures are of whole clips, and this one may have been cropped
        rate = self.extractor.sampling_rate
        return self.extractor.extract_raw(load_audio(audio, rate), rate)


__all__ = ["FeatureCache"]
