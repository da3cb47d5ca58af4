"""Configuration of the Compact Transformer family: CCT, CVT and ViT-Lite."""

from dataclasses import fields
from numbers import Integral
from typing import Any, NamedTuple

from huggingface_hub.dataclasses import strict
from transformers import PreTrainedConfig

from .overrides_cct import check_overrides, label_overrides
from .variants_cct import variant_settings

POSITION_EMBEDDING_TYPES = ("learnable", "sinusoidal", "none")
POOLINGS = ("sequence", "class_token")


def _is_count(value: Any) -> bool:
    """Whether a value is a whole number of at least 1."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def as_image_size(value: int | list[int] | tuple[int, ...]) -> list[int]:
    """Read an image size given as one side or as [frequency, time].

    Args:
        value: One side in pixels (made square), or frequency bins and time frames.

    Returns:
        `[frequency, time]`.

    Raises:
        ValueError: If it is not one or two positive whole numbers.
    """
    # `tolist` makes plain numbers of numpy's and torch's
    plain: Any = value.tolist() if hasattr(value, "tolist") else value
    sides = list(plain) if isinstance(plain, (list, tuple)) else [plain, plain]
    if len(sides) != 2 or not all(map(_is_count, sides)):
        raise ValueError(
            f"got image_size={value!r}, expected a side or [frequency bins, time frames]; pass e.g. [64, 400]"
        )
    return [int(side) for side in sides]


class TokenizerStage(NamedTuple):
    """One convolution of the tokenizer: side of its kernel, stride, padding and output channels."""

    kernel_size: int
    stride: int
    padding: int
    planes: int

    @property
    def cuts_patches(self) -> bool:
        """Whether the convolution cuts the image into patches that do not overlap."""
        return self.stride == self.kernel_size and self.padding == 0

    def convolved_length(self, length: Any) -> Any:
        """Length of one axis after the convolution.

        Args:
            length: Number of bins or frames before it, an int or a tensor of whole numbers.

        Returns:
            The length after it, of the same type.
        """
        if self.cuts_patches:
            return (length + self.stride - 1) // self.stride
        return (length + 2 * self.padding - self.kernel_size) // self.stride + 1


@strict
class CctConfig(PreTrainedConfig):
    r"""Settings of a Compact Transformer on spectrograms (Hassani et al. 2021, "Escaping the Big Data Paradigm").

    The defaults are CCT-7/3x1 for a 32 x 32 image of three channels; `from_variant` builds every published variant.

    Args:
        image_size: Frequency bins and the largest number of time frames, `[frequency, time]`; one number means a
            square. Clips may be shorter in time, never longer.
        num_channels: Channels of `input_features`.
        tokenizer_num_layers: Convolutions in the tokenizer; each is followed by its activation and pooling.
        tokenizer_kernel_size: Side of the square convolution kernels; this and the next three may be lists, one entry
            for each convolution.
        tokenizer_stride: Stride of the convolutions. A stride equal to the kernel with no padding cuts the image
            into patches (CVT, ViT-Lite); a patch that reaches over the edge is then completed with zeros, so that no
            frame is lost.
        tokenizer_padding: Zero padding of the convolutions.
        tokenizer_in_planes: Channels of all convolutions but the last, which has `hidden_size`; a list has an entry
            less.
        tokenizer_bias: Whether the convolutions have a bias.
        tokenizer_activation: Activation after each convolution, or None.
        tokenizer_max_pool: Whether a max pooling follows each convolution.
        tokenizer_pool_kernel_size: Side of the pooling window.
        tokenizer_pool_stride: Stride of the pooling.
        tokenizer_pool_padding: Padding of the pooling.
        position_embedding_type: "learnable" table, fixed "sinusoidal" table, or "none".
        pooling: "sequence" (attention pooling over tokens) or "class_token".
        mlp_ratio: Width of the MLP as a multiple of `hidden_size`.
        hidden_dropout_prob: Dropout after the embeddings, the attention's projection and in the MLP.
        classifier_dropout: Dropout of the pooled vector before the classifier.
        drop_path_rate: Stochastic depth of the last layer, growing linearly from 0 in the first.
        initializer_range: Standard deviation of linear weights at initialisation (truncated normal).
        position_initializer_range: Standard deviation of the learnable table at initialisation (truncated at +-2).

    Raises:
        ValueError: If a value is out of its range or the sizes do not fit together.

    Example:
        ```python
        >>> from hf_ser import CctConfig
        >>> config = CctConfig.from_variant("cct_7_3x1_32", num_labels=8, num_channels=1, image_size=[64, 400])
        >>> config.token_grid
        (32, 200)
        ```
    """

    model_type = "ser_cct"

    image_size: int | list[int] | tuple[int, ...] = 32
    num_channels: int = 3
    tokenizer_num_layers: int = 1
    tokenizer_kernel_size: int | list[int] = 3
    tokenizer_stride: int | list[int] = 1
    tokenizer_padding: int | list[int] = 1
    tokenizer_in_planes: int | list[int] = 64
    tokenizer_bias: bool = False
    tokenizer_activation: str | None = "relu"
    tokenizer_max_pool: bool = True
    tokenizer_pool_kernel_size: int = 3
    tokenizer_pool_stride: int = 2
    tokenizer_pool_padding: int = 1
    position_embedding_type: str = "learnable"
    pooling: str = "sequence"
    hidden_size: int = 256
    num_hidden_layers: int = 7
    num_attention_heads: int = 4
    mlp_ratio: float | int = 2
    hidden_act: str = "gelu"
    hidden_dropout_prob: float | int = 0.0
    attention_probs_dropout_prob: float | int = 0.1
    classifier_dropout: float | int = 0.0
    drop_path_rate: float | int = 0.1
    layer_norm_eps: float = 1e-5
    initializer_range: float = 0.02
    position_initializer_range: float = 0.2

    @classmethod
    def from_variant(cls, name: str, **overrides: Any) -> "CctConfig":
        """Build the configuration of a named variant, published or of the same grammar.

        Args:
            name: For instance "cct_7_3x1_32", "cct_14_7x2_224", "cvt_7_4_32", "vit_6_4_32_sine" or "cct_7_3x2_64x400".
            **overrides: Any field of `CctConfig` (also `num_labels`, `id2label` or `label2id`) to set differently.

        Returns:
            The configuration; without overrides it has the published classes, 3 channels and the image size in the
            name.

        Raises:
            ValueError: If the name or an override is unknown (the message lists close matches), an override does not
                fit, or label names and `num_labels` disagree.
        """
        settings = variant_settings(name)
        check_overrides(overrides, (field.name for field in fields(cls)))
        settings |= overrides
        settings |= label_overrides(overrides)
        settings["image_size"] = as_image_size(settings["image_size"])
        return cls(**settings)

    def __post_init__(self, **kwargs: Any) -> None:
        self.image_size = as_image_size(self.image_size)
        self._check_values()
        count = kwargs.get("num_labels", 1 if self.id2label is None else len(self.id2label))
        if not _is_count(count):
            raise ValueError(f"got num_labels={count!r}, expected a whole number of at least 1")
        super().__post_init__(**kwargs)

    def _check_values(self) -> None:
        for name, allowed in (("position_embedding_type", POSITION_EMBEDDING_TYPES), ("pooling", POOLINGS)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"got {name}={getattr(self, name)!r}, expected one of {', '.join(map(repr, allowed))}"
                )
        positive = ("num_channels", "hidden_size", "num_hidden_layers", "num_attention_heads", "mlp_ratio")
        tokenizer = ("num_layers", "pool_kernel_size", "pool_stride")
        small = ("layer_norm_eps", "initializer_range", "position_initializer_range")
        for name in (*positive, *(f"tokenizer_{field}" for field in tokenizer), *small):
            if getattr(self, name) <= 0:
                raise ValueError(f"got {name}={getattr(self, name)}, expected a number above 0")
        most = self.tokenizer_pool_kernel_size // 2
        if self.tokenizer_max_pool and not 0 <= self.tokenizer_pool_padding <= most:
            raise ValueError(
                f"got tokenizer_pool_padding={self.tokenizer_pool_padding}, expected 0 to {most}, half of "
                f"tokenizer_pool_kernel_size={self.tokenizer_pool_kernel_size}"
            )
        self.tokenizer_stages  # noqa: B018 - raises where a list does not fit
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "drop_path_rate"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"got {name}={getattr(self, name)}, expected a probability from 0 to below 1")
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"got hidden_size={self.hidden_size} and num_attention_heads={self.num_attention_heads}, expected the "
                "heads to divide the hidden size; change one of them"
            )
        if min(self.token_grid) < 1:
            raise ValueError(
                f"got image_size={self.image_size}, which the tokenizer reduces to {self.token_grid} tokens; "
                "expected at least one each way: enlarge image_size, or lower tokenizer_num_layers or _kernel_size"
            )

    @property
    def tokenizer_stages(self) -> list[TokenizerStage]:
        """The tokenizer's convolutions, in order.

        Raises:
            ValueError: If a list has another length than there are convolutions, or a value is out of range.
        """
        count = self.tokenizer_num_layers
        columns = []
        for field, entries, least in (
            ("kernel_size", count, 1),
            ("stride", count, 1),
            ("padding", count, 0),
            ("in_planes", count - 1, 1),
        ):
            value = getattr(self, f"tokenizer_{field}")
            values = list(value) if isinstance(value, list) else [value] * entries
            if len(values) != entries or min([least, *values] if isinstance(value, list) else [value]) < least:
                raise ValueError(
                    f"got tokenizer_{field}={value}, expected one number of {least} or more, or a list of {entries} "
                    f"such numbers for tokenizer_num_layers={count}"
                )
            columns.append(values)
        kernels, strides, paddings, planes = columns
        planes = [*planes, self.hidden_size]
        return [TokenizerStage(*stage) for stage in zip(kernels, strides, paddings, planes, strict=True)]

    @property
    def input_size(self) -> tuple[int, int]:
        """Frequency bins and the largest number of time frames, also when `image_size` was set to one number later."""
        frequency, time = as_image_size(self.image_size)
        return frequency, time

    @property
    def token_grid(self) -> tuple[int, int]:
        """Tokens along frequency and along time of an input of full size."""
        frequency, time = self.input_size
        return self.tokens_along(frequency), self.tokens_along(time)

    @property
    def num_leading_tokens(self) -> int:
        """Tokens before those of the image: the class token where there is one."""
        return int(self.pooling == "class_token")

    @property
    def num_tokens(self) -> int:
        """Rows of the positional table: tokens of an input of full size, the leading ones included."""
        frequency, time = self.token_grid
        return self.num_leading_tokens + frequency * time

    def pooled_length(self, length: Any) -> Any:
        """Length of one axis after a tokenizer pooling; see `TokenizerStage.convolved_length`."""
        if not self.tokenizer_max_pool:
            return length
        return (
            length + 2 * self.tokenizer_pool_padding - self.tokenizer_pool_kernel_size
        ) // self.tokenizer_pool_stride + 1

    def tokens_along(self, length: Any) -> Any:
        """Number of tokens that `length` bins or frames become; see `TokenizerStage.convolved_length`."""
        for stage in self.tokenizer_stages:
            length = self.pooled_length(stage.convolved_length(length))
        return length


__all__ = ["CctConfig", "TokenizerStage"]
