"""PyTorch speaker-conditioned CCT: a spectrogram transformer that is told whose voice it hears."""

import os
from typing import Any, ClassVar, Self

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutputWithPooling, SequenceClassifierOutput
from transformers.utils import logging
from transformers.utils.generic import can_return_tuple
from transformers.utils.output_capturing import OutputRecorder, capture_outputs

from ..speaker_encoder.embedding_speakers import embed_long_enough
from .configuration_speaker_cct import SpeakerCctConfig
from .layers_cct import CctAttention
from .layers_speaker_cct import SpeakerCctPair, SpeakerCctTokens, check_tensor
from .modeling_cct import CctForAudioClassification, CctLayer, CctModel, CctPreTrainedModel
from .reduction_cct import principal_components
from .speaker_encoder_cct import build_speaker_encoder, check_speaker_encoder, frozen

logger = logging.get_logger(__name__)


class SpeakerCctPreTrainedModel(CctPreTrainedModel):
    """What the speaker-conditioned models add to weight initialisation and to what is captured."""

    config: SpeakerCctConfig
    config_class = SpeakerCctConfig
    # of the transformer's layers alone, not of the block where a pair meets
    _can_record_outputs: ClassVar[dict[str, Any]] = {
        "hidden_states": OutputRecorder(CctLayer, layer_name="layers"),
        "attentions": OutputRecorder(CctAttention, index=1, layer_name="layers"),
    }

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """As CCT's; the unknown speaker starts at zero, and the reduction unfitted."""
        super()._init_weights(module)
        if isinstance(module, SpeakerCctTokens):
            init.zeros_(module.unknown)
            if self.config.speaker_reduction_dim is not None:
                init.zeros_(module.reduction_mean)
                init.zeros_(module.reduction_components)
        elif isinstance(module, SpeakerCctPair):
            init.trunc_normal_(module.position_embeddings, std=self.config.position_initializer_range)


class SpeakerCctModel(SpeakerCctPreTrainedModel, CctModel):
    """The encoder: a CCT and the speaker vector, fused as `config.fusion` says. It owns no speaker encoder.

    Args:
        config: Its configuration.
    """

    def __init__(self, config: SpeakerCctConfig) -> None:
        super().__init__(config)
        if config.fusion == "speaker_token":
            self.pooler = None
        self.speaker = SpeakerCctTokens(config)
        self.pair = SpeakerCctPair(config) if config.fusion == "pair" else None
        self.post_init()

    @capture_outputs(tie_last_hidden_states=False)
    def forward(  # type: ignore[override]
        self,
        input_features: torch.Tensor,
        speaker_embeddings: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        context_embeddings: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> BaseModelOutputWithPooling:
        """Encode spectrograms, each with its speaker's vector.

        Args:
            input_features: Shape (batch, channels, frequency, time); see `CctModel.forward`.
            speaker_embeddings: Shape (batch, speaker_embedding_dim); None for the unknown speaker.
            attention_mask: Shape (batch, time), 1 on real frames and 0 on padding at the end.
            context_embeddings: Shape (batch, sum of context_sizes), where the configuration has them; None for
                unknown.
            **kwargs: `output_hidden_states`, `output_attentions` (eager only), `return_dict`.

        Returns:
            `last_hidden_state` (batch, tokens, hidden_size), with fusion "token" and "speaker_token" the speaker's
            token first, then the context's and the image's; and `pooler_output` (batch, hidden_size), which is
            classified.

        Raises:
            TypeError: If vectors are no tensors.
            ValueError: If shapes do not fit the configuration or one another, a vector is not finite, or the mask is
                not right padding; values are looked at on the CPU outside compilation.
        """
        tokens = self.speaker(speaker_embeddings, context_embeddings, input_features.shape[0])
        leading = None if self.pair is not None else tokens
        hidden_states, token_mask = self._encode(input_features, attention_mask, leading, **kwargs)
        pooled = hidden_states[:, 0] if self.pooler is None else self.pooler(hidden_states, token_mask)
        if self.pair is not None:
            pooled = self.pair(pooled, tokens)
        return BaseModelOutputWithPooling(last_hidden_state=hidden_states, pooler_output=pooled)


class SpeakerCctForAudioClassification(SpeakerCctPreTrainedModel, CctForAudioClassification):
    """Speaker-conditioned CCT with a linear layer, for emotions or any other labels of a clip.

    It may own a speaker encoder, from `config.speaker_encoder_config` or `set_speaker_encoder`: frozen, always in
    evaluation mode, and saved in the same file. `hf_ser.SpeakerSpectrogramFeatureExtractor` then gives it all it
    reads from one waveform.

    Args:
        config: Its configuration; `num_labels` sets the classes.
    """

    _base_class = SpeakerCctModel
    speaker_encoder: PreTrainedModel | None

    def __init__(self, config: SpeakerCctConfig) -> None:
        super().__init__(config)
        encoder_config = config.speaker_encoder_config
        self.speaker_encoder = None if encoder_config is None else build_speaker_encoder(encoder_config)
        self._said_unknown = self._said_short = False
        self.post_init()

    @property
    def encoder_layers(self) -> nn.ModuleList:
        """The transformer's layers, from below; those of the speaker encoder are not among them."""
        return self.cct.layers

    def set_speaker_encoder(self, encoder: PreTrainedModel | str | os.PathLike) -> Self:
        """Give the model a pretrained speaker encoder, which it owns and saves from then on.

        Args:
            encoder: The encoder, moved to the model's device and dtype (one file holds one dtype, and a saved model
                gives what this one gives); or its folder or Hub id.

        Returns:
            The model itself.

        Raises:
            ValueError: If it is no speaker encoder, its embeddings are of another size than `speaker_embedding_dim`,
                or its class is not the one that its configuration builds.
            OSError: If there is no checkpoint of that name.
        """
        if not isinstance(encoder, PreTrainedModel):
            # it needs transformers' auto modules, which this module may be imported from
            from ..speaker_encoder.loading_speaker_encoder import load_speaker_encoder

            encoder, _ = load_speaker_encoder(encoder)
        check_speaker_encoder(encoder, self.config)
        self.config.speaker_encoder_config = encoder.config
        self.speaker_encoder = frozen(encoder).to(self.device, self.dtype)
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; the speaker encoder stays frozen and in evaluation mode."""
        super().train(mode)
        if self.speaker_encoder is not None:
            # loading, which ends with eval(), makes every weight trainable
            frozen(self.speaker_encoder)
        return self

    def fit_speaker_reduction(self, speaker_embeddings: torch.Tensor) -> Self:
        """Fit the frozen reduction by PCA, without whitening (as the original, but on training clips only).

        Args:
            speaker_embeddings: Vectors of the training clips, shape (clips, speaker_embedding_dim). Rows of zeros,
                which `get_speaker_embeddings` gives for clips that are too short, are left out; more than
                `speaker_reduction_dim` others are needed.

        Returns:
            The model itself.

        Raises:
            TypeError: If they are no tensor.
            ValueError: If the model has no reduction, or the vectors are too few, of another size or not finite.
        """
        count, size = self.config.speaker_reduction_dim, self.config.speaker_embedding_dim
        if count is None:
            raise ValueError("the model has no reduction to fit; build it with speaker_reduction_dim, e.g. 384")
        check_tensor("speaker_embeddings", speaker_embeddings)
        if speaker_embeddings.ndim != 2 or speaker_embeddings.shape[1] != size:
            raise ValueError(
                f"got speaker_embeddings of shape {tuple(speaker_embeddings.shape)}, expected (clips, {size})"
            )
        self.cct.speaker.set_reduction(*principal_components(speaker_embeddings, count))
        return self

    @torch.no_grad()
    def get_speaker_embeddings(
        self, speaker_features: torch.Tensor, speaker_attention_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Embed clips with the speaker encoder, without gradients; `forward` takes the result.

        Args:
            speaker_features: The speaker encoder's main input, as `SpeakerSpectrogramFeatureExtractor` gives it.
            speaker_attention_mask: Its mask, 1 on real signal, and without a one for a clip that is too short to tell
                a voice from; or None.

        Returns:
            Shape (batch, speaker_embedding_dim); zeros, which `forward` takes for the unknown speaker, for a clip that
            is too short. A warning says so once.

        Raises:
            TypeError: If the features or the mask are no tensors.
            ValueError: If the model has no speaker encoder, or a shape does not fit it.
        """
        encoder = self.speaker_encoder
        if encoder is None:
            raise ValueError(
                "got speaker_features, but the model has no speaker encoder; give it one with "
                "model.set_speaker_encoder(folder or model), or pass speaker_embeddings"
            )
        check_tensor("speaker_features", speaker_features)
        if speaker_attention_mask is not None:
            check_tensor("speaker_attention_mask", speaker_attention_mask)
        mask = None if speaker_attention_mask is None else speaker_attention_mask.to(encoder.device)
        embeddings, known = embed_long_enough(encoder, speaker_features.to(encoder.device, encoder.dtype), mask)
        self._say_short(known)
        return embeddings

    def _say_short(self, known: torch.Tensor | None) -> None:
        if known is None or self._said_short or torch.compiler.is_compiling() or torch.jit.is_tracing():
            return
        if not bool(known.all()):
            self._said_short = True
            logger.warning(
                "a clip is silent or too short for the speaker encoder: the unknown speaker's vector stands in for "
                "its voice. This is said once."
            )

    def _say_unknown(self) -> None:
        if not self._said_unknown and not torch.compiler.is_compiling():
            self._said_unknown = True
            logger.warning(
                "neither speaker_embeddings nor speaker_features were given: the unknown speaker's vector stands in "
                "for the voice. Pass one of them where the voice is known, or use the model's "
                "SpeakerSpectrogramFeatureExtractor. This is said once."
            )

    @can_return_tuple
    def forward(  # type: ignore[override]
        self,
        input_features: torch.Tensor,
        speaker_embeddings: torch.Tensor | None = None,
        speaker_features: torch.Tensor | None = None,
        speaker_attention_mask: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        context_embeddings: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> SequenceClassifierOutput:
        """Classify spectrograms, each with its speaker's voice.

        Args:
            input_features: Shape (batch, channels, frequency, time); see `CctModel.forward`.
            speaker_embeddings: Vectors of the voices, shape (batch, speaker_embedding_dim); a row of zeros for a voice
                that is not known.
            speaker_features: Where no vectors are given, what the model's speaker encoder makes them of: its main
                input, the batch first. Without either the unknown speaker's vector stands in, and a warning says so
                once.
            speaker_attention_mask: Mask of `speaker_features`, 1 on real signal.
            attention_mask: Shape (batch, time), 1 on real frames and 0 on padding at the end.
            labels: Class indices of shape (batch,); or floats for regression and multi-label, as
                `config.problem_type` says.
            context_embeddings: Shape (batch, sum of context_sizes), where the configuration has them; None for
                unknown.
            **kwargs: `output_hidden_states`, `output_attentions` (eager only), `return_dict`.

        Returns:
            `logits` (batch, num_labels), and `loss` if labels are given.

        Raises:
            TypeError: If vectors, or the speaker encoder's features or mask, are no tensors.
            ValueError: If shapes do not fit the configuration or one another, a vector is not finite, the mask is not
                right padding (values are looked at on the CPU outside compilation), features are given to a model
                without a speaker encoder, or labels are soft while `problem_type` is not set.
        """
        if speaker_embeddings is None and speaker_features is not None:
            speaker_embeddings = self.get_speaker_embeddings(speaker_features, speaker_attention_mask)
        if speaker_embeddings is None:
            self._say_unknown()
        outputs = self.cct(input_features, speaker_embeddings, attention_mask, context_embeddings, **kwargs)
        return self._classified(outputs, labels, **kwargs)


__all__ = ["SpeakerCctForAudioClassification", "SpeakerCctModel", "SpeakerCctPreTrainedModel"]
