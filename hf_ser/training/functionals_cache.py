"""Functionals of clips, such as eGeMAPS: computed once, kept on disk, and their figures fitted on training clips."""

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import SequenceFeatureExtractor

from ..audio import load_audio
from ..version import __version__
from .clip_content import ContentKeys
from .clip_store import ClipStore, StoredArrays
from .clip_views import ClipViews

FORMAT = 1
# settings of the extractor that functionals depend on
_SETTINGS = ("functionals", "sampling_rate", "trim_db", "trim_margin", "max_seconds")


class FunctionalsCache:
    """A folder of functionals, (88, 1) for each clip and view, found by the content of the clip; see `ClipStore`.

    Args:
        folder: where caches lie; made if missing.
        extractor: gives `functionals`.
        transform: for augmented views, see `ClipViews`.
        transform_settings: JSON values that tell this transform from any other.
        seed: key of the draws of `transform`.

    Raises:
        ValueError: if a transform comes without settings.
    """

    def __init__(
        self,
        folder: str | Path,
        extractor: SequenceFeatureExtractor,
        *,
        transform: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
        transform_settings: Any = None,
        seed: int = 0,
    ) -> None:
        self.extractor = extractor
        self.views = ClipViews(ContentKeys(Path(folder) / "contents.json"), transform, transform_settings, seed)
        made_with: dict[str, Any] = {"format": FORMAT, "hf_ser": __version__, "opensmile": _opensmile()}
        made_with |= {name: getattr(extractor, name, None) for name in _SETTINGS}
        self.store = ClipStore(folder, made_with | self.views.made_with())

    def features_of(
        self, audios: Sequence[Any], views: Sequence[int] = (0,), *, num_workers: int = 0, progress: bool = True
    ) -> StoredArrays:
        """Functionals of clips, (88, 1) each; see `PrefixCache.features_of`."""
        keys = self.views.keys_of(audios, views)
        clips = {key: audio for row in keys for key, audio in zip(row, audios, strict=True)}

        def compute(missing: list[str]) -> Iterator[tuple[str, np.ndarray]]:
            wanted = {key: clips[key] for key in missing}
            rate = self.extractor.sampling_rate
            options: dict[str, Any] = {"num_workers": num_workers, "progress": progress, "what": "functionals"}
            for key, functionals in self.views.make_each(self._extract, wanted, rate, **options):
                yield key, functionals.numpy()[:, None]

        return self.store.fetch(keys, compute)

    def _extract(self, waveform: np.ndarray) -> torch.Tensor:
        return functionals_of(self.extractor, waveform)


def functionals_of(extractor: SequenceFeatureExtractor, waveform: np.ndarray) -> torch.Tensor:
    """Functionals of one clip (samples,): (88,), not standardised."""
    return extractor(waveform, sampling_rate=extractor.sampling_rate, return_tensors="pt")["functionals"][0]


def fit_functionals(
    model: nn.Module, extractor: Any, audios: Sequence[Any], folder: str | None = None, **options: Any
) -> bool:
    """Give a new model the mean and the standard deviation of functionals, by which it standardises them.

    A model that has these figures already, as a trained one has, keeps them.

    Args:
        model: the model.
        extractor: its extractor.
        audios: entries of the column `audio` of training clips, and of no others.
        folder: where functionals are kept; None keeps none.
        **options: `num_workers` and `progress`, see `FunctionalsCache.features_of`.

    Returns:
        whether figures were fitted.

    Raises:
        ValueError: if the model reads functionals and the extractor gives none.
    """
    mean, std = getattr(model, "functionals_mean", None), getattr(model, "functionals_std", None)
    if mean is None or std is None or bool(mean.any()) or not bool((std == 1).all()):
        return False
    if getattr(extractor, "functionals", None) is None:
        raise ValueError(
            f"the model reads {len(mean)} functionals, but the extractor gives none (functionals=None); set "
            "functionals='egemaps_v02' in feature_config, or functionals_size=0 in the model's config"
        )
    if folder is not None:
        kept = FunctionalsCache(folder, extractor).features_of(audios, **options)
        values = np.stack([kept.read(0, index)[:, 0] for index in range(len(audios))])
    else:
        rate = extractor.sampling_rate
        values = np.stack([functionals_of(extractor, load_audio(audio, rate)).numpy() for audio in audios])
    spread = values.std(axis=0, dtype=np.float64)
    with torch.no_grad():
        mean.copy_(torch.from_numpy(values.mean(axis=0, dtype=np.float64)))
        # what never varies says nothing, and must not be blown up by another voice
        std.copy_(torch.from_numpy(np.where(spread > 1e-8, spread, 1.0)))
    return True


def _opensmile() -> str | None:
    try:
        return version("opensmile")
    except PackageNotFoundError:
        return None


__all__ = ["FunctionalsCache", "fit_functionals", "functionals_of"]
