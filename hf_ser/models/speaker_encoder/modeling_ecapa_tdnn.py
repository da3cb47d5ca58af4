"""PyTorch ECAPA-TDNN: one vector for the voice of a clip.

Desplanques, Thienpondt, Demuynck 2020, "ECAPA-TDNN: Emphasized Channel Attention, Propagation and Aggregation in TDNN
Based Speaker Verification", as SpeechBrain builds it: clips are mirrored at their ends, batch norm follows the ReLU.
"""

from typing import Any

import torch
from torch import nn
from transformers import initialization as init
from transformers.utils.generic import can_return_tuple

from ..real_frames import time_mask
from .base_speaker_encoder import SpeakerEncoderOutput, SpeakerEncoderPreTrainedModel
from .configuration_ecapa_tdnn import EcapaTdnnConfig
from .masked_frames import MaskedBatchNorm, mean_weights, mirror_ends, zero_padding

# variances below are read as this, so that the gradient of the square root stays finite
SMALLEST_VARIANCE = 1e-12


class EcapaTdnnLayer(nn.Module):
    """A convolution over time that keeps the number of frames, ReLU, batch norm.

    Args:
        in_channels: Channels that come in.
        out_channels: Channels that go out.
        kernel_size: Frames read, odd.
        dilation: Step between them.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.padding = dilation * (kernel_size // 2)
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, dilation=dilation)
        self.norm = MaskedBatchNorm(out_channels)

    def forward(self, values: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Shape (batch, in_channels, frames) to (batch, out_channels, frames); `lengths` (batch,), None: all real."""
        return self.norm(torch.relu(self.conv(mirror_ends(values, lengths, self.padding))), lengths)


class EcapaTdnnRes2Net(nn.Module):
    """Channels in parts, each convolved together with the outcome of the part before it (section 3.2).

    Args:
        config: The model's configuration.
        layer: Which layer this is, for its kernel and dilation.
    """

    def __init__(self, config: EcapaTdnnConfig, layer: int) -> None:
        super().__init__()
        width = config.hidden_size // config.res2net_scale
        self.layers = nn.ModuleList(
            EcapaTdnnLayer(width, width, config.kernel_sizes[layer], config.dilations[layer])
            for _ in range(config.res2net_scale - 1)
        )

    def forward(self, values: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Shape (batch, channels, frames), the same out; `lengths` as in `EcapaTdnnLayer`."""
        first, *parts = values.chunk(len(self.layers) + 1, dim=1)
        outcomes = [first]
        for layer, part in zip(self.layers, parts, strict=True):
            outcomes.append(layer(part if len(outcomes) == 1 else part + outcomes[-1], lengths))
        return torch.cat(outcomes, dim=1)


class EcapaTdnnSqueezeExcitation(nn.Module):
    """Weighs channels by what their means over the clip's real frames tell (section 3.2).

    Args:
        config: The model's configuration.
    """

    def __init__(self, config: EcapaTdnnConfig) -> None:
        super().__init__()
        self.squeeze = nn.Linear(config.hidden_size, config.squeeze_size)
        self.excite = nn.Linear(config.squeeze_size, config.hidden_size)

    def forward(self, values: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Shape (batch, channels, frames), the same out; `lengths` as in `EcapaTdnnLayer`."""
        means = (values @ mean_weights(values, lengths)[..., None]).squeeze(-1)
        return values * torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))[..., None]


class EcapaTdnnBlock(nn.Module):
    """Frame-wise layer, Res2Net, frame-wise layer, squeeze-excitation, and what came in added (figure 1).

    Args:
        config: The model's configuration.
        layer: Which layer this is.
    """

    def __init__(self, config: EcapaTdnnConfig, layer: int) -> None:
        super().__init__()
        self.before = EcapaTdnnLayer(config.hidden_size, config.hidden_size)
        self.res2net = EcapaTdnnRes2Net(config, layer)
        self.after = EcapaTdnnLayer(config.hidden_size, config.hidden_size)
        self.excitation = EcapaTdnnSqueezeExcitation(config)

    def forward(self, values: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Shape (batch, channels, frames), the same out; `lengths` as in `EcapaTdnnLayer`."""
        inner = self.after(self.res2net(self.before(values, lengths), lengths), lengths)
        return values + self.excitation(inner, lengths)


def weighted_statistics(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Means and standard deviations over time.

    Args:
        values: Shape (batch, channels, frames), finite.
        weights: Shape (batch, 1 or channels, frames), summing to one over frames.

    Returns:
        Float32 of shape (batch, 2 * channels), means first.
    """
    values, weights = values.float(), weights.float()
    mean = (values * weights).sum(dim=2)
    variance = ((values - mean[..., None]).square() * weights).sum(dim=2)
    return torch.cat([mean, variance.clamp(min=SMALLEST_VARIANCE).sqrt()], dim=1)


class EcapaTdnnPooling(nn.Module):
    """Mean and deviation over time under weights of their own for each channel (section 3.1).

    The weights come from a frame beside the clip's plain mean and deviation.

    Args:
        config: The model's configuration.
    """

    def __init__(self, config: EcapaTdnnConfig) -> None:
        super().__init__()
        self.hidden = EcapaTdnnLayer(3 * config.aggregation_size, config.attention_size)
        self.score = nn.Conv1d(config.attention_size, config.aggregation_size, kernel_size=1)

    def forward(self, values: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Shape (batch, channels, frames) to (batch, 2 * channels); `lengths` as in `EcapaTdnnLayer`."""
        context = weighted_statistics(values, mean_weights(values, lengths)[:, None]).to(values.dtype)
        # the context is the same at every frame: its share is computed once, not frame by frame
        of_frame, of_context = self.hidden.conv.weight.split([values.shape[1], context.shape[1]], dim=1)
        shared = nn.functional.linear(context, of_context[..., 0], self.hidden.conv.bias)
        hidden = torch.relu(nn.functional.conv1d(values, of_frame) + shared[..., None])
        scores = self.score(torch.tanh(self.hidden.norm(hidden, lengths))).float()
        if lengths is not None:
            padding = ~time_mask(lengths, values.shape[2])[:, None]
            scores = scores.masked_fill(padding, torch.finfo(scores.dtype).min)
        return weighted_statistics(values, scores.softmax(dim=2)).to(values.dtype)


class EcapaTdnnModel(SpeakerEncoderPreTrainedModel):
    """ECAPA-TDNN: a clip's log-mel frames to one vector that tells its voice.

    A clip gives the same vector alone and in any padded batch.

    Args:
        config: Its configuration.
    """

    config: EcapaTdnnConfig
    config_class = EcapaTdnnConfig

    def __init__(self, config: EcapaTdnnConfig) -> None:
        super().__init__(config)
        depth = len(config.kernel_sizes)
        self.stem = EcapaTdnnLayer(
            config.num_mel_bins, config.hidden_size, config.kernel_sizes[0], config.dilations[0]
        )
        self.layers = nn.ModuleList(EcapaTdnnBlock(config, layer) for layer in range(1, depth))
        self.aggregation = EcapaTdnnLayer((depth - 1) * config.hidden_size, config.aggregation_size)
        self.pooling = EcapaTdnnPooling(config)
        self.norm = MaskedBatchNorm(2 * config.aggregation_size)
        self.projection = nn.Linear(2 * config.aggregation_size, config.embedding_size)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """Kaiming normal weights, which keep the size of values through the ReLUs."""
        super()._init_weights(module)
        if isinstance(module, (nn.Conv1d, nn.Linear)):
            init.kaiming_normal_(module.weight, nonlinearity="relu")

    @can_return_tuple
    def forward(
        self, input_features: torch.Tensor, attention_mask: torch.Tensor | None = None, **kwargs: Any
    ) -> SpeakerEncoderOutput:
        """Embed voices.

        Args:
            input_features: Log-mels of shape (batch, frames, num_mel_bins) as `EcapaTdnnFeatureExtractor` gives them:
                dB, the mean of each band subtracted, 10 ms a frame.
            attention_mask: Shape (batch, frames), 1 on real frames and 0 on padding at the end; None: all is real.
            **kwargs: `return_dict`.

        Returns:
            `embeddings` (batch, embedding_size) and `last_hidden_state` (batch, frames, aggregation_size).

        Raises:
            ValueError: If a shape does not fit, or a clip is shorter than `config.min_frames`.
        """
        lengths = self._checked_lengths(
            input_features, attention_mask, self.config.num_mel_bins, self.config.min_frames
        )
        values = self.stem(zero_padding(input_features.transpose(1, 2), lengths), lengths)
        outcomes = []
        for layer in self.layers:
            values = layer(values, lengths)
            outcomes.append(values)
        values = self.aggregation(torch.cat(outcomes, dim=1), lengths)
        embeddings = self.projection(self.norm(self.pooling(values, lengths)))
        return SpeakerEncoderOutput(embeddings=embeddings, last_hidden_state=values.transpose(1, 2))


__all__ = ["EcapaTdnnModel"]
