"""What the frozen lower layers of a speech encoder make of clips, computed once, kept on disk, read by memory map."""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import SequenceFeatureExtractor

from ..version import __version__
from .clip_content import ContentKeys
from .clip_store import ClipStore, StoredArrays
from .clip_views import ClipViews
from .model_parts import model_parts

FORMAT = 1
# about a minute of Whisper-base on one core
PART_BYTES = 64 << 20
_TYPES = {"float16": "<f2", "float32": "<f4"}
# what to call things and where they came from
_NOT_SETTINGS = ("feature_extractor_type", "processor_class", "auto_map", "functionals", "return_attention_mask")


class PrefixCache:
    """A folder of hidden states, one entry for each clip and view, found by the content of the clip.

    What lies here depends on its own clip, on the weights below the first trained layer and on settings: a fingerprint
    of these names the sub-folder, so that other weights never find it, and all folds and seeds that freeze the same
    layers of the same encoder share it. Clips are encoded one at a time, in evaluation mode, so that an entry does not
    depend on what else was in its batch. See `ClipStore` for how files are written and shared.

    Args:
        folder: where caches lie; made if missing.
        model: a `SpeechEncoderForAudioClassification`, or another model with `compute_prefix` and `prefix_states`.
        extractor: its extractor.
        layers: how many of its layers, from the input up, are frozen for good.
        dtype: "float16" or "float32".
        autocast: the type that the model computes in while it trains, where that is another than its weights'.
        transform: for augmented views, see `ClipViews`.
        transform_settings: JSON values that tell this transform from any other.
        seed: key of the draws of `transform`.

    Raises:
        TypeError: if the model cannot go on from a prefix.
        ValueError: if the type is unknown, or a transform comes without settings.
    """

    def __init__(
        self,
        folder: str | Path,
        model: nn.Module,
        extractor: SequenceFeatureExtractor,
        layers: int,
        *,
        dtype: str = "float16",
        autocast: torch.dtype | None = None,
        transform: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
        transform_settings: Any = None,
        seed: int = 0,
        fingerprint: str | None = None,
    ) -> None:
        if dtype not in _TYPES:
            raise ValueError(f"dtype is {dtype!r}, expected one of {', '.join(_TYPES)}")
        self.model, self.layers, self.dtype, self.autocast = model, layers, dtype, autocast
        self.extractor = without_functionals(extractor)
        self.views = ClipViews(ContentKeys(Path(folder) / "contents.json"), transform, transform_settings, seed)
        settings = {name: value for name, value in extractor.to_dict().items() if name not in _NOT_SETTINGS}
        made_with = {
            "format": FORMAT,
            "hf_ser": __version__,
            "transformers": version("transformers"),
            "extractor": settings,
            "weights": fingerprint or prefix_fingerprint(model, layers),
            "layers": layers,
            "dtype": dtype,
            "autocast": None if autocast is None else str(autocast),
        }
        self.store = ClipStore(folder, made_with | self.views.made_with(), _TYPES[dtype], 1, PART_BYTES)
        self.folder = self.store.folder

    def features_of(
        self, audios: Sequence[Any], views: Sequence[int] = (0,), *, num_workers: int = 0, progress: bool = True
    ) -> StoredArrays:
        """Prefixes of clips; those that are missing are computed and filed first.

        Args:
            audios: entries of the column `audio`.
            views: numbers of the views wanted.
            num_workers: processes that read, augment and extract, besides this one, which runs the encoder.
            progress: whether to show a bar while encoding.

        Returns:
            the prefixes by view and clip, in the order given: (states, frames, features) each.

        Raises:
            AudioError: if a clip cannot be read; the ones before it stay filed.
            OSError: likewise, or if the disk is full.
            ValueError: if a state does not fit the cache's type.
        """
        keys = self.views.keys_of(audios, views)
        clips = {key: audio for row in keys for key, audio in zip(row, audios, strict=True)}

        def encode(missing: list[str]) -> Iterator[tuple[str, np.ndarray]]:
            wanted = {key: clips[key] for key in missing}
            rate = self.extractor.sampling_rate
            options: dict[str, Any] = {"num_workers": num_workers, "progress": progress, "what": "frozen layers"}
            model: Any = cast_once(self.model, self.autocast)
            with evaluating(model), torch.no_grad():
                for key, inputs in self.views.make_each(self._extract, wanted, rate, **options):
                    yield key, self._encode(model, inputs)

        return self.store.fetch(keys, encode)

    def _extract(self, waveform: np.ndarray) -> dict[str, torch.Tensor]:
        rate = self.extractor.sampling_rate
        return dict(self.extractor(waveform, sampling_rate=rate, return_tensors="pt"))

    def _encode(self, model: Any, inputs: Mapping[str, torch.Tensor]) -> np.ndarray:
        device = next(model.parameters()).device
        with torch.autocast(device.type, self.autocast, enabled=self.autocast is not None):
            prefix, mask = model.compute_prefix(
                self.layers, **{name: value.to(device) for name, value in inputs.items()}
            )
        real = prefix[0] if mask is None else prefix[0][:, mask[0].bool()]
        kept = real.float().cpu().to(getattr(torch, self.dtype))
        if not bool(torch.isfinite(kept).all()):
            raise ValueError(
                f"a hidden state goes up to {float(real.float().abs().max()):.3g}, which {self.dtype} cannot hold; "
                "set prefix_cache_dtype to 'float32' (--prefix_cache_dtype float32), or, if it is no number, check "
                "the encoder's weights"
            )
        return kept.numpy()


def prefix_fingerprint(model: nn.Module, layers: int) -> str:
    """Hash of all that decides what a model's prefix is: its weights below a layer, and the encoder's settings.

    Args:
        model: the model.
        layers: how many of its layers lie below.

    Raises:
        TypeError: if the model cannot go on from a prefix.
    """
    states = getattr(model, "prefix_states", None)
    if states is None or not hasattr(model, "compute_prefix"):
        raise TypeError(
            f"the model is {type(model).__name__}, expected a SpeechEncoderForAudioClassification: another one cannot "
            "go on from what its frozen layers gave; leave prefix_cache_dir out"
        )
    parts = model_parts(model)
    above = {*parts.head, *(name for layer in parts.layers[layers:] for name in layer)}
    if layers < len(parts.layers):
        above |= set(parts.top)
    config: Any = model.config
    encoder = {name: value for name, value in config.encoder_config.to_dict().items() if not name.startswith("_")}
    about = [encoder, getattr(config, "masked_group_norm", None), list(states(layers))]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        if name.startswith("encoder.") and name not in above:
            digest.update(name.encode())
            flat = tensor.detach().cpu().contiguous().reshape(-1)
            digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def cast_once(model: nn.Module, autocast: torch.dtype | None) -> nn.Module:
    """A copy of a model whose products need no cast under autocast: same answers, without a cast of every weight for
    every clip, which takes longer than a short clip itself.

    Args:
        model: the model.
        autocast: the type of autocast; None gives the model itself.
    """
    if autocast is None:
        return model
    lighter = copy.deepcopy(model)
    for module in lighter.modules():
        # a weight that is put together from others (weight norm) is put together in their type
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d) and not hasattr(module, "parametrizations"):
            module.to(autocast)
    return lighter


def without_functionals(extractor: SequenceFeatureExtractor) -> SequenceFeatureExtractor:
    """The same extractor, which does not spend time on functionals."""
    if getattr(extractor, "functionals", None) is None:
        return extractor
    plain = copy.copy(extractor)
    plain.functionals = None
    return plain


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode for a while, and each of its modules back into the mode that it was in."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


__all__ = ["PrefixCache", "prefix_fingerprint", "without_functionals"]
