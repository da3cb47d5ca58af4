"""Training from a prefix cache: which layers it covers, and the datasets that read it."""

from collections.abc import Callable, Mapping
from typing import Any

import datasets
import torch
from transformers import PreTrainedModel, SequenceFeatureExtractor

from .arguments import SerTrainingArguments
from .cached_views import CachedViews, cached_views
from .dataset import WaveformTransform
from .freezing import Freezing
from .functionals_cache import FunctionalsCache
from .objective_choice import noisy_twin
from .prefix_cache import PrefixCache, prefix_fingerprint
from .prefix_dataset import PrefixCollator, PrefixDataset


class PrefixTraining:
    """What lies below the lowest layer that is trained in any epoch, computed once for each clip and view.

    Args:
        model: a `SpeechEncoderForAudioClassification`.
        extractor: its extractor.
        args: the settings of the run, `prefix_cache_dir` among them.
        layers: how many layers from the input up are trained in no epoch.

    Raises:
        TypeError: if the model cannot go on from a prefix.
    """

    def __init__(
        self, model: PreTrainedModel, extractor: SequenceFeatureExtractor, args: SerTrainingArguments, layers: int
    ) -> None:
        self.model, self.extractor, self.args, self.layers = model, extractor, args, layers
        self.fingerprint = prefix_fingerprint(model, layers)
        self.collator = PrefixCollator(extractor, layers)

    def dataset(
        self,
        corpus: datasets.Dataset,
        label2id: Mapping[str, int],
        *,
        training: bool,
        twin: WaveformTransform | None = None,
    ) -> PrefixDataset:
        """A side of a run; what is missing in the cache is computed first, on the device of the run.

        Evaluation sides get the clips as they are. Training sides get `args.prefix_cache_views` views: the first is
        the clip as it is, the others are augmented as `args.augmentation` says.

        Args:
            corpus: the rows.
            label2id: emotion name -> class index.
            training: whether this is the training side.
            twin: makes the noisy twins of stability training, see `cached_views`; None for none.

        Raises:
            AudioError: if a clip cannot be read.
        """
        self.fingerprint = prefix_fingerprint(self.model, self.layers)
        views, functionals = self._views(corpus, training, twin)
        return PrefixDataset(
            corpus,
            label2id,
            views=views,
            functionals=functionals,
            fingerprint=self.fingerprint,
            training=training,
            seed=self.args.seed,
            sampling_rate=self.extractor.sampling_rate,
        )

    def renew(self, *sides: Any) -> None:
        """Let datasets read what the model's weights give now, where these have changed since: another checkpoint may
        have been loaded. Any other datasets are left alone.
        """
        self.fingerprint = prefix_fingerprint(self.model, self.layers)
        for side in sides:
            if isinstance(side, dict):
                self.renew(*side.values())
            elif isinstance(side, PrefixDataset) and side.fingerprint != self.fingerprint:
                twin = noisy_twin(self.args, side.sampling_rate) if side.training else None
                side.views, side.functionals = self._views(side.corpus, side.training, twin)
                side.fingerprint = self.fingerprint

    def about(self) -> dict[str, Any]:
        """What is written down of the cache in a run's results."""
        states = self.model.prefix_states(self.layers)
        return {
            "layers": self.layers,
            "states": list(states),
            "dtype": self.args.prefix_cache_dtype,
            "views": self.args.prefix_cache_views,
            "weights": self.fingerprint[:16],
        }

    def _views(
        self, corpus: datasets.Dataset, training: bool, twin: WaveformTransform | None
    ) -> tuple[CachedViews, CachedViews | None]:
        args, audios, rate = self.args, list(corpus["audio"]), self.extractor.sampling_rate
        wanted = args.prefix_cache_views if training else 1
        self.model.to(args.device)

        def prefixes(transform: WaveformTransform | None, settings: Any) -> PrefixCache:
            return PrefixCache(
                str(args.prefix_cache_dir),
                self.model,
                self.extractor,
                self.layers,
                dtype=args.prefix_cache_dtype,
                autocast=autocast_type(args),
                transform=transform,
                transform_settings=settings,
                seed=args.seed,
                fingerprint=self.fingerprint,
            )

        def functionals(transform: WaveformTransform | None, settings: Any) -> FunctionalsCache:
            options: dict[str, Any] = {"transform": transform, "transform_settings": settings, "seed": args.seed}
            return FunctionalsCache(str(args.prefix_cache_dir), self.extractor, **options)

        def views_in(cache: Callable[[WaveformTransform | None, Any], Any]) -> CachedViews:
            return cached_views(cache, audios, args, wanted, rate, twin)

        reads = getattr(self.model.config, "functionals_size", 0) > 0
        return views_in(prefixes), views_in(functionals) if reads else None


def autocast_type(args: SerTrainingArguments) -> torch.dtype | None:
    """The type that the Trainer lets a model compute in."""
    return torch.bfloat16 if args.bf16 else torch.float16 if args.fp16 else None


def prefix_training(
    model: PreTrainedModel, extractor: Any, args: SerTrainingArguments, freezing: Freezing
) -> PrefixTraining | None:
    """What the settings of a run ask for; None if they ask for no prefix cache.

    Raises:
        TypeError: if the model cannot go on from a prefix.
        ValueError: if nothing lies below what is trained.
    """
    if args.prefix_cache_dir is None:
        return None
    layers = freezing.frozen_layers()
    if layers is None:
        raise ValueError(
            f"prefix_cache_dir is set, but with freeze={args.freeze} and unfreeze_at={args.unfreeze_at!r} what lies "
            "below the first layer is trained, so that nothing can be kept; freeze 'encoder', or 'embeddings' and the "
            "lower layers, or leave prefix_cache_dir out"
        )
    return PrefixTraining(model, extractor, args, layers)


__all__ = ["PrefixTraining", "autocast_type", "prefix_training"]
