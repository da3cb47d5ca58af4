"""Pretrained encoder weights, from a local folder or the Hub, whatever head they were saved with."""

import os
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

import torch
from transformers import AutoConfig, PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

from ..loading_report import CheckpointError
from .configuration_speech_encoder import SpeechEncoderConfig
from .encoders.building import drop_upper_layers, encoder_class

# where a file is looked for, as `from_pretrained` names it
HUB_OPTIONS = ("cache_dir", "force_download", "local_files_only", "token", "revision", "subfolder", "proxies")
# trained only by SpecAugment and read only by it: drawn where a checkpoint has none
_OPTIONAL = ("masked_spec_embed",)
_PREFIX = r"^(?:model\.)?encoder\."


def check_settings(config_class: type[SpeechEncoderConfig], settings: dict[str, Any]) -> dict[str, Any]:
    """Make sure that settings are fields of the configuration.

    Args:
        config_class: The configuration's class.
        settings: What a user passes.

    Returns:
        The settings.

    Raises:
        ValueError: If one is unknown; the message names the closest that there is.
    """
    known = {field.name for field in fields(config_class)} | {"num_labels"}
    for name in settings:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "see SpeechEncoderConfig"
            raise ValueError(f"got {name}={settings[name]!r}, which SpeechEncoderConfig has not; {hint}")
    return settings


def _read_config(source: str | os.PathLike, hub_options: dict[str, Any]) -> PreTrainedConfig:
    folder = os.path.join(source, hub_options.get("subfolder", ""))
    if os.path.isdir(source) and not os.path.isfile(os.path.join(folder, "config.json")):
        raise _absent(source, FileNotFoundError("there is no config.json"))
    try:
        return AutoConfig.from_pretrained(source, **hub_options)
    except OSError as error:
        raise _absent(source, error) from error
    except ValueError as error:
        raise ValueError(
            f"got {os.fspath(source)!r}, expected the checkpoint of a speech encoder with its config.json: {error}"
        ) from error


def load_encoder_config(source: str | os.PathLike, **hub_options: Any) -> tuple[PreTrainedConfig, dict[str, Any]]:
    """Read an encoder's configuration.

    Args:
        source: Folder or Hub id of a checkpoint.
        **hub_options: `cache_dir`, `local_files_only`, `token`, `revision` ... as in `from_pretrained`.

    Returns:
        The configuration (of the whole model type, e.g. WhisperConfig for an encoder of Whisper), and settings of
        `SpeechEncoderConfig` that go with it: of a checkpoint of ours, how many layers it holds.

    Raises:
        OSError: If there is none; the message says how to get it.
        ValueError: If it is no speech encoder's.
    """
    config = _read_config(source, hub_options)
    if isinstance(config, SpeechEncoderConfig):
        held = config.encoder_depth if config.is_truncated else None
        return config.encoder_config, {"num_encoder_layers": held, "max_seconds": config.max_seconds}
    encoder_class(config)
    for name in ("label2id", "id2label", "problem_type"):  # those of a head that is left behind
        config.__dict__.pop(name, None)
    return config, {}


def load_encoder(source: str | os.PathLike, config: SpeechEncoderConfig, **options: Any) -> PreTrainedModel:
    """Load an encoder's weights in float32.

    Args:
        source: Folder or Hub id of a checkpoint; it may hold a head or a decoder too, and half precision.
        config: The configuration of the model to come; tells the encoder and how many of its layers to keep.
        **options: As in `from_pretrained`.

    Returns:
        The encoder in evaluation mode, with the layers that are kept.

    Raises:
        CheckpointError: If weights of the encoder are missing; the message names them.
        OSError: If there are none; the message says how to get them.
    """
    cls = encoder_class(config.encoder_config)
    # ours and Whisper's checkpoints hold the encoder under a name of its own
    stored = _read_config(source, {name: options[name] for name in HUB_OPTIONS if name in options}).model_type
    key_mapping = {_PREFIX: ""} if stored in ("whisper", SpeechEncoderConfig.model_type) else None
    level = logging.get_verbosity()
    logging.set_verbosity_error()  # what is missing is an error below; heads and decoders are left aside on purpose
    try:
        encoder, report = cls.from_pretrained(
            source,
            config=config.encoder_config,
            output_loading_info=True,
            key_mapping=key_mapping,
            **({"dtype": torch.float32} | options),
        )
    except OSError as error:
        raise _absent(source, error) from error
    finally:
        logging.set_verbosity(level)
    encoder = drop_upper_layers(encoder, config.encoder_depth)
    needed = set(encoder.state_dict())
    missing = sorted(key for key in needed & set(report["missing_keys"]) if not key.endswith(_OPTIONAL))
    if missing:
        more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
        raise CheckpointError(
            f"got {os.fspath(source)!r} without weights of the encoder: {', '.join(missing[:8])}{more}; expected the "
            f"whole of a {config.encoder_config.model_type} checkpoint. Fetch it again, or name one that holds the "
            "encoder"
        )
    return encoder


def _absent(source: str | os.PathLike, error: OSError) -> OSError:
    """What to do where an encoder is not there and cannot be fetched."""
    name = os.fspath(source)
    if os.path.isdir(name):
        return OSError(
            f"got the folder {name!r} without a whole checkpoint, expected config.json and model.safetensors as "
            f"save_pretrained writes them ({error})"
        )
    return OSError(
        f"the encoder {name!r} is neither a folder nor in the local cache, and could not be fetched (no network, "
        f"HF_HUB_OFFLINE=1, local_files_only, or no such id). Where there is a network run `hf download {name}` "
        f"once and copy the cache (HF_HOME), or `hf download {name} --local-dir FOLDER` and pass FOLDER; a private "
        f"one needs `token` ({error})"
    )


__all__ = ["HUB_OPTIONS", "check_settings", "load_encoder", "load_encoder_config"]
