"""Parts of the speaker-conditioned CCT: from vectors to tokens, and the block where a pair meets."""

import math

import torch
from torch import nn

from .configuration_speaker_cct import SpeakerCctConfig
from .modeling_cct import CctLayer


def _eager_on_cpu(tensor: torch.Tensor) -> bool:
    """Whether values may be looked at: only where that is free of charge."""
    return tensor.device.type == "cpu" and not torch.compiler.is_compiling() and not torch.jit.is_tracing()


def check_tensor(name: str, value: object) -> None:
    """Refuse arrays and lists, which lie on no device.

    Raises:
        TypeError: If the value is no tensor.
    """
    if not isinstance(value, torch.Tensor):
        raise TypeError(
            f"got {name} of type {type(value).__name__}, expected a torch.Tensor; pass torch.as_tensor({name})"
        )


class SpeakerCctTokens(nn.Module):
    """Speaker and context vectors as tokens, and what stands in for those that are not known.

    Holds the frozen reduction (`reduction_mean`, `reduction_components`), the learned projections of vectors whose
    size is not `hidden_size`, and `unknown`, one row for each token: a parameter where speaker dropout trains it,
    otherwise a buffer.
    """

    unknown: torch.Tensor
    reduction_mean: torch.Tensor
    reduction_components: torch.Tensor

    def __init__(self, config: SpeakerCctConfig) -> None:
        super().__init__()
        self.config = config
        hidden, sizes = config.hidden_size, config.token_sizes
        self.projections = nn.ModuleList(
            nn.Identity() if size == hidden else nn.Linear(size, hidden) for size in sizes
        )
        unknown = torch.zeros(1, len(sizes), hidden)
        if config.speaker_dropout:
            self.unknown = nn.Parameter(unknown)
        else:
            self.register_buffer("unknown", unknown)
        if config.speaker_reduction_dim is not None:
            size = int(config.speaker_embedding_dim or 0)
            self.register_buffer("reduction_mean", torch.zeros(size))
            self.register_buffer("reduction_components", torch.zeros(config.speaker_reduction_dim, size))
        self._fitted = config.speaker_reduction_dim is None

    def set_reduction(self, mean: torch.Tensor, components: torch.Tensor) -> None:
        """Set the frozen reduction: `mean` of shape (speaker_embedding_dim,), `components` (reduction_dim, dim)."""
        self.reduction_mean.copy_(mean)
        self.reduction_components.copy_(components)
        self._fitted = True

    def _check_fitted(self) -> None:
        if not bool(self.reduction_components.any()):
            raise ValueError(
                f"the reduction of speaker vectors to {self.config.speaker_reduction_dim} has not been fitted; call "
                "model.fit_speaker_reduction(vectors of the training clips) first"
            )
        self._fitted = True

    @staticmethod
    def _check(name: str, vectors: torch.Tensor, batch: int, size: int, fix: str) -> None:
        check_tensor(name, vectors)
        if vectors.ndim != 2 or vectors.shape[1] != size:
            raise ValueError(
                f"got {name} of shape {tuple(vectors.shape)}, expected (batch, {size}): a vector of size {size} for "
                f"each clip; {fix}"
            )
        if vectors.shape[0] != batch:
            raise ValueError(
                f"got {name} of {vectors.shape[0]} clips and input_features of {batch}, expected as many; give each "
                "clip a vector of its own (for one voice in all of them: vector.expand(batch, -1))"
            )
        if _eager_on_cpu(vectors) and not bool(torch.isfinite(vectors).all()):
            row = int((~torch.isfinite(vectors).all(1)).nonzero()[0])
            raise ValueError(
                f"got {name} whose row {row} holds NaN or infinite numbers, expected finite ones; embed the clip "
                f"anew, or leave {name} out for a voice that is not known"
            )

    def _speaker(self, vectors: torch.Tensor) -> torch.Tensor:
        """The speaker's vectors, reduced and scaled, in float32: squares of theirs may leave half precision."""
        vectors = vectors.float()
        if self.config.speaker_reduction_dim is not None:
            if not self._fitted and not torch.compiler.is_compiling():
                self._check_fitted()
            vectors = (vectors - self.reduction_mean.float()) @ self.reduction_components.float().T
        if self.config.normalize_speaker_embeddings:
            vectors = nn.functional.normalize(vectors, dim=-1) * math.sqrt(vectors.shape[-1])
        return vectors

    def forward(
        self, speaker_embeddings: torch.Tensor | None, context_embeddings: torch.Tensor | None, batch: int
    ) -> torch.Tensor:
        """Make tokens of what is known.

        Args:
            speaker_embeddings: Shape (batch, speaker_embedding_dim), a row of zeros for a speaker who is not known;
                or None where none is known.
            context_embeddings: Shape (batch, sum of context_sizes), the vectors one after the other; or None.
            batch: Clips.

        Returns:
            Tokens of shape (batch, 1 + number of context vectors, hidden_size), the speaker's first.

        Raises:
            TypeError: If vectors are no tensors.
            ValueError: If a shape does not fit, a vector is not finite (looked at on the CPU outside compilation), the
                reduction has not been fitted, or the model takes no context.
        """
        sizes = self.config.token_sizes[1:]
        vectors: list[torch.Tensor | None] = [None] * (1 + len(sizes))
        known = None
        if speaker_embeddings is not None:
            fix = "embed clips with the speaker encoder that the model was trained with"
            self._check(
                "speaker_embeddings", speaker_embeddings, batch, int(self.config.speaker_embedding_dim or 0), fix
            )
            vectors[0] = self._speaker(speaker_embeddings)
            known = speaker_embeddings.ne(0).any(dim=1, keepdim=True)
        if context_embeddings is not None:
            if not sizes:
                raise ValueError(
                    "got context_embeddings, but the model has no context_sizes; leave them out, or build the model "
                    "with context_sizes, the size of each vector"
                )
            fix = f"join vectors of the sizes {sizes} in this order, as context_sizes says"
            self._check("context_embeddings", context_embeddings, batch, sum(sizes), fix)
            vectors[1:] = context_embeddings.split(sizes, dim=-1)
        unknown = self.unknown.expand(batch, -1, -1)
        tokens = []
        for place, (vector, projection) in enumerate(zip(vectors, self.projections, strict=True)):
            told, token = known if place == 0 else None, unknown[:, place]
            if vector is None and self.training:
                # a projection without a gradient is an error where several processes train
                vector = unknown.new_zeros(batch, self.config.token_sizes[place])
                told = torch.zeros(batch, 1, dtype=torch.bool, device=vector.device)
            if vector is not None:
                projected = projection(vector.to(unknown.dtype)).to(unknown.dtype)
                token = projected if told is None else torch.where(told, projected, token)
            tokens.append(token)
        stacked = torch.stack(tokens, dim=1)
        if self.training and self.config.speaker_dropout:
            withheld = torch.rand(*stacked.shape[:2], 1, device=stacked.device) < self.config.speaker_dropout
            stacked = torch.where(withheld, unknown, stacked)
        return stacked


class SpeakerCctPair(nn.Module):
    """The second level of Speaker VGG CCT: image and speaker vector attend to one another in one block.

    The block is CCT's, with one head and without dropout; what comes out at the image's place is classified.
    """

    def __init__(self, config: SpeakerCctConfig) -> None:
        super().__init__()
        self.position_embeddings = nn.Parameter(torch.zeros(1, 1 + len(config.token_sizes), config.hidden_size))
        self.block = CctLayer(config)
        attention, mlp = self.block.attention, self.block.mlp
        attention.num_attention_heads, attention.head_dim = 1, config.hidden_size
        attention.scaling = config.hidden_size**-0.5
        attention.attention_dropout = attention.hidden_dropout = mlp.hidden_dropout = 0.0
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, pooled: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Fuse: the pooled image (batch, hidden_size) and tokens (batch, tokens, hidden_size) to (batch, hidden_size).

        The order is image, speaker, context, as in the original.
        """
        pair = torch.cat([pooled[:, None], tokens], dim=1) + self.position_embeddings
        return self.layernorm(self.block(pair)[:, 0])


__all__ = ["SpeakerCctPair", "SpeakerCctTokens", "check_tensor"]
