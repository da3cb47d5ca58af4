"""What all heads share: reading a stack of encoder states, joining functionals, classifying."""

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ..reference import CONDITIONINGS, NO_REFERENCE, ReferenceConditioning, ReferenceSummary
from .pooling import zero_padding

if TYPE_CHECKING:
    from ..configuration_speech_encoder import SpeechEncoderConfig

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "gelu": nn.GELU, "none": nn.Identity}


def head_settings(config: "SpeechEncoderConfig", defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the configuration that only one kind of head knows.

    Args:
        config: The configuration; `head_config` is read.
        defaults: Every setting that the head takes, with its default.

    Returns:
        All settings.

    Raises:
        ValueError: If `head_config` has a setting that the head does not take.
    """
    given = dict(config.head_config or {})
    for name in given:
        if name not in defaults:
            close = difflib.get_close_matches(str(name), defaults, n=1)
            known = ", ".join(sorted(defaults)) or "nothing"
            hint = f"did you mean {close[0]!r}?" if close else "leave it out"
            raise ValueError(f"got head_config[{name!r}] for head={config.head!r}, expected {known}; {hint}")
    return {**defaults, **given}


def check_size(name: str, value: Any, least: int = 1) -> int:
    """A whole number of a configuration.

    Args:
        name: What errors call it, such as "head_config['attention_size']".
        value: What the configuration holds.
        least: Smallest value allowed.

    Returns:
        The number.

    Raises:
        ValueError: If it is no whole number, or too small.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"got {name}={value!r}, expected a whole number of at least {least}")
    return value


def check_choice(name: str, value: Any, choices: Mapping[str, Any] | tuple[str, ...]) -> str:
    """One of a few words of a configuration.

    Args:
        name: What errors call it.
        value: What the configuration holds.
        choices: The words.

    Returns:
        The word.

    Raises:
        ValueError: If it is none of them.
    """
    if value not in choices:
        raise ValueError(f"got {name}={value!r}, expected one of {', '.join(map(repr, choices))}")
    return value


class FunctionalsFusion(nn.Module):
    """A clip's vector and its functionals, each of one width, side by side through one more layer (system 003).

    Args:
        vector_size: Width of the clip's vector.
        functionals_size: Functionals of a clip, 88 for eGeMAPS.
        hidden_size: Width of the branch of the functionals and of what comes out.
    """

    def __init__(self, vector_size: int, functionals_size: int, hidden_size: int) -> None:
        super().__init__()
        self.branch = nn.Linear(functionals_size, hidden_size)
        self.output = nn.Linear(vector_size + hidden_size, hidden_size)

    def join(self, vector: torch.Tensor, functionals: torch.Tensor) -> torch.Tensor:
        """Vector and branch side by side: (batch, vector_size) and (batch, functionals_size) to one row a clip."""
        return torch.cat([vector, torch.relu(self.branch(functionals))], dim=1)

    def forward(self, vector: torch.Tensor, functionals: torch.Tensor) -> torch.Tensor:
        """Fuse.

        Args:
            vector: Shape (batch, vector_size).
            functionals: Shape (batch, functionals_size), standardised.

        Returns:
            Shape (batch, hidden_size).
        """
        return torch.relu(self.output(self.join(vector, functionals)))


class SpeechHead(nn.Module):
    """Base of the heads: a stack of encoder states to logits, with functionals fused in where the model has them.

    A subclass says how a clip's vector comes about (`clip_vector`) and calls `finish` with the vector's width. Several
    states that a head reads lie side by side as features unless the head says otherwise.

    Args:
        config: `head_dropout`, `normalize_layers` and `functionals_size` are read here.
        num_states: Encoder states in the stack.
        feature_size: Features of a frame.

    Raises:
        ValueError: If a number of the configuration is out of range.
    """

    def __init__(self, config: "SpeechEncoderConfig", num_states: int, feature_size: int) -> None:
        super().__init__()
        self.num_states = check_size("num_states", num_states)
        self.feature_size = check_size("feature_size", feature_size)
        self.functionals_size = check_size("functionals_size", config.functionals_size, least=0)
        self.normalize_layers = bool(config.normalize_layers)
        if not 0 <= config.head_dropout < 1:
            raise ValueError(f"got head_dropout={config.head_dropout!r}, expected a probability below 1")
        self.dropout = nn.Dropout(config.head_dropout)
        self.fusion: FunctionalsFusion | None = None
        self.reference: ReferenceConditioning | None = None
        self.classifier: nn.Linear

    def finish(self, config: "SpeechEncoderConfig", vector_size: int, fusion_size: int | None = None) -> None:
        """Build what follows a clip's vector.

        Args:
            config: `num_labels` and `reference` are read, and `head_hidden_size` where functionals are fused in.
            vector_size: Width of what `clip_vector` gives.
            fusion_size: Width after the fusion, `head_hidden_size` if left out; 0 puts the functionals beside the
                vector as they are, so that the head stays linear.
        """
        fusion_size = config.head_hidden_size if fusion_size is None else fusion_size
        if self.functionals_size and fusion_size:
            self.fusion = FunctionalsFusion(vector_size, self.functionals_size, fusion_size)
            vector_size = fusion_size
        elif self.functionals_size:
            vector_size += self.functionals_size
        self.vector_size = vector_size
        if config.reference is not None:
            self.reference = CONDITIONINGS[config.reference](vector_size)
        self.classifier = nn.Linear(vector_size, config.num_labels)

    def clip_vector(self, layer_stack: torch.Tensor, frame_mask: torch.Tensor | None) -> torch.Tensor:
        """One vector a clip from its encoder states alone.

        Args:
            layer_stack: Shape (batch, states, frames, features), zero on padding.
            frame_mask: Shape (batch, frames), True on real frames; None if all are real.

        Returns:
            Shape (batch, vector size).
        """
        raise NotImplementedError

    def side_by_side(self, layer_stack: torch.Tensor) -> torch.Tensor:
        """States side by side: (batch, states, frames, features) to (batch, frames, states * features)."""
        return layer_stack.transpose(1, 2).flatten(2)

    def read(self, layer_stack: torch.Tensor, frame_mask: torch.Tensor | None = None) -> torch.Tensor:
        """One vector a clip, before functionals; see `forward` for the arguments and the errors."""
        shape = tuple(layer_stack.shape)
        if layer_stack.dim() != 4 or shape[1] != self.num_states or shape[3] != self.feature_size:
            raise ValueError(
                f"got a layer stack of shape {shape}, expected (batch, {self.num_states} states, frames,"
                f" {self.feature_size} features)"
            )
        if shape[2] == 0:
            raise ValueError(f"got a layer stack of shape {shape}, expected at least one frame: pad the clips")
        if frame_mask is not None and tuple(frame_mask.shape) != (shape[0], shape[2]):
            raise ValueError(f"got a frame mask of shape {tuple(frame_mask.shape)}, expected {(shape[0], shape[2])}")
        layer_stack = zero_padding(layer_stack, frame_mask)
        if self.normalize_layers:
            layer_stack = nn.functional.layer_norm(layer_stack, layer_stack.shape[-1:])
            layer_stack = zero_padding(layer_stack, frame_mask)
        return self.clip_vector(layer_stack, frame_mask)

    def pool(
        self,
        layer_stack: torch.Tensor,
        frame_mask: torch.Tensor | None = None,
        functionals: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The vector that the classifier reads.

        Args:
            layer_stack: As in `forward`, as are the others.
            frame_mask: As in `forward`.
            functionals: As in `forward`.

        Returns:
            Shape (batch, width of the classifier).

        Raises:
            ValueError: As `forward`.
        """
        expected = (layer_stack.shape[0], self.functionals_size)
        if self.functionals_size == 0 and functionals is not None:
            raise ValueError(
                "got functionals, but this head has none: leave them out, or build it with functionals_size=88"
            )
        if self.functionals_size and (functionals is None or tuple(functionals.shape) != expected):
            given = "no functionals" if functionals is None else f"functionals of shape {tuple(functionals.shape)}"
            raise ValueError(
                f"got {given}, expected shape {expected}: pass what the feature extractor gives as 'functionals'"
            )
        vector = self.read(layer_stack, frame_mask)
        if functionals is None:
            return vector
        functionals = functionals.to(vector.dtype)
        if self.fusion is None:
            return torch.cat([vector, functionals], dim=1)
        return self.fusion(self.dropout(vector), functionals)

    def condition(self, vectors: torch.Tensor, summary: ReferenceSummary | None) -> torch.Tensor:
        """Change vectors by what other clips of the same voices tell, where the head was built with `reference`.

        Args:
            vectors: What `pool` gave, shape (batch, width of the classifier).
            summary: Of the reference clips; None if there are none.

        Returns:
            The same shape; without references the vectors as they are.

        Raises:
            ValueError: If references are given and the head was built without.
        """
        if self.reference is None:
            if summary is not None:
                raise ValueError(NO_REFERENCE)
            return vectors
        # without references too, so that every parameter takes part in every step of distributed training
        return self.reference(vectors, ReferenceSummary.empty(vectors) if summary is None else summary)

    def classify(self, vectors: torch.Tensor) -> torch.Tensor:
        """Vectors (batch, width of the classifier) to logits (batch, num_labels)."""
        return self.classifier(self.dropout(vectors))

    def forward(
        self,
        layer_stack: torch.Tensor,
        frame_mask: torch.Tensor | None = None,
        functionals: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Classify clips.

        Args:
            layer_stack: Encoder states, shape (batch, states, frames, features).
            frame_mask: Shape (batch, frames), True on real frames, padding at the end; None if all are real.
            functionals: Shape (batch, functionals_size), standardised, where the head was built with them.

        Returns:
            Logits of shape (batch, num_labels). What padding holds does not change them.

        Raises:
            ValueError: If a shape is not as said, or functionals are missing or not wanted.
        """
        return self.classify(self.condition(self.pool(layer_stack, frame_mask, functionals), None))

    def init_own_parameters(self) -> None:
        """Initialise parameters that are the head's own and not a layer's; most heads have none."""


__all__ = [
    "ACTIVATIONS",
    "FunctionalsFusion",
    "SpeechHead",
    "check_choice",
    "check_size",
    "head_settings",
]
