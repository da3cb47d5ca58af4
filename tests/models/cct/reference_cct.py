"""Compact Transformers in plain PyTorch: oracle of the tests, yardstick of the benchmark.

Written from the published description. No masks, no options, no outputs but the logits; the parameter names are the
original's, so that its weights load directly.
"""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    """Self-attention with one projection for query, key and value."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        query, key, value = self.qkv(x).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        x = functional.scaled_dot_product_attention(query, key, value)
        return self.proj(x.transpose(1, 2).reshape(batch, tokens, width))


class Block(nn.Module):
    """Attention, then a norm that replaces the stream, then the MLP."""

    def __init__(self, width, heads, ratio):
        super().__init__()
        self.pre_norm = nn.LayerNorm(width)
        self.self_attn = Attention(width, heads)
        self.norm1 = nn.LayerNorm(width)
        self.linear1 = nn.Linear(width, int(width * ratio))
        self.linear2 = nn.Linear(int(width * ratio), width)

    def forward(self, x):
        x = self.norm1(x + self.self_attn(self.pre_norm(x)))
        return x + self.linear2(functional.gelu(self.linear1(x)))


class Tokenizer(nn.Module):
    """Convolutions, each with activation and pooling (CCT), or one patch convolution (CVT, ViT-Lite)."""

    def __init__(self, config):
        super().__init__()
        widths = [config.num_channels] + [64] * (config.tokenizer_num_layers - 1) + [config.hidden_size]
        stages = []
        for before, after in pairwise(widths):
            conv = nn.Conv2d(
                before,
                after,
                config.tokenizer_kernel_size,
                config.tokenizer_stride,
                config.tokenizer_padding,
                bias=config.tokenizer_bias,
            )
            pooled = [nn.ReLU(), nn.MaxPool2d(3, 2, 1)] if config.tokenizer_max_pool else []
            stages.append(nn.Sequential(conv, *pooled))
        self.conv_layers = nn.Sequential(*stages)

    def forward(self, x):
        return self.conv_layers(x).flatten(2).transpose(1, 2)


class Classifier(nn.Module):
    """Positions, blocks, norm, pooling and the linear layer."""

    def __init__(self, config):
        super().__init__()
        width, self.by_token = config.hidden_size, config.pooling == "class_token"
        self.positional_emb = nn.Parameter(torch.zeros(1, config.num_tokens, width))
        if self.by_token:
            self.class_emb = nn.Parameter(torch.zeros(1, 1, width))
        else:
            self.attention_pool = nn.Linear(width, 1)
        self.blocks = nn.ModuleList(
            Block(width, config.num_attention_heads, config.mlp_ratio) for _ in range(config.num_hidden_layers)
        )
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, config.num_labels)

    def forward(self, x):
        if self.by_token:
            x = torch.cat([self.class_emb.expand(len(x), -1, -1), x], dim=1)
        x = x + self.positional_emb
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        if self.by_token:
            return self.fc(x[:, 0])
        return self.fc((self.attention_pool(x).softmax(1).transpose(1, 2) @ x).squeeze(1))


class ReferenceCct(nn.Module):
    """The whole network: (batch, channels, frequency, time) to (batch, classes)."""

    def __init__(self, config):
        super().__init__()
        self.tokenizer = Tokenizer(config)
        self.classifier = Classifier(config)

    def forward(self, x):
        return self.classifier(self.tokenizer(x))
