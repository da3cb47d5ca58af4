"""PyTorch VGG-Vox: one vector for the voice of a clip.

Nagrani, Chung, Zisserman 2017, "VoxCeleb: a large-scale speaker identification dataset", table 3, as the Keras
re-implementation that system 000 uses: a mean over time after fc6, and the vector divided by its length before fc8.
"""

from typing import Any, NamedTuple

import torch
from torch import nn
from transformers import initialization as init
from transformers.utils.generic import can_return_tuple

from .base_speaker_encoder import SpeakerEncoderOutput, SpeakerEncoderPreTrainedModel
from .configuration_vgg_vox import VggVoxConfig
from .masked_frames import MaskedBatchNorm, mean_weights, zero_padding

# squared lengths below are read as this
SMALLEST_SQUARE = 1e-12


class _Stage(NamedTuple):
    """Kernel (time, frequency), stride and zero padding of a convolution; window and stride of a maximum after it."""

    kernel: tuple[int, int]
    stride: int = 1
    padding: int = 0
    pool: tuple[int, int] | None = None
    pool_stride: tuple[int, int] = (2, 2)


STAGES = (
    _Stage((7, 7), 2, 1, (3, 3)),
    _Stage((5, 5), 2, 1, (3, 3)),
    _Stage((3, 3), 1, 1),
    _Stage((3, 3), 1, 1),
    _Stage((3, 3), 1, 1, (3, 5), (2, 3)),
    _Stage((1, 9)),
)


class VggVoxStage(nn.Module):
    """Convolution over (time, frequency), batch norm, ReLU and, in some stages, a maximum.

    Args:
        in_channels: Channels that come in.
        out_channels: Channels that go out.
        stage: Its shape.
        eps: Added to variances by batch norm.
    """

    def __init__(self, in_channels: int, out_channels: int, stage: _Stage, eps: float) -> None:
        super().__init__()
        self.stage = stage
        self.conv = nn.Conv2d(in_channels, out_channels, stage.kernel, stage.stride, stage.padding)
        self.norm = MaskedBatchNorm(out_channels, eps=eps)

    def forward(
        self, images: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Apply the stage.

        Args:
            images: Shape (batch, in_channels, time, frequency), zero beyond each clip's length.
            lengths: Real rows of each clip, shape (batch,); None if all are real.

        Returns:
            Shape (batch, out_channels, new time, new frequency), zero beyond each clip's new length; these lengths.
        """
        images = self.conv(images)
        if lengths is not None:
            lengths = self._after_convolution(lengths)
        images = torch.relu(self.norm(images, lengths))
        if self.stage.pool is not None:
            images = nn.functional.max_pool2d(images, self.stage.pool, self.stage.pool_stride)
        if lengths is not None:
            lengths = self._after_pool(lengths).clamp(min=1)
        return zero_padding(images, lengths), lengths

    def _after_convolution(self, lengths: Any) -> Any:
        stage = self.stage
        return (lengths + 2 * stage.padding - stage.kernel[0]) // stage.stride + 1

    def _after_pool(self, lengths: Any) -> Any:
        stage = self.stage
        return lengths if stage.pool is None else (lengths - stage.pool[0]) // stage.pool_stride[0] + 1


def min_frames() -> int:
    """Fewest spectrogram frames that give one frame after the last stage."""
    frames = 1
    for stage in reversed(STAGES):
        if stage.pool is not None:
            frames = (frames - 1) * stage.pool_stride[0] + stage.pool[0]
        frames = (frames - 1) * stage.stride + stage.kernel[0] - 2 * stage.padding
    return frames


class VggVoxModel(SpeakerEncoderPreTrainedModel):
    """VGG-Vox: a clip's standardised spectrogram to one vector that tells its voice.

    A clip gives the same vector alone and in any padded batch.

    Args:
        config: Its configuration.
    """

    config: VggVoxConfig
    config_class = VggVoxConfig

    def __init__(self, config: VggVoxConfig) -> None:
        super().__init__(config)
        *stage_sizes, pooled_size = config.hidden_sizes
        self.stages = nn.ModuleList(
            VggVoxStage(incoming, outgoing, stage, config.batch_norm_eps)
            for incoming, outgoing, stage in zip([1, *stage_sizes], stage_sizes, STAGES, strict=False)
        )
        self.hidden = nn.Linear(stage_sizes[-1], pooled_size)
        self.norm = MaskedBatchNorm(pooled_size, eps=config.batch_norm_eps)
        self.projection = nn.Linear(pooled_size, config.embedding_size)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """Kaiming normal weights, which keep the size of values through the ReLUs."""
        super()._init_weights(module)
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            init.kaiming_normal_(module.weight, nonlinearity="relu")

    @can_return_tuple
    def forward(
        self, input_features: torch.Tensor, attention_mask: torch.Tensor | None = None, **kwargs: Any
    ) -> SpeakerEncoderOutput:
        """Embed voices.

        Args:
            input_features: Magnitudes of shape (batch, frames, 512) as `VggVoxFeatureExtractor` gives them, each bin
                standardised over time. The original's axes are (batch, 512, frames, 1); here time comes first, as in
                every other sequence.
            attention_mask: Shape (batch, frames), 1 on real frames and 0 on padding at the end; None: all is real.
            **kwargs: `return_dict`.

        Returns:
            `embeddings` (batch, embedding_size), not normalised, and `last_hidden_state` (batch, frames after the
            strides, features of fc6).

        Raises:
            ValueError: If a shape does not fit, or a clip is shorter than one output sees.
        """
        lengths = self._checked_lengths(input_features, attention_mask, self.config.num_frequency_bins, min_frames())
        images = zero_padding(input_features[:, None], lengths)
        for stage in self.stages:
            images, lengths = stage(images, lengths)
        frames = images.squeeze(3)
        pooled = (frames @ mean_weights(frames, lengths)[..., None]).squeeze(-1)
        hidden = torch.relu(self.norm(self.hidden(pooled)))
        length = hidden.float().square().sum(dim=1, keepdim=True).clamp(min=SMALLEST_SQUARE).sqrt()
        embeddings = self.projection((hidden / length).to(hidden.dtype))
        return SpeakerEncoderOutput(embeddings=embeddings, last_hidden_state=frames.transpose(1, 2))


__all__ = ["VggVoxModel", "min_frames"]
