"""What every family's runner can do."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.masking_utils import create_bidirectional_mask

from .masks import time_mask, zero_padding


class EncoderRunner(ABC):
    """Runs the encoders of one family; it has no state of its own, the encoder is passed in.

    A state is (batch, frames, features), zero on padding; masks of frames are (batch, frames), True on real ones, or
    None where all are.
    """

    masked_group_norm: bool = True

    def __init__(self, masked_group_norm: bool = True) -> None:
        self.masked_group_norm = masked_group_norm

    @abstractmethod
    def layers(self, encoder: PreTrainedModel) -> nn.ModuleList:
        """The encoder's layers, from below."""

    @abstractmethod
    def front(self, encoder: PreTrainedModel) -> list[nn.Module]:
        """Modules and parameters' owners that give state 0."""

    @abstractmethod
    def embed(
        self, encoder: PreTrainedModel, inputs: torch.Tensor, attention_mask: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """State 0 and its lengths.

        Args:
            encoder: The encoder.
            inputs: Shape (batch, samples), or (batch, frames, mels).
            attention_mask: Shape (batch, samples) or (batch, frames), 1 on real signal.

        Returns:
            State 0 and the number of real frames of shape (batch,), None if all are real.

        Raises:
            ValueError: If the mask does not fit, or a clip is longer than the encoder can take.
        """

    def final_norm(self, encoder: PreTrainedModel) -> nn.Module | None:
        """The norm after the last layer, None where the family has none or it was cut off."""
        return None

    def drop_final_norm(self, encoder: PreTrainedModel) -> None:
        """Take the norm after the last layer away."""
        return

    def layer_arguments(
        self, encoder: PreTrainedModel, state: torch.Tensor, frame_mask: torch.Tensor | None
    ) -> dict[str, Any]:
        """What every layer is passed beside the state."""
        mask = create_bidirectional_mask(
            config=encoder.config, inputs_embeds=state, attention_mask=None if frame_mask is None else frame_mask
        )
        return {"attention_mask": mask}

    def states(
        self,
        encoder: PreTrainedModel,
        inputs: torch.Tensor,
        attention_mask: torch.Tensor | None,
        upto: int,
    ) -> tuple[list[torch.Tensor], torch.Tensor | None]:
        """Run the encoder from the signal.

        Args:
            encoder: The encoder.
            inputs: Shape (batch, samples), or (batch, frames, mels).
            attention_mask: Shape (batch, samples) or (batch, frames), 1 on real signal and 0 on padding at the end.
            upto: Highest state that is needed.

        Returns:
            States 0 to `upto`, and the mask of frames.

        Raises:
            ValueError: If the mask does not fit, or a clip is longer than the encoder can take.
        """
        state, lengths = self.embed(encoder, inputs, attention_mask)
        frame_mask = None if lengths is None else time_mask(lengths, state.shape[1])
        return [state, *self.resume(encoder, state, frame_mask, 0, upto)], frame_mask

    def resume(
        self,
        encoder: PreTrainedModel,
        state: torch.Tensor,
        frame_mask: torch.Tensor | None,
        known: int,
        upto: int,
    ) -> list[torch.Tensor]:
        """Go on from a state that is known.

        Args:
            encoder: The encoder.
            state: State `known`, of shape (batch, frames, features).
            frame_mask: Shape (batch, frames), True on real frames; None: all.
            known: Number of that state.
            upto: Highest state that is needed.

        Returns:
            States `known` + 1 to `upto`.
        """
        layers = self.layers(encoder)
        lengths = None if frame_mask is None else frame_mask.sum(dim=1)
        state = zero_padding(state, lengths)
        arguments = self.layer_arguments(encoder, state, frame_mask)
        states = []
        for index in range(known, upto):
            state = self.run_layer(layers[index], state, arguments)
            states.append(zero_padding(state, lengths))
        norm = self.final_norm(encoder)
        if states and upto == len(layers) and norm is not None:
            states[-1] = zero_padding(norm(state), lengths)
        return states

    def run_layer(self, layer: nn.Module, state: torch.Tensor, arguments: dict[str, Any]) -> torch.Tensor:
        """One layer: (batch, frames, features) to the same shape."""
        output = layer(state, **arguments)
        return output[0] if isinstance(output, tuple) else output


__all__ = ["EncoderRunner"]
