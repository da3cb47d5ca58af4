"""Configuration of VGG-Vox."""

from dataclasses import field

from huggingface_hub.dataclasses import strict
from transformers import PreTrainedConfig


@strict
class VggVoxConfig(PreTrainedConfig):
    """Settings of the speaker encoder VGG-Vox (Nagrani et al. 2017, table 3), by default the published sizes.

    Args:
        hidden_sizes: Channels of its seven hidden layers: five convolutions over time and frequency, one over all of
            frequency (fc6), and the layer after the mean over time (fc7).
        embedding_size: Length of a speaker's vector (fc8).
        batch_norm_eps: Added to variances by batch norm.

    Raises:
        ValueError: If there are not seven hidden sizes, or a size is below 1.
    """

    model_type = "ser_vgg_vox"

    hidden_sizes: list[int] = field(default_factory=lambda: [96, 256, 384, 256, 256, 4096, 1024])
    embedding_size: int = 1024
    batch_norm_eps: float = 1e-5

    def __post_init__(self, **kwargs: object) -> None:
        if len(self.hidden_sizes) != 7 or min(self.hidden_sizes) < 1:
            raise ValueError(f"got hidden_sizes={self.hidden_sizes}, expected seven sizes of at least 1")
        if self.embedding_size < 1:
            raise ValueError(f"got embedding_size={self.embedding_size}, expected at least 1")
        super().__post_init__(**kwargs)

    @property
    def num_frequency_bins(self) -> int:
        """Frequency bins of a frame: 512, which the strides and kernels of the layers come out even with."""
        return 512


__all__ = ["VggVoxConfig"]
