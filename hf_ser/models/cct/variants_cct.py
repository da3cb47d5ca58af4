"""The published Compact Transformer variants by name, and the grammar that names other sizes.

A name reads `family_layers_{kernel}x{convolutions}_{image}[_sine][_c100|_fl]`, for instance `cct_14_7x2_224`; CVT
and ViT-Lite have one patch convolution and so no `x{convolutions}`: `vit_7_4_32`. The image is square (`224`) or
frequency by time (`64x400`).
"""

import difflib
import re
from collections.abc import Iterable
from typing import Any

# layers -> (attention heads, MLP ratio, hidden size); Compact Transformers (Hassani et al. 2021), appendix, and its
# code
_SMALL_SIZES = {2: (2, 1, 128), 4: (2, 1, 128), 6: (4, 2, 256), 7: (4, 2, 256)}
_SIZES = {
    "cct": {**_SMALL_SIZES, 14: (6, 3, 384)},
    "cvt": {**_SMALL_SIZES, 8: (4, 2, 256)},
    "vit": _SMALL_SIZES,
}

# published name -> number of classes of the data set it was published for
PUBLISHED_VARIANTS: dict[str, int] = {
    "cct_2_3x2_32": 10,
    "cct_2_3x2_32_sine": 10,
    "cct_4_3x2_32": 10,
    "cct_4_3x2_32_sine": 10,
    "cct_6_3x1_32": 10,
    "cct_6_3x1_32_sine": 10,
    "cct_6_3x2_32": 10,
    "cct_6_3x2_32_sine": 10,
    "cct_7_3x1_32": 10,
    "cct_7_3x1_32_sine": 10,
    "cct_7_3x1_32_c100": 100,
    "cct_7_3x1_32_sine_c100": 100,
    "cct_7_3x2_32": 10,
    "cct_7_3x2_32_sine": 10,
    "cct_7_7x2_224": 102,
    "cct_7_7x2_224_sine": 102,
    "cct_14_7x2_224": 1000,
    "cct_14_7x2_384": 1000,
    "cct_14_7x2_384_fl": 102,
    **{f"{family}_{n}_4_32{sine}": 10 for family in ("cvt", "vit") for n in (2, 4, 6, 7) for sine in ("", "_sine")},
}
_CLASSES_OF_SUFFIX = {"c100": 100, "fl": 102, None: 10}

_NAME = re.compile(
    r"(?P<family>cct|cvt|vit)_(?P<layers>\d+)_(?P<kernel>[1-9]\d*)(?:x(?P<convolutions>[1-9]\d*))?"
    r"_(?P<image>[1-9]\d*(?:x[1-9]\d*)?)(?P<sine>_sine)?(?:_(?P<data>c100|fl))?"
)

# published name of a speaker-conditioned CCT -> how it reads the speaker vector
PUBLISHED_SPEAKER_VARIANTS = {
    "speaker_vgg_cct_14_7x2_224": "pair",
    "speaker_vgg_cct_end_to_end_14_7x2_224": "token",
    "speaker_vgg_cct_end_to_end_speaker_token_14_7x2_224": "speaker_token",
}
_SPEAKER_NAME = re.compile(r"speaker_vgg_cct_(?P<fusion>end_to_end_(?:speaker_token_)?)?(?P<size>\d.*)")
_FUSIONS = {None: "pair", "end_to_end_": "token", "end_to_end_speaker_token_": "speaker_token"}


def _unknown_variant(name: object, reason: str, published: Iterable[str] = tuple(PUBLISHED_VARIANTS)) -> ValueError:
    """The error for a name that means nothing, with the published names that look like it."""
    close = difflib.get_close_matches(str(name), published, n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(close)}?" if close else f"published variants: {', '.join(published)}."
    return ValueError(f"unknown CCT variant {name!r}: {reason}; {hint}")


def variant_settings(name: str) -> dict[str, Any]:
    """Translate a variant's name into the fields of a `CctConfig`.

    `_sine` means a fixed sinusoid here, as the name promises. The original code lost that request for CCT and CVT
    and built an ordinary learnable table; to have that one, override `position_embedding_type="learnable"`.

    Args:
        name: A published name (see `PUBLISHED_VARIANTS`) or one of the same grammar with another kernel, number of
            convolutions or image size. Those count 10 classes unless the name ends in `_c100` (100) or `_fl` (102).

    Returns:
        Keyword arguments of `CctConfig`, `num_labels` and `image_size` ([frequency, time]) among them.

    Raises:
        ValueError: If the name is none of these; the message lists the closest published names.
    """
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        raise _unknown_variant(
            name,
            "expected family_layers_{kernel}x{convolutions}_{image}[_sine][_c100|_fl] with family cct, cvt or vit",
        )
    family, layers = match["family"], int(match["layers"])
    if layers not in _SIZES[family]:
        expected = ", ".join(map(str, _SIZES[family]))
        raise _unknown_variant(name, f"got {layers} layers, expected one of {expected} for {family}")
    if (family == "cct") != (match["convolutions"] is not None):
        kernel = "{kernel}x{convolutions}, e.g. 3x1" if family == "cct" else "a patch size alone, e.g. 4"
        raise _unknown_variant(name, f"{family} names {kernel}")

    heads, mlp_ratio, hidden_size = _SIZES[family][layers]
    image = [int(side) for side in match["image"].split("x")]
    settings: dict[str, Any] = {
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "mlp_ratio": mlp_ratio,
        "hidden_size": hidden_size,
        "num_channels": 3,
        "image_size": image * 2 if len(image) == 1 else image,
        "position_embedding_type": "sinusoidal" if match["sine"] else "learnable",
        "pooling": "class_token" if family == "vit" else "sequence",
        "num_labels": PUBLISHED_VARIANTS.get(name, _CLASSES_OF_SUFFIX[match["data"]]),
    }
    kernel_size = int(match["kernel"])
    if family == "cct":
        settings.update(
            tokenizer_num_layers=int(match["convolutions"]),
            tokenizer_kernel_size=kernel_size,
            tokenizer_stride=max(1, kernel_size // 2 - 1),
            tokenizer_padding=max(1, kernel_size // 2),
        )
    else:
        settings.update(
            tokenizer_num_layers=1,
            tokenizer_kernel_size=kernel_size,
            tokenizer_stride=kernel_size,
            tokenizer_padding=0,
            tokenizer_bias=True,
            tokenizer_activation=None,
            tokenizer_max_pool=False,
        )
    return settings


def split_speaker_variant(name: str) -> tuple[str, str | None]:
    """Take the name of a speaker-conditioned CCT apart.

    Args:
        name: A key of `PUBLISHED_SPEAKER_VARIANTS`, one of the same form with another CCT size, or a plain variant.

    Returns:
        Name of the plain CCT, and the fusion ("pair", "token" or "speaker_token"), None for a plain variant.

    Raises:
        ValueError: If the name begins as a speaker-conditioned CCT's and does not go on as one.
    """
    if not (isinstance(name, str) and name.startswith("speaker")):
        return name, None
    match = _SPEAKER_NAME.fullmatch(name)
    if match is None:
        reason = "expected speaker_vgg_cct_[end_to_end_[speaker_token_]]{layers}_{kernel}x{convolutions}_{image}"
        raise _unknown_variant(name, reason, tuple(PUBLISHED_SPEAKER_VARIANTS))
    return f"cct_{match['size']}", _FUSIONS[match["fusion"]]


__all__ = ["PUBLISHED_SPEAKER_VARIANTS", "PUBLISHED_VARIANTS", "split_speaker_variant", "variant_settings"]
