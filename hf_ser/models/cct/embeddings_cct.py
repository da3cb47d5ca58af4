"""From a spectrogram image to tokens with positions, aware of padding."""

import itertools
from typing import Any

import torch
from torch import nn

from .configuration_cct import CctConfig, TokenizerStage
from .layers_cct import activation_of
from .positions_cct import is_sinusoid_table, resize_position_table, sinusoid_table


def frames_beyond(lengths: torch.Tensor, size: int) -> torch.Tensor:
    """Mark the frames after the end of each clip.

    Args:
        lengths: Frames of each clip, shape (batch,).
        size: Frames of the padded batch.

    Returns:
        Boolean of shape (batch, 1, 1, size), True on padding.
    """
    return (torch.arange(size, device=lengths.device) >= lengths[:, None])[:, None, None]


def clip_lengths(attention_mask: torch.Tensor) -> torch.Tensor | None:
    """Read the clips' lengths from a right-padding mask.

    The mask's form is looked at only where that is free of charge: on the CPU, outside compilation and export.

    Args:
        attention_mask: Shape (batch, time), non-zero on real signal.

    Returns:
        Frames of each clip, shape (batch,); None if there is no padding at all.

    Raises:
        ValueError: If real frames follow padding (left padding or holes); checked on the CPU outside compilation.
    """
    mask = attention_mask != 0
    if mask.device.type == "cpu" and not torch.compiler.is_compiling() and not torch.jit.is_tracing():
        if bool((mask[:, 1:] > mask[:, :-1]).any()):
            row = int((mask[:, 1:] > mask[:, :-1]).any(1).nonzero()[0])
            raise ValueError(
                f"got an attention_mask whose row {row} has real frames after padding, expected ones and then zeros; "
                "pad clips on the right, and cut silence out of the signal instead of masking it"
            )
        if bool(mask.all()):
            return None
    return mask.sum(1)


class CctTokenizerStage(nn.Module):
    """One convolution of the tokenizer with its activation and max pooling."""

    def __init__(self, config: CctConfig, in_channels: int, stage: TokenizerStage) -> None:
        super().__init__()
        self.config, self.stage = config, stage
        self.conv = nn.Conv2d(
            in_channels,
            stage.planes,
            kernel_size=stage.kernel_size,
            stride=stage.stride,
            padding=stage.padding,
            bias=config.tokenizer_bias,
        )
        self.activation = (
            nn.Identity() if config.tokenizer_activation is None else activation_of(config, "tokenizer_activation")
        )
        self.pool = (
            nn.MaxPool2d(
                config.tokenizer_pool_kernel_size, config.tokenizer_pool_stride, config.tokenizer_pool_padding
            )
            if config.tokenizer_max_pool
            else None
        )

    def _complete_patches(self, features: torch.Tensor) -> torch.Tensor:
        stride = self.stage.stride
        frequency, time = -features.shape[-2] % stride, -features.shape[-1] % stride
        # while compiling, the missing frames may be symbolic: padding by nothing is cheaper than a new graph
        if torch.compiler.is_compiling() or frequency or time:
            features = nn.functional.pad(features, (0, time, 0, frequency))
        return features

    def _end_before_pooling(self, features: torch.Tensor, beyond: torch.Tensor) -> torch.Tensor:
        # pooling pads with minus infinity, so that is what a lone clip sees after its last frame; after ReLU zero does
        if self.config.tokenizer_activation == "relu":
            return features * ~beyond
        return torch.where(beyond, torch.finfo(features.dtype).min, features)

    def forward(
        self, features: torch.Tensor, lengths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Convolve, activate and pool; what the padding turned into is cleared again.

        Args:
            features: Shape (batch, in channels, frequency, time), zero after the end of each clip.
            lengths: Frames of each clip, shape (batch,), or None without padding.

        Returns:
            Features of shape (batch, out channels, shorter frequency, shorter time), and the clips' lengths in them.
        """
        if self.stage.cuts_patches:
            features = self._complete_patches(features)
        features = self.activation(self.conv(features))
        if lengths is not None:
            lengths = self.stage.convolved_length(lengths)
        if self.pool is not None:
            if lengths is not None:
                features = self._end_before_pooling(features, frames_beyond(lengths, features.shape[-1]))
                lengths = self.config.pooled_length(lengths)
            features = self.pool(features)
        if lengths is not None:
            features = features * ~frames_beyond(lengths, features.shape[-1])
        return features, lengths


class CctTokenizer(nn.Module):
    """The convolutions that turn a spectrogram into a grid of tokens (Hassani et al. 2021, section 3.3)."""

    def __init__(self, config: CctConfig) -> None:
        super().__init__()
        stages = config.tokenizer_stages
        inputs = [config.num_channels, *(stage.planes for stage in stages[:-1])]
        self.stages = nn.ModuleList(
            CctTokenizerStage(config, channels, stage) for channels, stage in zip(inputs, stages, strict=True)
        )

    def forward(
        self, features: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Tokenize a batch of spectrograms.

        Args:
            features: Shape (batch, channels, frequency, time).
            lengths: Frames of each clip, shape (batch,), or None without padding.

        Returns:
            Token grid of shape (batch, hidden_size, frequency tokens, time tokens), and the clips' lengths in time
            tokens.
        """
        first: Any = self.stages[0]
        features = features.to(first.conv.weight.dtype)
        if lengths is not None:
            features = features.masked_fill(frames_beyond(lengths, features.shape[-1]), 0.0)
        # channels last: pooling is up to twice as fast, and the tokens come out contiguous; a clone sets the strides
        # even for one channel, where both layouts look alike
        features = features.clone(memory_format=torch.channels_last)
        for stage in self.stages:
            features, lengths = stage(features, lengths)
        return features, lengths


class CctEmbeddings(nn.Module):
    """Tokens of a spectrogram, flattened frequency by frequency, with leading tokens and positions."""

    class_token: nn.Parameter | None
    position_embeddings: torch.Tensor | None

    def __init__(self, config: CctConfig) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = CctTokenizer(config)
        self._measure(config)
        self.class_token = (
            nn.Parameter(torch.zeros(1, 1, config.hidden_size)) if config.pooling == "class_token" else None
        )
        table = torch.zeros(1, config.num_tokens, config.hidden_size)
        if config.position_embedding_type == "sinusoidal":
            self.register_buffer("position_embeddings", table)
        else:
            learnable = nn.Parameter(table) if config.position_embedding_type == "learnable" else None
            self.register_parameter("position_embeddings", learnable)

    def _measure(self, config: CctConfig) -> None:
        """Keep what every forward pass asks for: token grid, input size, and the fewest frames that give a token."""
        self.grid = config.token_grid
        self.input_shape = (config.num_channels, *config.input_size)
        self.fewest_frames = next(frames for frames in itertools.count(1) if config.tokens_along(frames) > 0)

    def _check_input(self, features: torch.Tensor, attention_mask: torch.Tensor | None) -> None:
        channels, frequency, time = self.input_shape
        shape = tuple(features.shape)
        expected = f"(batch, {channels}, {frequency}, up to {time})"
        if len(shape) != 4:
            raise ValueError(
                f"got input_features of shape {shape}, expected {expected}: batch, channels, frequency, time"
            )
        if shape[1] != channels:
            raise ValueError(
                f"got input_features with {shape[1]} channels, expected {expected}; give the feature extractor "
                "the model's number of channels, or build the model with num_channels set"
            )
        if shape[2] != frequency:
            raise ValueError(
                f"got input_features with {shape[2]} frequency bins, expected {expected}; give the feature "
                f"extractor the model's bins, or load the model with image_size=[{shape[2]}, {time}]"
            )
        if shape[3] > time:
            raise ValueError(
                f"got input_features with {shape[3]} time frames, expected {expected}; cut the clip into windows, "
                f"or load the model with image_size=[{frequency}, {shape[3]}]"
            )
        if shape[3] < self.fewest_frames:
            raise ValueError(
                f"got input_features with {shape[3]} time frames, expected at least {self.fewest_frames}, what one "
                "token takes; pad the clip"
            )
        if attention_mask is not None and attention_mask.shape != (shape[0], shape[3]):
            raise ValueError(
                f"got an attention_mask of shape {tuple(attention_mask.shape)}, expected (batch, time) = "
                f"{(shape[0], shape[3])}: one number per spectrogram frame"
            )

    def _positions(self, table: torch.Tensor, time: int) -> torch.Tensor:
        """The table's rows for the first `time` time tokens: shape (1, tokens, hidden_size)."""
        frequency, full_time = self.grid
        # an exported program must not depend on whether its example was of full length
        if not torch.compiler.is_compiling() and time == full_time:
            return table
        leading = table.shape[1] - frequency * full_time
        rows = torch.arange(frequency, device=table.device)[:, None] * full_time
        columns = torch.arange(time, device=table.device)
        grid = table[:, leading + (rows + columns).flatten()]
        return torch.cat([table[:, :leading], grid], dim=1) if leading else grid

    def forward(
        self,
        input_features: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        leading_tokens: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Embed a batch of spectrograms.

        Args:
            input_features: Shape (batch, channels, frequency, time), time at most that of `config.image_size`.
            attention_mask: Shape (batch, time), 1 on real frames and 0 on padding at the end.
            leading_tokens: Tokens to put before those of the image, shape (batch, `config.num_leading_tokens`,
                hidden_size); None for the class token if there is one.

        Returns:
            Embeddings of shape (batch, tokens, hidden_size), the leading tokens first, and the mask of real tokens of
            shape (batch, tokens), None without padding. A clip with no real frame keeps one column of tokens.

        Raises:
            ValueError: If shapes do not fit the configuration, or the mask is not right padding; the mask's form is
                checked on the CPU outside compilation.
        """
        self._check_input(input_features, attention_mask)
        lengths = None if attention_mask is None else clip_lengths(attention_mask)
        features, lengths = self.tokenizer(input_features, lengths)
        batch, _, frequency, time = features.shape
        embeddings = features.permute(0, 2, 3, 1).flatten(1, 2)
        token_mask = None
        if lengths is not None:
            token_mask = ~frames_beyond(lengths.clamp(min=1), time)[:, 0, 0].repeat(1, frequency)
        if self.class_token is not None:
            leading_tokens = self.class_token.expand(batch, -1, -1)
        if leading_tokens is not None:
            embeddings = torch.cat([leading_tokens, embeddings], dim=1)
            if token_mask is not None:
                token_mask = nn.functional.pad(token_mask, (leading_tokens.shape[1], 0), value=True)
        table = self.position_embeddings
        if table is not None:
            embeddings = embeddings + self._positions(table, time)
        if self.training:
            embeddings = nn.functional.dropout(embeddings, self.config.hidden_dropout_prob)
        return embeddings, token_mask

    def resize(self, config: CctConfig) -> None:
        """Fit the positional table to a configuration of another image size.

        A learnable table is resized bilinearly; a sinusoid is built anew, unless an original checkpoint brought
        another table.

        Args:
            config: The new configuration; only its image size may differ.
        """
        table, grid = self.position_embeddings, config.token_grid
        if table is not None and grid != self.grid:
            if isinstance(table, nn.Parameter):
                resized = resize_position_table(table.detach(), self.grid, grid)
                self.position_embeddings = nn.Parameter(resized, requires_grad=table.requires_grad)
            elif is_sinusoid_table(table):
                self.position_embeddings = sinusoid_table(config.num_tokens, config.hidden_size).to(table)
            else:
                self.position_embeddings = resize_position_table(table, self.grid, grid)
        self.config = config
        self._measure(config)


__all__ = ["CctEmbeddings", "CctTokenizer", "CctTokenizerStage", "clip_lengths", "frames_beyond"]
