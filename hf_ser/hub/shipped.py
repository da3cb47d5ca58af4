"""The checkpoints that ship with the package."""

from pathlib import Path

_CHECKPOINTS = Path(__file__).parent.parent / "checkpoints"
_DEFAULT = "cct_ravdess"


def default_model() -> str:
    """The folder of the checkpoint that ships with the package, for `from_pretrained` and `pipeline`.

    Its weights follow the recordings they were trained on: CC BY-NC-SA 4.0, see the licence file beside them.

    Raises:
        FileNotFoundError: if the installation lacks the checkpoint.
    """
    folder = _CHECKPOINTS / _DEFAULT
    if not (folder / "model.safetensors").is_file():
        raise FileNotFoundError(
            f"the checkpoint that ships with hf_ser is missing from {folder}; "
            "reinstall the package, or name a model yourself"
        )
    return str(folder)
