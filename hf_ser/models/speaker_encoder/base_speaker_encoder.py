"""What the speaker encoders share: their output, and the checks of what they are given."""

from dataclasses import dataclass

import torch
from transformers import PreTrainedModel
from transformers.utils import ModelOutput

from ..loading_report import StrictLoadingMixin
from .masked_frames import real_lengths


@dataclass
class SpeakerEncoderOutput(ModelOutput):
    """What a speaker encoder gives.

    `embeddings` (batch, embedding_size) are the voices, one vector a clip, not normalised: compare them by their
    cosine. `last_hidden_state` (batch, frames, features) is what they were pooled from; its frames are those of the
    network, and hold no particular value on padding.
    """

    embeddings: torch.Tensor | None = None
    last_hidden_state: torch.Tensor | None = None


class SpeakerEncoderPreTrainedModel(StrictLoadingMixin, PreTrainedModel):
    """Base of the speaker encoders."""

    base_model_prefix = "speaker_encoder"
    main_input_name = "input_features"
    input_modalities = ("audio",)

    def _checked_lengths(
        self, input_features: torch.Tensor, attention_mask: torch.Tensor | None, bands: int, shortest: int
    ) -> torch.Tensor | None:
        """Real frames of each clip (None if all are), once shapes and lengths are known to fit.

        Raises:
            ValueError: If the features or the mask have another shape, or a clip is shorter than `shortest` frames
                (told of single clips of a batch on the CPU only, where it costs nothing to look).
        """
        if input_features.ndim != 3 or input_features.shape[2] != bands:
            raise ValueError(
                f"got input_features of shape {tuple(input_features.shape)}, expected (batch, frames, {bands}) as the "
                f"feature extractor saved with {type(self).__name__} gives them"
            )
        lengths = real_lengths(attention_mask, input_features)
        least = input_features.shape[1]
        if lengths is not None and lengths.device.type == "cpu" and not torch.compiler.is_compiling():
            least = int(lengths.min())
        if least < shortest:
            raise ValueError(
                f"got a clip of {least} frames, expected at least {shortest}, which {type(self).__name__} looks at"
                " together: leave so short a clip out, or join it with others of the same voice"
            )
        return lengths


__all__ = ["SpeakerEncoderOutput", "SpeakerEncoderPreTrainedModel"]
