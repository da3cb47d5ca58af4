"""SpecAugment (Park et al. 2019) as the encoders' configurations ask for it, on clips of any length.

transformers' own raises an error on clips that are shorter than a span; here such a clip just stays as it is. Drawn
with torch's generator, as dropout is, so that one seed gives one training.
"""

import torch
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel


def draw_spans(lengths: torch.Tensor, size: int, probability: float, span: int, least: int) -> torch.Tensor:
    """Draw spans to mask.

    Args:
        lengths: What is real of each row, shape (rows,).
        size: Length of the rows.
        probability: Share of a row that its spans would cover if they did not overlap.
        span: Length of a span.
        least: Spans of a row at least, if it is long enough for one.

    Returns:
        Shape (rows, size), True on what is to be masked.
    """
    device = lengths.device
    starts = lengths - span + 1
    chance = torch.rand(len(lengths), device=device)
    wanted = (probability * lengths / span + chance).long().clamp(min=least)
    wanted = torch.minimum(wanted, (lengths // span)).clamp(min=0)
    most = max(size // span, 0)
    masked = torch.zeros(len(lengths), size, dtype=torch.bool, device=device)
    if most == 0:
        return masked
    # random order of the places where a span can start; the first few are taken
    order = torch.rand(len(lengths), size, device=device)
    order = order.masked_fill(torch.arange(size, device=device) >= starts[:, None], 2.0).argsort(dim=1)[:, :most]
    taken = torch.arange(order.shape[1], device=device) < wanted[:, None]
    places = (order[..., None] + torch.arange(span, device=device)).clamp(max=size - 1)
    rows = torch.arange(len(lengths), device=device)[:, None, None].expand_as(places)
    kept = taken[..., None].expand_as(places)
    masked[rows[kept], places[kept]] = True
    return masked


def _draw(config: PreTrainedConfig, axis: str, lengths: torch.Tensor, size: int) -> torch.Tensor | None:
    probability = getattr(config, f"mask_{axis}_prob", 0.0)
    if not getattr(config, "apply_spec_augment", True) or probability <= 0:
        return None
    least = getattr(config, f"mask_{axis}_min_masks", 0)
    return draw_spans(lengths, size, probability, getattr(config, f"mask_{axis}_length", 10), least)


def _both(
    config: PreTrainedConfig, values: torch.Tensor, lengths: torch.Tensor | None
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    batch, time, features = values.shape
    device = values.device
    lengths = torch.full((batch,), time, device=device) if lengths is None else lengths
    whole = torch.full((batch,), features, device=device)
    return _draw(config, "time", lengths, time), _draw(config, "feature", whole, features)


def augment_states(
    encoder: PreTrainedModel, state: torch.Tensor, lengths: torch.Tensor | None, config: PreTrainedConfig
) -> torch.Tensor:
    """Mask spans of frames by the encoder's learnt vector, and spans of features by zeros, as wav2vec 2.0 does.

    Args:
        encoder: Has `masked_spec_embed` where its configuration asks for masking.
        state: Projected features of shape (batch, frames, features).
        lengths: Real frames of shape (batch,); None: all.
        config: The encoder's configuration.

    Returns:
        The masked state.
    """
    time, features = _both(config, state, lengths)
    embedding: nn.Parameter | None = getattr(encoder, "masked_spec_embed", None)
    if time is not None and embedding is not None:
        state = torch.where(time[..., None], embedding.to(state.dtype), state)
    return state if features is None else state.masked_fill(features[:, None], 0)


def augment_log_mel(features: torch.Tensor, lengths: torch.Tensor | None, config: PreTrainedConfig) -> torch.Tensor:
    """Mask spans of frames and of mels of (batch, frames, mels) by zeros, as Whisper does; see `augment_states`."""
    time, mels = _both(config, features, lengths)
    if time is not None:
        features = features.masked_fill(time[..., None], 0)
    return features if mels is None else features.masked_fill(mels[:, None], 0)


__all__ = ["augment_log_mel", "augment_states", "draw_spans"]
