"""Any other encoder of transformers' AutoModel, run as a whole."""

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from .base import EncoderRunner
from .masks import real_lengths, shortest_waveform, time_mask, zero_padding


class GenericRunner(EncoderRunner):
    """Runs an encoder that nothing is known of: clips of one length together, cut to it, without padding.

    So a clip gives in any batch what it gives alone, at the price of a pass for each length. Nothing can be resumed
    below the top, and no layer can be cut off.
    """

    def layers(self, encoder: PreTrainedModel) -> nn.ModuleList:
        """Unknown: an error.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            f"got an encoder of model type {encoder.config.model_type!r}, expected one that can be run layer by layer "
            "(hubert, wav2vec2, data2vec-audio, unispeech, unispeech-sat, wavlm, whisper); freeze all of it or "
            "nothing, and leave num_encoder_layers out"
        )

    def front(self, encoder: PreTrainedModel) -> list[nn.Module]:
        """Unknown; see `layers`."""
        raise self.layers(encoder)  # type: ignore[misc]

    def embed(
        self, encoder: PreTrainedModel, inputs: torch.Tensor, attention_mask: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Unknown; see `layers`."""
        raise self.layers(encoder)  # type: ignore[misc]

    def states(
        self,
        encoder: PreTrainedModel,
        inputs: torch.Tensor,
        attention_mask: torch.Tensor | None,
        upto: int,
    ) -> tuple[list[torch.Tensor], torch.Tensor | None]:
        """Run the encoder; see `EncoderRunner.states`. The top state is `last_hidden_state` where its length fits."""
        lengths = real_lengths(attention_mask, inputs)
        shortest = shortest_waveform(encoder.config) if inputs.ndim == 2 else 1
        if inputs.shape[1] < shortest:
            inputs = nn.functional.pad(zero_padding(inputs, lengths), (0, shortest - inputs.shape[1]))
            lengths = None
        if lengths is None:
            return self._run(encoder, inputs), None
        inputs, lengths = zero_padding(inputs, lengths), lengths.clamp(min=shortest)
        results: list[tuple[torch.Tensor, list[torch.Tensor]]] = []
        for length in lengths.unique():
            rows = (lengths == length).nonzero()[:, 0]
            results.append((rows, self._run(encoder, inputs[rows, : int(length)])))
        frames = lengths.new_zeros(len(lengths))
        for rows, states in results:
            frames[rows] = states[-1].shape[1]
        longest = int(frames.max())
        first = results[0][1]
        merged = [first[0].new_zeros(len(inputs), longest, first[0].shape[2]) for _ in first]
        for rows, states in results:
            for whole, state in zip(merged, states, strict=True):
                whole[rows, : state.shape[1]] = state
        return merged, time_mask(frames, longest)

    def resume(
        self,
        encoder: PreTrainedModel,
        state: torch.Tensor,
        frame_mask: torch.Tensor | None,
        known: int,
        upto: int,
    ) -> list[torch.Tensor]:
        """Nothing can be added to the top state; from any other there is no going on, see `layers`."""
        if known < upto:
            self.layers(encoder)
        return []

    def _run(self, encoder: PreTrainedModel, inputs: torch.Tensor) -> list[torch.Tensor]:
        arguments: dict[str, Any] = {encoder.main_input_name: inputs.to(encoder.dtype)}
        output = encoder(**arguments, output_hidden_states=True, return_dict=True)
        states = list(output.hidden_states)
        if output.last_hidden_state.shape == states[-1].shape:
            states[-1] = output.last_hidden_state
        if len(states) != encoder.config.num_hidden_layers + 1 or len({tuple(state.shape) for state in states}) > 1:
            raise ValueError(
                f"got hidden states of shapes {[tuple(state.shape) for state in states]} from an encoder of type "
                f"{encoder.config.model_type!r}, expected {encoder.config.num_hidden_layers + 1} of one shape; this "
                "encoder cannot be read, choose another"
            )
        return states


__all__ = ["GenericRunner"]
