"""Parts of the model: activations by name, attention, MLP and sequence pooling."""

import difflib
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from transformers.activations import ACT2FN
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from .configuration_cct import CctConfig


def activation_of(config: CctConfig, field: str) -> nn.Module:
    """Build the activation that a field of the configuration names.

    Args:
        config: The configuration.
        field: "hidden_act" or "tokenizer_activation".

    Returns:
        The activation.

    Raises:
        ValueError: If transformers knows no activation of that name.
    """
    name = getattr(config, field)
    if name not in ACT2FN:
        close = difflib.get_close_matches(str(name), ACT2FN, n=3)
        hint = f"did you mean {', '.join(close)}?" if close else "pass e.g. 'relu' or 'gelu'"
        raise ValueError(f"got {field}={name!r}, expected one of {', '.join(sorted(ACT2FN))}; {hint}")
    return ACT2FN[name]


def eager_attention_forward(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scaled dot-product attention spelled out, for when the weights are wanted.

    Args:
        module: The attention module, for its training flag.
        query: Shape (batch, heads, tokens, head size), as are key and value.
        key: See query.
        value: See query.
        attention_mask: Added to the scores: shape (batch, 1, 1 or tokens, tokens), or None.
        scaling: Factor on the scores.
        dropout: Probability of dropping a weight.
        **kwargs: Ignored; other implementations take more.

    Returns:
        Output of shape (batch, tokens, heads, head size) and weights of shape (batch, heads, tokens, tokens).
    """
    scores = torch.matmul(query, key.transpose(2, 3)) * scaling
    if attention_mask is not None:
        scores = scores + attention_mask
    weights = nn.functional.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype)
    weights = nn.functional.dropout(weights, p=dropout, training=module.training)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), weights


class CctAttention(nn.Module):
    """Multi-head self-attention; query, key and value come from one projection without bias, in that order."""

    def __init__(self, config: CctConfig) -> None:
        super().__init__()
        self.config = config
        self.num_attention_heads = config.num_attention_heads
        self.head_dim = config.hidden_size // config.num_attention_heads
        self.attention_dropout = config.attention_probs_dropout_prob
        self.scaling = self.head_dim**-0.5
        self.is_causal = False
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size, bias=False)
        self.o_proj = nn.Linear(config.hidden_size, config.hidden_size)
        self.hidden_dropout = config.hidden_dropout_prob

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Let every token look at every real token.

        Args:
            hidden_states: Shape (batch, tokens, hidden_size).
            attention_mask: Mask in the form of the attention implementation, or None.
            **kwargs: Passed on to the attention implementation.

        Returns:
            Output of shape (batch, tokens, hidden_size), and the weights (batch, heads, tokens, tokens) if eager.
        """
        batch, tokens, width = hidden_states.shape
        qkv = self.qkv(hidden_states).view(batch, tokens, 3, self.num_attention_heads, self.head_dim)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        attention: Callable = ALL_ATTENTION_FUNCTIONS.get_interface(
            self.config._attn_implementation, eager_attention_forward
        )
        output, weights = attention(
            self,
            query,
            key,
            value,
            attention_mask,
            dropout=self.attention_dropout if self.training else 0.0,
            scaling=self.scaling,
            **kwargs,
        )
        output = self.o_proj(output.reshape(batch, tokens, width))
        if self.training:
            output = nn.functional.dropout(output, self.hidden_dropout)
        return output, weights


class CctMLP(nn.Module):
    """The two linear layers of a block."""

    def __init__(self, config: CctConfig) -> None:
        super().__init__()
        width = int(config.hidden_size * config.mlp_ratio)
        self.fc1 = nn.Linear(config.hidden_size, width)
        self.activation = activation_of(config, "hidden_act")
        self.fc2 = nn.Linear(width, config.hidden_size)
        self.hidden_dropout = config.hidden_dropout_prob

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """Transform each token on its own: (batch, tokens, hidden_size) to the same shape."""
        hidden_states = self.activation(self.fc1(hidden_states))
        if not self.training:
            return self.fc2(hidden_states)
        hidden_states = self.fc2(nn.functional.dropout(hidden_states, self.hidden_dropout))
        return nn.functional.dropout(hidden_states, self.hidden_dropout)


class CctSequencePooling(nn.Module):
    """Attention pooling: a learned weight for every token (Hassani et al. 2021, section 3.2)."""

    def __init__(self, config: CctConfig) -> None:
        super().__init__()
        self.score = nn.Linear(config.hidden_size, 1)

    def forward(self, hidden_states: torch.Tensor, token_mask: torch.Tensor | None = None) -> torch.Tensor:
        """Average the real tokens by their weights.

        Args:
            hidden_states: Shape (batch, tokens, hidden_size).
            token_mask: Boolean of shape (batch, tokens), True on real tokens, or None if all are.

        Returns:
            Shape (batch, hidden_size).
        """
        scores = self.score(hidden_states).transpose(1, 2)
        if token_mask is not None:
            scores = scores.masked_fill(~token_mask[:, None], torch.finfo(scores.dtype).min)
        return torch.matmul(scores.softmax(dim=-1), hidden_states).squeeze(1)


__all__ = ["CctAttention", "CctMLP", "CctSequencePooling", "activation_of", "eager_attention_forward"]
