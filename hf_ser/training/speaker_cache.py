"""Speaker vectors of clips: computed once by a frozen speaker encoder, kept on disk, and read by memory map."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..version import __version__
from .clip_content import ContentKeys
from .clip_store import ClipStore, StoredArrays
from .clip_views import ClipViews

FORMAT = 1
# what to call things and where they came from; and the mask, which is always asked for
_NOT_SETTINGS = ("processor_class", "auto_map", "return_attention_mask")
_NOT_ENCODER = ("transformers_version", "architectures", "dtype", "torch_dtype")


class SpeakerCache:
    """A folder of speaker vectors, (size, 1) for each clip and view, found by the clip's content; see `ClipStore`.

    What lies here depends on its own clip, on the encoder's weights and on the settings of its extractor, so that all
    folds, seeds and models with the same speaker encoder share it. Clips are embedded one at a time. Vectors are filed
    as the encoder gives them, before anything is fitted on them; zeros stand for a clip that is too short for it.

    Args:
        folder: where caches lie; made if missing.
        model: a `SpeakerCctForAudioClassification` with a speaker encoder, or another model with `speaker_encoder` and
            `get_speaker_embeddings`.
        extractor: its extractor.
        transform: for augmented views, see `ClipViews`.
        transform_settings: JSON values that tell this transform from any other.
        seed: key of the draws of `transform`.
        fingerprint: of the encoder, see `encoder_fingerprint`, where that is known already.

    Raises:
        TypeError: if the extractor gives nothing for a speaker encoder.
        ValueError: if the model has no speaker encoder, or a transform comes without settings.
    """

    def __init__(
        self,
        folder: str | Path,
        model: nn.Module,
        extractor: Any,
        *,
        transform: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
        transform_settings: Any = None,
        seed: int = 0,
        fingerprint: str | None = None,
    ) -> None:
        if getattr(extractor, "speaker_extractor", None) is None:
            raise TypeError(
                f"the extractor is {type(extractor).__name__} without a speaker_extractor, expected a "
                "SpeakerSpectrogramFeatureExtractor with that of the model's speaker encoder, such as "
                "SpeakerSpectrogramFeatureExtractor(EcapaTdnnFeatureExtractor(), ...)"
            )
        encoder = getattr(model, "speaker_encoder", None)
        if encoder is None:
            raise ValueError(
                f"the {type(model).__name__} has no speaker encoder to embed clips with; give it one with "
                "model.set_speaker_encoder(folder or model)"
            )
        self.model: Any = model
        self.extractor = extractor
        self.views = ClipViews(ContentKeys(Path(folder) / "contents.json"), transform, transform_settings, seed)
        settings = extractor.speaker_extractor.to_dict()
        made_with = {
            "format": FORMAT,
            "hf_ser": __version__,
            "transformers": version("transformers"),
            "speaker_extractor": {name: value for name, value in settings.items() if name not in _NOT_SETTINGS},
            "weights": fingerprint or encoder_fingerprint(encoder),
        }
        self.store = ClipStore(folder, made_with | self.views.made_with())
        self.folder = self.store.folder

    def features_of(
        self, audios: Sequence[Any], views: Sequence[int] = (0,), *, num_workers: int = 0, progress: bool = True
    ) -> StoredArrays:
        """Speaker vectors of clips; those that are missing are computed and filed first.

        Args:
            audios: entries of the column `audio`.
            views: numbers of the views wanted.
            num_workers: processes that read, augment and extract, besides this one, which runs the encoder.
            progress: whether to show a bar while embedding.

        Returns:
            the vectors by view and clip, in the order given: (size, 1) float32 each.

        Raises:
            AudioError: if a clip cannot be read; the ones before it stay filed.
            OSError: likewise, or if the disk is full.
        """
        keys = self.views.keys_of(audios, views)
        clips = {key: audio for row in keys for key, audio in zip(row, audios, strict=True)}

        def embed(missing: list[str]) -> Iterator[tuple[str, np.ndarray]]:
            wanted = {key: clips[key] for key in missing}
            rate = self.extractor.sampling_rate
            options: dict[str, Any] = {"num_workers": num_workers, "progress": progress, "what": "speaker vectors"}
            for key, inputs in self.views.make_each(self._extract, wanted, rate, **options):
                vector = self.model.get_speaker_embeddings(**inputs)
                yield key, vector.float().cpu().numpy().T

        return self.store.fetch(keys, embed)

    def _extract(self, waveform: np.ndarray) -> dict[str, torch.Tensor]:
        return self.extractor.speaker_inputs(waveform)


def encoder_fingerprint(encoder: nn.Module) -> str:
    """Hash of all that decides what a speaker encoder gives: its weights and its settings.

    Args:
        encoder: the encoder, a model of transformers.
    """
    config: Any = encoder.config
    settings = {
        name: value
        for name, value in config.to_dict().items()
        if not name.startswith("_") and name not in _NOT_ENCODER
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for name, tensor in sorted(encoder.state_dict().items()):
        digest.update(f"{name} {tensor.dtype}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


__all__ = ["SpeakerCache", "encoder_fingerprint"]
