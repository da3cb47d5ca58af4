"""Configuration of a pretrained speech encoder with an emotion head."""

from typing import Any, ClassVar

from huggingface_hub.dataclasses import strict
from transformers import AutoConfig, PreTrainedConfig

HEADS = ("mean_tanh", "weighted_sum", "attentive_statistics", "statistics", "vgg", "lstm", "gru")
REFERENCES = ("standardise", "film")
_ALL_STATES, _ALL_LAYERS = ("weighted_sum",), ("vgg",)
# seconds that one of Whisper's positions stands for: two frames of its log-mel, 10 ms each
_WHISPER_POSITION = 0.02


@strict
class SpeechEncoderConfig(PreTrainedConfig):
    r"""Settings of a transformers speech encoder and of the head that reads emotions from its hidden states.

    States are counted as transformers counts `hidden_states`: 0 is what the first layer reads, k what layer k gives.
    The state of the encoder's own last layer is its `last_hidden_state`, after the final norm where there is one.

    Args:
        encoder_config: Configuration of the encoder, as object or as dictionary with its `model_type`; HuBERT-base
            if left out. LayerDrop is switched off in it: the head needs every layer's state at every step.
        head: What stands on the encoder; see `hf_ser.models.speech_encoder.heads`.
        num_encoder_layers: Layers of the encoder to keep, counted from below; None keeps those up to the highest
            state that the head reads. What is not kept is neither computed nor saved. A kept lower part has no final
            norm, so that its states are those of the whole encoder.
        layers: States that the head reads, in this order; negative ones count from the end of the layers kept. None:
            the last one, all of them for "weighted_sum", all but state 0 for "vgg".
        head_hidden_size: Units of the layer before the classes; 0 leaves it out where the head can do without.
        head_dropout: Dropout in the head.
        head_config: What only this head knows.
        normalize_layers: Whether each state that the head reads is normalised over its features, without weights.
        functionals_size: Number of functionals that the head reads beside the encoder, 88 for eGeMAPS; 0 for none.
        reference: How other clips of the same voice change what the classifier reads: "standardise" subtracts the
            voice's offset and divides by its spread, as far as so few clips can be believed, which is learned; "film"
            learns a scale and a shift of every feature from the offset. Without clips of reference either answers as
            if it were not there. None: the model takes no references.
        masked_group_norm: Whether the group norm of HuBERT-base and wav2vec2-base takes its statistics over real
            samples only, so that padding changes no answer. False: over padding too, as transformers does.
        max_seconds: Longest clip in s that the encoder can take; None: what Whisper's positions hold (30 s), no
            limit for the others.

    Raises:
        ValueError: If a value is out of its range, or the encoder is described by something else.

    Example:
        ```python
        >>> from transformers import WhisperConfig
        >>> from hf_ser import SpeechEncoderConfig
        >>> config = SpeechEncoderConfig(encoder_config=WhisperConfig(), layers=[2, -1], num_encoder_layers=3)
        >>> config.read_states
        [2, 3]
        ```
    """

    model_type = "ser_speech_encoder"
    sub_configs: ClassVar[dict[str, type]] = {"encoder_config": AutoConfig}

    # a configuration object once built; Any, since what it is read from may be a dictionary
    encoder_config: Any = None
    head: str = "mean_tanh"
    num_encoder_layers: int | None = None
    layers: list[int] | None = None
    head_hidden_size: int = 256
    head_dropout: float | int = 0.1
    head_config: dict | None = None
    normalize_layers: bool = False
    functionals_size: int = 0
    reference: str | None = None
    masked_group_norm: bool = True
    max_seconds: float | int | None = None

    def __post_init__(self, **kwargs: Any) -> None:
        self.encoder_config = _as_encoder_config(self.encoder_config)
        self.head_config = {} if self.head_config is None else self.head_config
        self._check_values()
        for name in ("layerdrop", "encoder_layerdrop"):
            if getattr(self.encoder_config, name, None):
                setattr(self.encoder_config, name, 0.0)
        if self.max_seconds is None and self.encoder_config.model_type == "whisper":
            self.max_seconds = self.encoder_config.max_source_positions * _WHISPER_POSITION
        super().__post_init__(**kwargs)

    def _check_values(self) -> None:
        if self.head not in HEADS:
            raise ValueError(f"got head={self.head!r}, expected one of {', '.join(map(repr, HEADS))}")
        if self.reference is not None and self.reference not in REFERENCES:
            raise ValueError(
                f"got reference={self.reference!r}, expected {', '.join(map(repr, REFERENCES))}, or None for a model "
                "that takes no references"
            )
        for name in ("hidden_size", "num_hidden_layers"):
            if not isinstance(getattr(self.encoder_config, name, None), int):
                raise ValueError(
                    f"got an encoder_config of model type {self.encoder_config.model_type!r} without {name}, expected "
                    "that of a speech encoder with layers, e.g. hubert, wav2vec2, wavlm or whisper"
                )
        if self.num_encoder_layers is not None and not 1 <= self.num_encoder_layers <= self._all_layers:
            raise ValueError(
                f"got num_encoder_layers={self.num_encoder_layers}, expected 1 to {self._all_layers}, the encoder's "
                "layers"
            )
        if self.head_hidden_size < 0 or self.functionals_size < 0:
            raise ValueError(
                f"got head_hidden_size={self.head_hidden_size} and functionals_size={self.functionals_size}, expected "
                "0 or more"
            )
        if not 0 <= self.head_dropout < 1:
            raise ValueError(f"got head_dropout={self.head_dropout}, expected a probability from 0 to below 1")
        if self.max_seconds is not None and self.max_seconds <= 0:
            raise ValueError(f"got max_seconds={self.max_seconds}, expected more than 0 s, or None for no limit")
        self.read_states  # noqa: B018 - raises where a state is out of range

    def to_dict(self) -> dict[str, Any]:
        """The settings, as saved in config.json; where the encoder once came from is not among them."""
        output = super().to_dict()
        if isinstance(output.get("encoder_config"), dict):
            output["encoder_config"].pop("_name_or_path", None)
        return output

    @property
    def _all_layers(self) -> int:
        return int(self.encoder_config.num_hidden_layers)

    @property
    def read_states(self) -> list[int]:
        """States that the head reads, in its order and counted from 0.

        Raises:
            ValueError: If `layers` is empty, names a state twice or one that is not there.
        """
        top = self._all_layers if self.num_encoder_layers is None else self.num_encoder_layers
        if self.layers is None:
            first = 0 if self.head in _ALL_STATES else 1 if self.head in _ALL_LAYERS else top
            return list(range(first, top + 1))
        for state in self.layers:
            if not -top - 1 <= state <= top:
                raise ValueError(
                    f"got {state} in layers={self.layers}, expected states from 0 to {top}, or {-top - 1} to -1 "
                    f"counted from the end: {top} layers are kept of the encoder's {self._all_layers}"
                )
        states = [state % (top + 1) for state in self.layers]
        if not states or len(set(states)) < len(states):
            raise ValueError(f"got layers={self.layers}, expected one state or more, each of them once")
        return states

    @property
    def encoder_depth(self) -> int:
        """Layers of the encoder that are kept: `num_encoder_layers`, or up to the highest state that is read."""
        return max(1, *self.read_states) if self.num_encoder_layers is None else self.num_encoder_layers

    @property
    def is_truncated(self) -> bool:
        """Whether upper layers of the encoder, and with them its final norm, are left out."""
        return self.encoder_depth < self._all_layers


def _as_encoder_config(value: PreTrainedConfig | dict | None) -> PreTrainedConfig:
    """An encoder's configuration from what a user or a JSON file gives."""
    if isinstance(value, PreTrainedConfig):
        return value
    if value is None:
        return AutoConfig.for_model("hubert")
    settings = dict(value)
    model_type = settings.pop("model_type", None)
    if model_type is None:
        raise ValueError(
            "got an encoder_config without model_type, expected e.g. {'model_type': 'hubert', ...}; or pass the "
            "encoder's own configuration object"
        )
    return AutoConfig.for_model(model_type, **settings)


__all__ = ["HEADS", "REFERENCES", "SpeechEncoderConfig"]
