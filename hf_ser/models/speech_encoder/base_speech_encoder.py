"""What the speech encoder models with and without a head share."""

import torch
from torch import nn
from transformers import PreTrainedModel

from ..loading_report import StrictLoadingMixin
from .configuration_speech_encoder import SpeechEncoderConfig
from .encoders import EncoderRunner, build_encoder, runner_for


class SpeechEncoderPreTrainedModel(StrictLoadingMixin, PreTrainedModel):
    """The encoder of transformers, run so that padding changes nothing; what models with and without head share.

    Args:
        config: Its configuration.
        encoder: A loaded encoder to use instead of a fresh one, whose configuration is `config.encoder_config`.
    """

    config: SpeechEncoderConfig
    config_class = SpeechEncoderConfig
    base_model_prefix = "encoder"
    main_input_name = "input_values"
    input_modalities = ("audio",)
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True

    def __init__(self, config: SpeechEncoderConfig, encoder: PreTrainedModel | None = None) -> None:
        super().__init__(config)
        self.encoder = build_encoder(config.encoder_config, config.encoder_depth) if encoder is None else encoder
        self.main_input_name = self.encoder.main_input_name

    @property
    def runner(self) -> EncoderRunner:
        """Runs the encoder layer by layer."""
        return runner_for(self.config.encoder_config, self.config.masked_group_norm)

    @property
    def encoder_layers(self) -> nn.ModuleList:
        """The encoder's layers that are kept, from below; a ValueError where its family is unknown."""
        return self.runner.layers(self.encoder)

    def get_input_embeddings(self) -> nn.Module:
        """Return what the encoder reads its input with."""
        return self.encoder.get_input_embeddings()

    def freeze_feature_encoder(self) -> None:
        """Stop training of what lies below the first layer: convolutions, projection, positions."""
        for module in self.runner.front(self.encoder):
            module.requires_grad_(False)

    def prefix_modules(self, prefix_layers: int) -> list[nn.Module]:
        """What gives state `prefix_layers` and everything below it: the modules that a frozen prefix consists of.

        Args:
            prefix_layers: Layers of the prefix, 0 for what lies below the first one.

        Returns:
            The modules.

        Raises:
            ValueError: If there are not as many layers, or the encoder's family is unknown.
        """
        depth = self._check_prefix(prefix_layers)
        if prefix_layers == depth:
            return [self.encoder]
        return [*self.runner.front(self.encoder), *self.encoder_layers[:prefix_layers]]

    def _check_prefix(self, prefix_layers: int) -> int:
        depth = self.config.encoder_depth
        if not 0 <= prefix_layers <= depth:
            raise ValueError(f"got prefix_layers={prefix_layers}, expected 0 to {depth}, the layers that are kept")
        return depth

    def _input(self, input_values: torch.Tensor | None, input_features: torch.Tensor | None) -> torch.Tensor:
        given = {"input_values": input_values, "input_features": input_features}
        wanted = self.main_input_name
        inputs = given.pop(wanted)
        if inputs is None or any(value is not None for value in given.values()):
            names = [name for name, value in (("input_values", input_values), ("input_features", input_features))
                     if value is not None]  # fmt: skip
            raise ValueError(
                f"got {' and '.join(names) or 'no input'}, expected {wanted} alone, which an encoder of model type "
                f"{self.config.encoder_config.model_type!r} reads; use the feature extractor saved with the model"
            )
        return inputs


__all__ = ["SpeechEncoderPreTrainedModel"]
