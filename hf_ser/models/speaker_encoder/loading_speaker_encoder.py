"""Loading of any speaker encoder with its feature extractor, and what is wrong where a folder holds none."""

import os
from pathlib import Path
from typing import Any

from transformers import (
    AutoConfig,
    AutoFeatureExtractor,
    AutoModel,
    AutoModelForAudioXVector,
    PreTrainedModel,
    SequenceFeatureExtractor,
)

from ...features.feature_extraction_speech import SpeechFeatureExtractor
from ..loading_report import CheckpointError
from ..strict_loading import check_checkpoint_folder
from .convert_ecapa_tdnn_checkpoint import FILES
from .embedding_speakers import is_x_vector

# the vector that SpecAugment puts in place of frames: read in training only
_TRAINING_ONLY = "masked_spec_embed"


def load_speaker_encoder(path: str | os.PathLike, **kwargs: Any) -> tuple[PreTrainedModel, SequenceFeatureExtractor]:
    """Load a speaker encoder whose every weight comes from its checkpoint, and the feature extractor beside it.

    Args:
        path: Folder or Hub id of an ECAPA-TDNN or VGG-Vox that `convert_ecapa_tdnn_checkpoint` or
            `convert_vgg_vox_checkpoint` wrote, or of an X-vector model of transformers (`Wav2Vec2ForXVector`,
            `WavLMForXVector`, ...).
        **kwargs: As in `from_pretrained` of transformers (`revision`, `local_files_only`, `token`, ...).

    Returns:
        The model in evaluation mode and its extractor, which gives `attention_mask` too: use them as
        `embed_speakers(model, *extractor(clips, sampling_rate=16000, return_tensors="pt").values())`.

    Raises:
        CheckpointError: A ValueError, if weights are missing, unexpected or of another shape; names them.
        FileNotFoundError: If a folder lacks its configuration, its weights or its extractor.
        ValueError: If it is no speaker encoder; says what it is and what to do.
        OSError: If there is no checkpoint of that name.

    Example:
        ```python
        >>> import hf_ser
        >>> model, extractor = hf_ser.load_speaker_encoder("outputs/ecapa")  # doctest: +SKIP
        ```
    """
    source, folder = os.fspath(path), Path(path)
    if folder.is_dir():
        _check_folder(folder)
    elif folder.is_file():
        raise ValueError(f"got the file {source!r}, expected a folder; {_how_to_convert(folder)}")
    config = AutoConfig.from_pretrained(source, **kwargs)
    try:
        auto = AutoModelForAudioXVector if is_x_vector(config) else AutoModel
    except ValueError as error:
        raise ValueError(f"{source!r} holds no speaker encoder: {error}") from error
    model, report = auto.from_pretrained(source, output_loading_info=True, ignore_mismatched_sizes=True, **kwargs)
    _check_report(report, source, type(model).__name__)
    if is_x_vector(config) and config.model_type != "wav2vec2-bert":
        # the same values as transformers' own, and always a mask
        return model, SpeechFeatureExtractor.from_encoder(source, **kwargs)
    return model, AutoFeatureExtractor.from_pretrained(source, **kwargs)


def _check_folder(folder: Path) -> None:
    foreign = [file for file in sorted(folder.iterdir()) if file.name in FILES or file.suffix in (".h5", ".hdf5")]
    if foreign and not (folder / "config.json").is_file():
        raise ValueError(
            f"got {str(folder)!r} with {foreign[0].name}, expected a folder with config.json; "
            f"{_how_to_convert(foreign[0])}"
        )
    check_checkpoint_folder(folder)
    if not (folder / "preprocessor_config.json").is_file():
        raise FileNotFoundError(
            f"got {str(folder)!r} without preprocessor_config.json, expected the feature extractor's settings beside "
            "the weights; save them there, e.g. hf_ser.EcapaTdnnFeatureExtractor().save_pretrained(folder)"
        )


def _how_to_convert(file: Path) -> str:
    kind = "vgg_vox" if file.suffix in (".h5", ".hdf5") else "ecapa_tdnn"
    return f"convert it with hf_ser.convert_{kind}_checkpoint({str(file)!r}, out) and load the folder `out`"


def _check_report(report: dict[str, Any], source: str, name: str) -> None:
    problems = {
        "missing": [key for key in report["missing_keys"] if not key.endswith(_TRAINING_ONLY)],
        "unexpected": [key for key in report["unexpected_keys"] if not key.endswith(_TRAINING_ONLY)],
        "of another shape": [key for key, *_ in report["mismatched_keys"]],
    }
    said = "; ".join(f"{kind}: {', '.join(sorted(keys)[:6])}" for kind, keys in problems.items() if keys)
    if said:
        raise CheckpointError(
            f"the weights of {source!r} are not those of a whole {name} ({said}), and nothing is drawn at random in "
            "their place; name a checkpoint that was trained to tell speakers apart"
        )


__all__ = ["load_speaker_encoder"]
