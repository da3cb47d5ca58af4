"""The checkpoints that ship with the package."""

import logging
from pathlib import Path

logger = logging.getLogger(__name__)

_CHECKPOINTS = Path(__file__).parent.parent / "checkpoints"
_DEFAULT = "whisper_ravdess"
# what a name asks for -> its folder
_FOLDERS = {"default": _DEFAULT, "small": "cct_ravdess"}
_said: set[str] = set()


def default_model(name: str = "default") -> str:
    """The folder of a checkpoint that ships with the package, for `from_pretrained` and `pipeline`.

    Its weights follow the recordings they were trained on: CC BY-NC-SA 4.0, see the licence file beside them. The
    first call for a checkpoint says so in the log, once in a process.

    Args:
        name: "default", the most accurate one, or "small", the CCT of 2.4 M parameters.

    Raises:
        FileNotFoundError: if the installation lacks the checkpoint.
        ValueError: if there is none of that name.
    """
    if name not in _FOLDERS:
        raise ValueError(
            f"default_model: got {name!r}, expected {' or '.join(map(repr, _FOLDERS))}; a checkpoint of your own "
            "needs no name, pass its folder or Hub id where default_model() would stand"
        )
    folder = _CHECKPOINTS / _FOLDERS[name]
    if not (folder / "model.safetensors").is_file():
        raise FileNotFoundError(
            f"the checkpoint that ships with hf_ser is missing from {folder}; "
            "reinstall the package, or name a model yourself"
        )
    if folder.name not in _said:
        _said.add(folder.name)
        logger.warning(
            "the weights of %s that ship with hf_ser are for non-commercial use (CC BY-NC-SA 4.0, as the recordings "
            "they were trained on; see LICENSE.md beside them); the code is Apache-2.0 (said once)",
            folder.name,
        )
    return str(folder)
