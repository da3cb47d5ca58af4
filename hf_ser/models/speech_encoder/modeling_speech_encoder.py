"""PyTorch speech encoders with a head that reads emotions from their hidden states."""

import os
from typing import Any, ClassVar

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput
from transformers.utils.generic import can_return_tuple

from .base_speech_encoder import SpeechEncoderPreTrainedModel
from .configuration_speech_encoder import SpeechEncoderConfig
from .encoders.masks import real_lengths, time_mask
from .heads import build_head, init_head_weights
from .loading_speech_encoder import HUB_OPTIONS, check_settings, load_encoder, load_encoder_config
from .reference import NO_REFERENCE, summarise


class SpeechEncoderModel(SpeechEncoderPreTrainedModel):
    """The encoder without a head, for hidden states that padding does not change.

    Args:
        config: Its configuration.
    """

    _keys_to_ignore_on_load_unexpected: ClassVar[list[str]] = [r"^head\.", r"^functionals_(mean|std)$"]

    def __init__(self, config: SpeechEncoderConfig) -> None:
        super().__init__(config)
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_values: torch.Tensor | None = None,
        input_features: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        **kwargs: Any,
    ) -> BaseModelOutput:
        """Encode clips.

        Args:
            input_values: Waveforms of shape (batch, samples), for waveform encoders.
            input_features: Log-mels of shape (batch, frames, mels), for Whisper.
            attention_mask: Shape (batch, samples) or (batch, frames), 1 on real signal and 0 on padding at the end.
            output_hidden_states: Whether to give all states.
            **kwargs: `return_dict`.

        Returns:
            `last_hidden_state` (batch, frames, features), the highest state kept, zero on padding; and
            `hidden_states` if asked for.

        Raises:
            ValueError: If the input or the mask does not fit the encoder.
        """
        inputs = self._input(input_values, input_features)
        states, _ = self.runner.states(self.encoder, inputs, attention_mask, self.config.encoder_depth)
        wanted = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        return BaseModelOutput(last_hidden_state=states[-1], hidden_states=tuple(states) if wanted else None)


class SpeechEncoderForAudioClassification(SpeechEncoderPreTrainedModel):
    """A pretrained speech encoder with a head for emotions or any other labels of a clip.

    Args:
        config: Its configuration; `head` names the head, `num_labels` sets the classes.
        encoder: A loaded encoder to use as it is, for `config.encoder_config`; None: a fresh one.
    """

    functionals_mean: torch.Tensor
    functionals_std: torch.Tensor

    def __init__(self, config: SpeechEncoderConfig, encoder: PreTrainedModel | None = None) -> None:
        super().__init__(config, encoder)
        self.num_labels = config.num_labels
        self.head = build_head(config, len(config.read_states), config.encoder_config.hidden_size)
        if config.functionals_size:
            self.register_buffer("functionals_mean", torch.zeros(config.functionals_size))
            self.register_buffer("functionals_std", torch.ones(config.functionals_size))
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """Heads draw their own; the encoder's own class draws the encoder's."""
        if not init_head_weights(module):
            super()._init_weights(module)
        if module is self and self.config.functionals_size:
            init.zeros_(self.functionals_mean)
            init.ones_(self.functionals_std)

    @classmethod
    def from_encoder(
        cls,
        pretrained_encoder: str | os.PathLike,
        head: str = "mean_tanh",
        num_labels: int | None = None,
        attn_implementation: str | None = None,
        **kwargs: Any,
    ) -> "SpeechEncoderForAudioClassification":
        """Start from a pretrained encoder, with a fresh head.

        Args:
            pretrained_encoder: Folder or Hub id of a checkpoint with the encoder: the bare encoder, one with any head
                (`...ForCTC`, `...ForSequenceClassification`), a whole Whisper, or another of this class.
            head: What stands on the encoder.
            num_labels: Number of classes, if neither `id2label` nor `label2id` tells it.
            attn_implementation: "eager", "sdpa" or another that the encoder knows.
            **kwargs: Any field of `SpeechEncoderConfig`; `id2label`, `label2id`, `problem_type`; and where to look:
                `cache_dir`, `local_files_only`, `token`, `revision`.

        Returns:
            The model in evaluation mode, in float32.

        Raises:
            ValueError: If the checkpoint is no speech encoder's, a field is unknown or does not fit.
            CheckpointError: If weights of the encoder are missing.
            OSError: If there is no checkpoint; the message says how to get it.

        Example:
            ```python
            >>> from hf_ser import SpeechEncoderForAudioClassification
            >>> model = SpeechEncoderForAudioClassification.from_encoder(
            ...     "openai/whisper-base", head="statistics", num_labels=8, layers=[4], head_hidden_size=0
            ... )  # doctest: +SKIP
            ```
        """
        options = {name: kwargs.pop(name) for name in HUB_OPTIONS if name in kwargs}
        encoder_config, settings = load_encoder_config(pretrained_encoder, **options)
        settings |= check_settings(cls.config_class, kwargs) | {"head": head}
        if num_labels is not None:
            settings["num_labels"] = num_labels
        config = cls.config_class(encoder_config=encoder_config, **settings)
        if attn_implementation is not None:
            options["attn_implementation"] = attn_implementation
        encoder = load_encoder(pretrained_encoder, config, **options)
        for module in encoder.modules():
            module._is_hf_initialized = True  # drawing the head's weights leaves these alone
        config.encoder_config = encoder.config
        return cls(config, encoder).eval()

    def set_functionals_statistics(self, mean: torch.Tensor, std: torch.Tensor) -> None:
        """Set what functionals are standardised with, fitted on training speakers only.

        Args:
            mean: Mean of each functional over training clips, shape (functionals_size,).
            std: Standard deviation of each, of the same shape; a functional that never changes (0) is only centred.

        Raises:
            ValueError: If the model reads no functionals, or a shape or a value is not as said.
        """
        size = self.config.functionals_size
        mean, std = torch.as_tensor(mean), torch.as_tensor(std)
        if not size or mean.shape != (size,) or std.shape != (size,):
            raise ValueError(
                f"got statistics of shapes {tuple(mean.shape)} and {tuple(std.shape)}, expected ({size},) each, for "
                f"functionals_size={size} in the configuration"
            )
        if not bool(torch.isfinite(mean).all() and torch.isfinite(std).all() and (std >= 0).all()):
            raise ValueError("got statistics that are not finite or negative, expected finite means and deviations")
        self.functionals_mean.copy_(mean)
        self.functionals_std.copy_(torch.where(std > 0, std, 1.0))

    def _standardised(self, functionals: torch.Tensor | None) -> torch.Tensor | None:
        size = self.config.functionals_size
        if (functionals is None) != (size == 0):
            given = "no functionals" if functionals is None else f"functionals of shape {tuple(functionals.shape)}"
            raise ValueError(
                f"got {given}, expected " + (f"(batch, {size})" if size else "none") + f" for functionals_size={size} "
                "in the configuration; use the feature extractor saved with the model"
            )
        if functionals is None:
            return None
        if functionals.ndim != 2 or functionals.shape[1] != size:
            raise ValueError(f"got functionals of shape {tuple(functionals.shape)}, expected (batch, {size})")
        return ((functionals.float() - self.functionals_mean) / self.functionals_std).to(self.dtype)

    def prefix_states(self, prefix_layers: int) -> list[int]:
        """States that a frozen prefix of so many layers hands on.

        Args:
            prefix_layers: Frozen layers, from below; 0 freezes what lies below the first one.

        Returns:
            Their numbers in the order of `compute_prefix`: those that the head reads below `prefix_layers`, then
            `prefix_layers` itself.

        Raises:
            ValueError: If there are not as many layers.
        """
        self._check_prefix(prefix_layers)
        return [*sorted(state for state in self.config.read_states if state < prefix_layers), prefix_layers]

    @torch.no_grad()
    def compute_prefix(
        self,
        prefix_layers: int,
        input_values: torch.Tensor | None = None,
        input_features: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute what a frozen lower part of the encoder gives, to be kept and passed to `forward` as `prefix`.

        It is computed without dropout and SpecAugment, whatever mode the model is in.

        Args:
            prefix_layers: Frozen layers, from below.
            input_values: As in `forward`, as are the next two.
            input_features: As in `forward`.
            attention_mask: As in `forward`.

        Returns:
            The states of `prefix_states(prefix_layers)`, of shape (batch, states, frames, features) and zero on
            padding, and the mask of frames of shape (batch, frames), True on real ones.

        Raises:
            ValueError: If the input does not fit, or the encoder cannot be stopped there.
        """
        wanted = self.prefix_states(prefix_layers)
        if prefix_layers < self.config.encoder_depth:
            self.encoder_layers  # noqa: B018 - raises where the encoder could not go on from there
        training = [module for module in self.encoder.modules() if module.training]
        self.encoder.eval()
        try:
            inputs = self._input(input_values, input_features)
            states, frame_mask = self.runner.states(self.encoder, inputs, attention_mask, prefix_layers)
        finally:
            for module in training:
                module.training = True
        stack = torch.stack([states[state] for state in wanted], dim=1)
        if frame_mask is None:
            frame_mask = torch.ones(stack.shape[0], stack.shape[2], dtype=torch.bool, device=stack.device)
        return stack, frame_mask

    def _resume(
        self, prefix: torch.Tensor, prefix_layers: int, frame_mask: torch.Tensor | None, upto: int
    ) -> tuple[dict[int, torch.Tensor], torch.Tensor | None]:
        known = self.prefix_states(prefix_layers)
        features = self.config.encoder_config.hidden_size
        if prefix.ndim != 4 or prefix.shape[1] != len(known) or prefix.shape[3] != features:
            raise ValueError(
                f"got a prefix of shape {tuple(prefix.shape)}, expected (batch, {len(known)}, frames, {features}) "
                f"with states {known}, as compute_prefix({prefix_layers}, ...) gives it"
            )
        # the top state holds the place of features in the mask's check
        lengths = real_lengths(frame_mask, prefix[:, -1])
        mask = None if lengths is None else time_mask(lengths, prefix.shape[2])
        prefix = prefix.to(self.dtype)
        states = {state: prefix[:, index] for index, state in enumerate(known)}
        above = self.runner.resume(self.encoder, states[prefix_layers], mask, prefix_layers, max(upto, prefix_layers))
        return states | dict(enumerate(above, start=prefix_layers + 1)), mask

    @can_return_tuple
    def forward(
        self,
        input_values: torch.Tensor | None = None,
        input_features: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        functionals: torch.Tensor | None = None,
        prefix: torch.Tensor | None = None,
        prefix_layers: int | None = None,
        reference_vectors: torch.Tensor | None = None,
        reference_mask: torch.Tensor | None = None,
        reference_matrix: torch.Tensor | None = None,
        mix_partner: torch.Tensor | None = None,
        mix_share: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        **kwargs: Any,
    ) -> SequenceClassifierOutput:
        """Classify clips.

        Args:
            input_values: Waveforms of shape (batch, samples), for waveform encoders.
            input_features: Log-mels of shape (batch, frames, mels), for Whisper.
            attention_mask: Shape (batch, samples) or (batch, frames), 1 on real signal and 0 on padding at the end;
                beside `prefix` its mask of frames.
            functionals: Shape (batch, functionals_size), not standardised, where the configuration has them.
            prefix: What `compute_prefix` gave, instead of an input.
            prefix_layers: Layers that `prefix` stands for.
            reference_vectors: Other clips of the same voices, as `embed_reference` gives them: shape (batch,
                references, width), or (1, references, width) if the whole batch is one voice. For a model with
                `config.reference`.
            reference_mask: Shape (batch, references), 1 on real ones.
            reference_matrix: Shape (batch, batch), boolean, instead of these, for training: row i marks the clips of
                the batch that serve clip i as reference.
            mix_partner: Shape (batch,): the clip of the batch whose conditioned vector is mixed into that of each clip
                (manifold mixup, Verma et al. 2019, at the last layer): each with its own references, and references
                with none.
            mix_share: Shape (batch,): the share of each clip itself.
            labels: Class indices of shape (batch,); or floats for regression and multi-label, as
                `config.problem_type` says.
            output_hidden_states: Whether to give all states, from 0 to the highest kept.
            **kwargs: `return_dict`.

        Returns:
            `logits` (batch, num_labels), and `loss` if labels are given. A clip in a padded batch gives what it gives
            alone.

        Raises:
            ValueError: If the input, the mask, the prefix or references do not fit the model, or labels are soft while
                `problem_type` is not set.
        """
        given = (reference_vectors, reference_mask, reference_matrix)
        vectors, hidden = self._clip_vectors(
            input_values, input_features, attention_mask, functionals, prefix, prefix_layers, output_hidden_states
        )
        vectors = self.head.condition(vectors, summarise(vectors, *given))
        if mix_partner is not None and mix_share is not None:
            vectors = torch.lerp(vectors[mix_partner], vectors, mix_share.to(vectors.dtype)[:, None])
        logits = self.head.classify(vectors)
        loss = None
        if labels is not None:
            if self.config.problem_type is None and self.num_labels > 1 and labels.is_floating_point():
                raise ValueError(
                    f"got labels of {labels.dtype}, expected class indices; for soft labels compute the loss from the "
                    "logits, for several emotions at once set config.problem_type='multi_label_classification'"
                )
            loss = self.loss_function(labels, logits, self.config, **kwargs)
        return SequenceClassifierOutput(loss=loss, logits=logits, hidden_states=hidden)

    @torch.no_grad()
    def embed_reference(
        self,
        input_values: torch.Tensor | None = None,
        input_features: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        functionals: torch.Tensor | None = None,
        prefix: torch.Tensor | None = None,
        prefix_layers: int | None = None,
    ) -> torch.Tensor:
        """Turn reference clips of a voice into vectors, to be kept and passed to `forward` as `reference_vectors`.

        Args:
            input_values: As in `forward`, as are the others.
            input_features: As in `forward`.
            attention_mask: As in `forward`.
            functionals: As in `forward`.
            prefix: As in `forward`.
            prefix_layers: As in `forward`.

        Returns:
            Shape (clips, width of the classifier).

        Raises:
            ValueError: If the input does not fit, or the model has `reference=None`.
        """
        if self.head.reference is None:
            raise ValueError(NO_REFERENCE)
        return self._clip_vectors(input_values, input_features, attention_mask, functionals, prefix, prefix_layers)[0]

    def _clip_vectors(
        self,
        input_values: torch.Tensor | None,
        input_features: torch.Tensor | None,
        attention_mask: torch.Tensor | None,
        functionals: torch.Tensor | None,
        prefix: torch.Tensor | None,
        prefix_layers: int | None,
        output_hidden_states: bool | None = False,
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...] | None]:
        """The vectors that the classifier reads, before any references, and all states if they are wanted."""
        wanted = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        read = self.config.read_states
        upto = self.config.encoder_depth if wanted else max(read)
        standardised = self._standardised(functionals)
        if prefix is None:
            if prefix_layers is not None:
                raise ValueError(f"got prefix_layers={prefix_layers} without prefix; pass what compute_prefix gives")
            inputs = self._input(input_values, input_features)
            listed, frame_mask = self.runner.states(self.encoder, inputs, attention_mask, upto)
            states = dict(enumerate(listed))
        else:
            if prefix_layers is None or input_values is not None or input_features is not None or wanted:
                raise ValueError(
                    "got a prefix beside an input or output_hidden_states, or without prefix_layers; expected prefix, "
                    "prefix_layers and attention_mask alone, as compute_prefix gives them"
                )
            states, frame_mask = self._resume(prefix, prefix_layers, attention_mask, upto)
        stack = torch.stack([states[state] for state in read], dim=1)
        hidden = tuple(states[state] for state in range(upto + 1)) if wanted else None
        return self.head.pool(stack, frame_mask, standardised), hidden


__all__ = ["SpeechEncoderForAudioClassification", "SpeechEncoderModel", "SpeechEncoderPreTrainedModel"]
