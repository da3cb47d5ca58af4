"""Which family an encoder belongs to, and building it."""

from torch import nn
from transformers import AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_MAPPING

from .base import EncoderRunner
from .generic import GenericRunner
from .waveform import WaveformRunner
from .wavlm import WavLMRunner
from .whisper import WhisperRunner

_RUNNERS: dict[str, type[EncoderRunner]] = {
    "whisper": WhisperRunner,
    "wavlm": WavLMRunner,
    **dict.fromkeys(("wav2vec2", "hubert", "data2vec-audio", "unispeech", "unispeech-sat"), WaveformRunner),
}
_INPUTS = ("input_values", "input_features")


def runner_for(encoder_config: PreTrainedConfig, masked_group_norm: bool = True) -> EncoderRunner:
    """The runner of an encoder's family.

    Args:
        encoder_config: The encoder's configuration.
        masked_group_norm: Whether a group norm takes its statistics over real samples only.

    Returns:
        The runner; the generic one where the family is unknown.
    """
    return _RUNNERS.get(encoder_config.model_type, GenericRunner)(masked_group_norm)


def encoder_class(encoder_config: PreTrainedConfig) -> type[PreTrainedModel]:
    """The class of transformers for an encoder.

    Args:
        encoder_config: The encoder's configuration.

    Returns:
        The class, WhisperEncoder for Whisper.

    Raises:
        ValueError: If it is no speech encoder.
    """
    if encoder_config.model_type == "whisper":
        # not above: this module is imported for registration, while transformers' layers may be half imported
        from transformers.models.whisper.modeling_whisper import WhisperEncoder

        return WhisperEncoder
    found = MODEL_MAPPING.get(type(encoder_config), None)
    known = f"a speech encoder: {', '.join(sorted(_RUNNERS))}, or another that reads sound"
    if found is None or getattr(found, "main_input_name", None) not in _INPUTS or encoder_config.is_encoder_decoder:
        reads = "a model without an encoder class" if found is None else f"{found.__name__}, which is none"
        raise ValueError(f"got an encoder of model type {encoder_config.model_type!r} ({reads}), expected {known}")
    if getattr(encoder_config, "add_adapter", False):
        raise ValueError(
            "got an encoder_config with add_adapter=True, whose adapter shortens the last state; set "
            "add_adapter=False in it, the layers below are unchanged"
        )
    return found


def build_encoder(encoder_config: PreTrainedConfig, depth: int) -> PreTrainedModel:
    """Build an encoder with fresh weights; on the meta device too.

    Args:
        encoder_config: Its configuration, kept as it is by the encoder.
        depth: Layers to keep, from below.

    Returns:
        The encoder.

    Raises:
        ValueError: If it is no speech encoder, or cannot be cut off where asked.
    """
    cls = encoder_class(encoder_config)
    encoder_config.dtype = None  # that of the surrounding model, not of the file the encoder came from
    if isinstance(runner_for(encoder_config), GenericRunner):
        encoder_config.apply_spec_augment = False  # the stock one raises an error on short clips
    build = cls._from_config if encoder_config.model_type == "whisper" else AutoModel.from_config
    return drop_upper_layers(build(encoder_config), depth)


def drop_upper_layers(encoder: PreTrainedModel, depth: int) -> PreTrainedModel:
    """Cut off an encoder's upper layers, and with them its final norm.

    Args:
        encoder: The whole encoder, changed in place.
        depth: Layers to keep, from below.

    Returns:
        The encoder.

    Raises:
        ValueError: If its family cannot be cut.
    """
    if depth == encoder.config.num_hidden_layers:
        return encoder
    runner = runner_for(encoder.config)
    layers: nn.ModuleList = runner.layers(encoder)
    del layers[depth:]
    runner.drop_final_norm(encoder)
    return encoder


__all__ = ["build_encoder", "drop_upper_layers", "encoder_class", "runner_for"]
