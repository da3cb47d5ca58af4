"""Configuration of the speaker-conditioned CCT: a spectrogram transformer that is told whose voice it hears."""

from typing import Any, ClassVar

from huggingface_hub.dataclasses import strict
from transformers import AutoConfig, PreTrainedConfig

from .configuration_cct import CctConfig
from .variants_cct import split_speaker_variant

FUSIONS = ("pair", "token", "speaker_token")


@strict
class SpeakerCctConfig(CctConfig):
    r"""Settings of a CCT that reads a speaker vector beside the spectrogram (Speaker VGG CCT, arXiv 2211.02366).

    Args:
        fusion: Where the two meet. "pair": the pooled image and the speaker vector go through one more block, whose
            first position is classified. "token": the speaker vector is token 0 of the transformer, and all tokens
            are pooled. "speaker_token": as "token", but token 0 itself is classified.
        speaker_embedding_dim: Size of the speaker vectors; None for that of the speaker encoder's embeddings, or
            `hidden_size` without an encoder. A learned projection leads to `hidden_size` where it differs, and the
            vector enters as it is where it does not, as published.
        normalize_speaker_embeddings: Whether vectors are scaled to length sqrt(size), elements of about 1, before the
            projection; None for yes where there is one. Lengths of common encoders' vectors lie far apart (1 to 300).
        speaker_dropout: Share of clips whose speaker vector is withheld in training, where a learned vector of an
            unknown speaker stands in for it; context vectors are withheld likewise, each on its own. With 0 the
            unknown speaker's vector is not trained, and zero in a new model: the mean of vectors that are centred.
        context_sizes: Sizes of further vectors that become tokens after the speaker's, such as those of a sex and a
            corpus embedder in the original, or of one-hot categories; None for none.
        speaker_reduction_dim: Size that speaker vectors are reduced to by a frozen linear map, fitted on training
            vectors by `fit_speaker_reduction` (PCA to 384 in the original); None for no reduction.
        speaker_encoder_config: Configuration of the speaker encoder that the model owns, as object or as dictionary
            with its `model_type`; None for a model that is only given vectors.

    All other settings are those of `CctConfig`; `pooling` is "sequence".

    Raises:
        ValueError: If a value is out of its range, or sizes do not fit together.

    Example:
        ```python
        >>> from hf_ser import SpeakerCctConfig
        >>> config = SpeakerCctConfig.from_variant("cct_7_3x1_32", fusion="token", speaker_embedding_dim=192)
        >>> config.num_tokens
        257
        ```
    """

    model_type = "ser_speaker_cct"
    sub_configs: ClassVar[dict[str, type]] = {"speaker_encoder_config": AutoConfig}

    fusion: str = "token"
    speaker_embedding_dim: int | None = None
    normalize_speaker_embeddings: bool | None = None
    speaker_dropout: float | int = 0.1
    context_sizes: list[int] | None = None
    speaker_reduction_dim: int | None = None
    # a configuration object once built; Any, since what it is read from may be a dictionary
    speaker_encoder_config: Any = None

    @classmethod
    def from_variant(cls, name: str, **overrides: Any) -> "SpeakerCctConfig":
        """Build the configuration of a published model, or of any CCT size with a speaker vector.

        Args:
            name: "speaker_vgg_cct_14_7x2_224" (pair), "speaker_vgg_cct_end_to_end_14_7x2_224" (token),
                "speaker_vgg_cct_end_to_end_speaker_token_14_7x2_224" (speaker_token), the same with another CCT size
                in the place of `14_7x2_224`, or a name of `CctConfig.from_variant` such as "cct_7_3x1_32". The first
                three kinds are without speaker dropout and have 10 classes, as published.
            **overrides: Any field of `SpeakerCctConfig` (also `num_labels`, `id2label` or `label2id`) to set
                differently.

        Returns:
            The configuration.

        Raises:
            ValueError: As `CctConfig.from_variant`.
        """
        trunk, fusion = split_speaker_variant(name)
        settings: dict[str, Any] = {}
        if fusion is not None:
            settings = {"fusion": fusion, "speaker_dropout": 0.0}
            if not {"num_labels", "id2label", "label2id"} & overrides.keys():
                settings["num_labels"] = 10
        return super().from_variant(trunk, **(settings | overrides))  # type: ignore[return-value]

    @classmethod
    def from_dict(cls, config_dict: dict[str, Any], **kwargs: Any) -> Any:
        """Build the configuration from stored settings, as `from_pretrained` does of configurations and models.

        Args:
            config_dict: The settings.
            **kwargs: Settings that win over the stored ones.

        Returns:
            The configuration (with the settings it does not know if `return_unused_kwargs=True`).

        Raises:
            ValueError: If the settings are those of a plain CCT, or out of range.
        """
        if config_dict.get("model_type") == CctConfig.model_type:
            raise ValueError(
                f"got the configuration of a plain CCT (model type {CctConfig.model_type!r}), expected that of a "
                f"speaker-conditioned one ({cls.model_type!r}); to start from a trained CCT, build the model from "
                "SpeakerCctConfig.from_variant of the same size, and hf_ser.transfer_from_cct(model, folder) carries "
                "over all that the two share"
            )
        return super().from_dict(config_dict, **kwargs)

    def __post_init__(self, **kwargs: Any) -> None:
        self.speaker_encoder_config = _as_config(self.speaker_encoder_config)
        if self.speaker_embedding_dim is None:
            self.speaker_embedding_dim = self._encoder_size or self.hidden_size
        super().__post_init__(**kwargs)
        if self.normalize_speaker_embeddings is None:
            self.normalize_speaker_embeddings = self.token_sizes[0] != self.hidden_size

    def _check_values(self) -> None:
        super()._check_values()
        if self.fusion not in FUSIONS:
            raise ValueError(f"got fusion={self.fusion!r}, expected one of {', '.join(map(repr, FUSIONS))}")
        if self.pooling != "sequence":
            raise ValueError(
                f"got pooling={self.pooling!r}, expected 'sequence': the speaker's token takes the class token's place"
            )
        if not 0 <= self.speaker_dropout < 1:
            raise ValueError(f"got speaker_dropout={self.speaker_dropout}, expected a share from 0 to below 1")
        self._check_sizes()

    def _check_sizes(self) -> None:
        size, known = int(self.speaker_embedding_dim or 0), self._encoder_size
        if known not in (None, size):
            raise ValueError(
                f"got speaker_embedding_dim={size}, but the speaker encoder gives embeddings of size {known}; leave "
                "speaker_embedding_dim out"
            )
        if min([size, *self._contexts]) < 1:
            raise ValueError(
                f"got speaker_embedding_dim={size} and context_sizes={self.context_sizes}, expected sizes of 1 or more"
            )
        if self.speaker_reduction_dim is not None and not 1 <= self.speaker_reduction_dim <= size:
            raise ValueError(
                f"got speaker_reduction_dim={self.speaker_reduction_dim}, expected 1 to {size}, the size of the "
                "speaker vectors, or None"
            )

    def to_dict(self) -> dict[str, Any]:
        """The settings, as saved in config.json; where the speaker encoder once came from is not among them."""
        output = super().to_dict()
        if isinstance(output.get("speaker_encoder_config"), dict):
            output["speaker_encoder_config"].pop("_name_or_path", None)
        return output

    @property
    def _encoder_size(self) -> int | None:
        """Size of the speaker encoder's embeddings; None without one."""
        if self.speaker_encoder_config is None:
            return None
        # it needs torch, which a configuration does without
        from ..speaker_encoder.embedding_speakers import speaker_embedding_size

        return speaker_embedding_size(self.speaker_encoder_config)

    @property
    def _contexts(self) -> list[int]:
        """`context_sizes`, empty where there are none."""
        return list(self.context_sizes or [])

    @property
    def token_sizes(self) -> list[int]:
        """Sizes of the vectors that become tokens: the speaker's after its reduction, then the context's."""
        speaker = self.speaker_embedding_dim if self.speaker_reduction_dim is None else self.speaker_reduction_dim
        return [int(speaker or 0), *self._contexts]

    @property
    def num_leading_tokens(self) -> int:
        """Tokens before those of the image: the speaker's and the context's, none where they meet it after pooling."""
        return 0 if self.fusion == "pair" else len(self.token_sizes)


def _as_config(value: PreTrainedConfig | dict | None) -> PreTrainedConfig | None:
    """A speaker encoder's configuration from what a user or a JSON file gives."""
    if value is None or isinstance(value, PreTrainedConfig):
        return value
    settings = dict(value)
    model_type = settings.pop("model_type", None)
    if model_type is None:
        raise ValueError(
            "got a speaker_encoder_config without model_type, expected e.g. {'model_type': 'ser_ecapa_tdnn', ...}; or "
            "pass the encoder's own configuration object"
        )
    return AutoConfig.for_model(model_type, **settings)


__all__ = ["FUSIONS", "SpeakerCctConfig"]
