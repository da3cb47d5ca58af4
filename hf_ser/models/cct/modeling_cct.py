"""PyTorch Compact Transformers (CCT, CVT, ViT-Lite) for speech emotion recognition from spectrograms."""

import copy
import os
from typing import Any, ClassVar

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers import initialization as init
from transformers.masking_utils import create_bidirectional_mask
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import BaseModelOutputWithPooling, SequenceClassifierOutput
from transformers.utils.generic import can_return_tuple
from transformers.utils.output_capturing import capture_outputs

from ..loading_report import StrictLoadingMixin
from .configuration_cct import CctConfig, as_image_size
from .embeddings_cct import CctEmbeddings
from .layers_cct import CctAttention, CctMLP, CctSequencePooling
from .positions_cct import sinusoid_table


class CctLayer(GradientCheckpointingLayer):
    """One encoder block.

    It is not the usual pre-norm block: after the attention's residual sum the stream itself is replaced by its
    normalised value (`layernorm_after`), and the MLP's residual starts from there. Published weights rely on it.
    """

    def __init__(self, config: CctConfig, drop_path_rate: float = 0.0) -> None:
        super().__init__()
        self.layernorm_before = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.attention = CctAttention(config)
        self.layernorm_after = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = CctMLP(config)
        self.drop_path_rate = drop_path_rate

    def _drop_path(self, branch: torch.Tensor) -> torch.Tensor:
        """Stochastic depth (Huang et al. 2016), drawn for each clip."""
        if not self.training or self.drop_path_rate == 0:
            return branch
        keep = 1.0 - self.drop_path_rate
        return branch * (branch.new_empty(branch.shape[0], 1, 1).bernoulli_(keep) / keep)

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, **kwargs: Any
    ) -> torch.Tensor:
        """Apply the block: (batch, tokens, hidden_size) to the same shape; see `CctAttention.forward` for the mask."""
        attended, _ = self.attention(self.layernorm_before(hidden_states), attention_mask, **kwargs)
        hidden_states = self.layernorm_after(hidden_states + self._drop_path(attended))
        return hidden_states + self._drop_path(self.mlp(hidden_states))


class CctPreTrainedModel(StrictLoadingMixin, PreTrainedModel):
    """Weight initialisation, and loading (strict, and at another image size), for all CCT models."""

    config: CctConfig
    config_class = CctConfig
    base_model_prefix = "cct"
    main_input_name = "input_features"
    input_modalities = ("audio",)
    supports_gradient_checkpointing = True
    _no_split_modules: ClassVar[list[str]] = ["CctEmbeddings", "CctLayer"]
    _supports_sdpa = True
    _supports_flex_attn = True
    _supports_attention_backend = True
    _can_compile_fullgraph = True
    _can_record_outputs: ClassVar[dict[str, type]] = {"hidden_states": CctLayer, "attentions": CctAttention}
    _input_embed_layer = "tokenizer"

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """Kaiming for convolutions, truncated normal for linear weights and positions, as the original."""
        super()._init_weights(module)
        if isinstance(module, nn.Conv2d):
            init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.Linear):
            init.trunc_normal_(module.weight, std=self.config.initializer_range)
        elif isinstance(module, CctEmbeddings):
            if module.class_token is not None:
                init.zeros_(module.class_token)
            if isinstance(module.position_embeddings, nn.Parameter):
                init.trunc_normal_(module.position_embeddings, std=self.config.position_initializer_range)
            elif module.position_embeddings is not None:
                init.copy_(module.position_embeddings, sinusoid_table(*module.position_embeddings.shape[1:]))

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike | None,
        *model_args: Any,
        config: PretrainedConfig | str | os.PathLike | None = None,
        image_size: int | list[int] | tuple[int, ...] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Load a checkpoint as every transformers model does, and at another image size if one is asked for.

        The weights are loaded at the checkpoint's own size; then `resize_position_embeddings` fits the positional
        table.

        Args:
            pretrained_model_name_or_path: Folder or Hub name.
            *model_args: Passed on to the model.
            config: Configuration (or where to find it) to use instead of the stored one; its image size is honoured.
            image_size: Frequency bins and time frames wanted, `[frequency, time]`; wins over the configuration's.
            **kwargs: As in `PreTrainedModel.from_pretrained`.

        Returns:
            The model in evaluation mode (with the loading report if `output_loading_info=True`).

        Raises:
            CheckpointError: If weights are missing or unexpected, see `StrictLoadingMixin`.
            ValueError: If the image size is not one or two positive numbers.
            OSError: If there is no checkpoint there.
        """
        wanted = cls.config_class.from_pretrained(config) if isinstance(config, (str, os.PathLike)) else config
        if wanted is not None and pretrained_model_name_or_path is not None:
            where = ("cache_dir", "force_download", "local_files_only", "token", "revision", "subfolder", "proxies")
            stored, _ = cls.config_class.get_config_dict(
                pretrained_model_name_or_path, **{key: kwargs[key] for key in where if key in kwargs}
            )
            image_size = wanted.image_size if image_size is None else image_size
            wanted = copy.deepcopy(wanted)
            wanted.image_size = stored.get("image_size", wanted.image_size)
        loaded = super().from_pretrained(pretrained_model_name_or_path, *model_args, config=wanted, **kwargs)
        if image_size is not None:
            (loaded[0] if isinstance(loaded, tuple) else loaded).resize_position_embeddings(image_size)
        return loaded

    def resize_position_embeddings(self, image_size: int | list[int] | tuple[int, ...]) -> None:
        """Fit the model to spectrograms of another size: the positional table becomes the new token grid's.

        A learnable table is resized bilinearly over its (frequency, time) grid, the class token carried over; a
        sinusoid is built anew. Clips shorter than the size need no resizing: the table is cropped for them.

        Args:
            image_size: One side, or `[frequency bins, time frames]`.

        Raises:
            ValueError: If it is not one or two positive numbers, or too small for one token.
        """
        if as_image_size(image_size) == as_image_size(self.config.image_size):
            return
        resized = copy.deepcopy(self.config)
        resized.image_size = as_image_size(image_size)
        if min(resized.token_grid) < 1:
            raise ValueError(f"got image_size={image_size!r}, expected one that leaves at least one token each way")
        self.base_model.embeddings.resize(resized)
        self.config.image_size = self.base_model.config.image_size = resized.image_size


class CctModel(CctPreTrainedModel):
    """The encoder: tokenizer, positions, blocks, final norm and pooling.

    Args:
        config: Its configuration.
    """

    def __init__(self, config: CctConfig) -> None:
        super().__init__(config)
        self.embeddings = CctEmbeddings(config)
        last = max(config.num_hidden_layers - 1, 1)
        self.layers = nn.ModuleList(
            CctLayer(config, drop_path_rate=config.drop_path_rate * index / last)
            for index in range(config.num_hidden_layers)
        )
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.pooler = CctSequencePooling(config) if config.pooling == "sequence" else None
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the convolutional tokenizer."""
        return self.embeddings.tokenizer

    def _layer_mask(self, hidden_states: torch.Tensor, token_mask: torch.Tensor) -> torch.Tensor:
        """The mask in the form that the attention implementation wants; one row serves all queries where it can."""
        if self.config._attn_implementation == "sdpa":
            return token_mask[:, None, None]
        if self.config._attn_implementation == "eager":
            additive = torch.zeros_like(token_mask, dtype=hidden_states.dtype)
            return additive.masked_fill(~token_mask, torch.finfo(additive.dtype).min)[:, None, None]
        return create_bidirectional_mask(config=self.config, inputs_embeds=hidden_states, attention_mask=token_mask)

    def _encode(
        self,
        input_features: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        leading_tokens: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Normalised tokens (batch, tokens, hidden_size) and their mask; see `CctEmbeddings.forward`."""
        hidden_states, token_mask = self.embeddings(input_features, attention_mask, leading_tokens)
        layer_mask = None if token_mask is None else self._layer_mask(hidden_states, token_mask)
        for layer in self.layers:
            hidden_states = layer(hidden_states, layer_mask, **kwargs)
        return self.layernorm(hidden_states), token_mask

    @capture_outputs(tie_last_hidden_states=False)
    def forward(
        self, input_features: torch.Tensor, attention_mask: torch.Tensor | None = None, **kwargs: Any
    ) -> BaseModelOutputWithPooling:
        """Encode spectrograms.

        Args:
            input_features: Shape (batch, channels, frequency, time); time may be shorter than that of
                `config.image_size`.
            attention_mask: Shape (batch, time), 1 on real frames and 0 on padding at the end. A clip in a padded
                batch gives what it gives alone.
            **kwargs: `output_hidden_states`, `output_attentions` (eager only), `return_dict`.

        Returns:
            `last_hidden_state` (batch, tokens, hidden_size), tokens frequency by frequency after the class token if
            there is one, and `pooler_output` (batch, hidden_size).

        Raises:
            ValueError: If shapes do not fit the configuration, or the mask is not right padding; the mask's form is
                checked on the CPU outside compilation.
        """
        hidden_states, token_mask = self._encode(input_features, attention_mask, **kwargs)
        pooled = hidden_states[:, 0] if self.pooler is None else self.pooler(hidden_states, token_mask)
        return BaseModelOutputWithPooling(last_hidden_state=hidden_states, pooler_output=pooled)


class CctForAudioClassification(CctPreTrainedModel):
    """CCT with a linear layer on the pooled vector, for emotions or any other labels of a clip.

    Args:
        config: Its configuration; `num_labels` sets the classes.
    """

    _base_class: ClassVar[type[CctModel]] = CctModel

    def __init__(self, config: CctConfig) -> None:
        super().__init__(config)
        self.num_labels = config.num_labels
        self.cct = self._base_class(config)
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_features: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> SequenceClassifierOutput:
        """Classify spectrograms.

        Args:
            input_features: Shape (batch, channels, frequency, time); see `CctModel.forward`.
            attention_mask: Shape (batch, time), 1 on real frames and 0 on padding at the end.
            labels: Class indices of shape (batch,); or floats for regression and multi-label, as
                `config.problem_type` says.
            **kwargs: `output_hidden_states`, `output_attentions` (eager only), `return_dict`.

        Returns:
            `logits` (batch, num_labels), and `loss` if labels are given.

        Raises:
            ValueError: If shapes do not fit, the mask is not right padding (checked on the CPU outside compilation),
                or labels are soft while `problem_type` is not set.
        """
        outputs = self.cct(input_features, attention_mask=attention_mask, **kwargs)
        return self._classified(outputs, labels, **kwargs)

    def _classified(
        self, outputs: BaseModelOutputWithPooling, labels: torch.Tensor | None, **kwargs: Any
    ) -> SequenceClassifierOutput:
        """Logits of the pooled vector (batch, hidden_size), and their loss if there are labels; see `forward`."""
        logits = self.classifier(self.dropout(outputs.pooler_output))
        loss = None
        if labels is not None:
            if self.config.problem_type is None and self.num_labels > 1 and labels.is_floating_point():
                raise ValueError(
                    f"got labels of {labels.dtype}, expected class indices; for soft labels compute the loss from the "
                    "logits, for several emotions at once set config.problem_type='multi_label_classification'"
                )
            loss = self.loss_function(labels, logits, self.config, **kwargs)
        return SequenceClassifierOutput(
            loss=loss, logits=logits, hidden_states=outputs.hidden_states, attentions=outputs.attentions
        )


__all__ = ["CctForAudioClassification", "CctLayer", "CctModel", "CctPreTrainedModel"]
