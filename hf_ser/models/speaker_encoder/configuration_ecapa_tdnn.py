"""Configuration of ECAPA-TDNN."""

from dataclasses import field

from huggingface_hub.dataclasses import strict
from transformers import PreTrainedConfig


@strict
class EcapaTdnnConfig(PreTrainedConfig):
    """Settings of the speaker encoder ECAPA-TDNN (Desplanques et al. 2020), by default SpeechBrain's of VoxCeleb.

    Args:
        num_mel_bins: Mel bands of a frame.
        hidden_size: Channels of the frame-level layers.
        kernel_sizes: Frames that each of these layers reads, odd; the first is a plain convolution, the others are
            squeeze-excitation Res2Net blocks.
        dilations: Step between these frames, one for each layer.
        res2net_scale: Parts that a Res2Net block splits its channels into.
        squeeze_size: Units of the squeeze-excitation bottleneck.
        aggregation_size: Channels after all blocks' outputs are joined.
        attention_size: Units of the attention that pools over time.
        embedding_size: Length of a speaker's vector.

    Raises:
        ValueError: If a size is below 1, the lists differ in length, or the channels cannot be split evenly.
    """

    model_type = "ser_ecapa_tdnn"

    num_mel_bins: int = 80
    hidden_size: int = 1024
    kernel_sizes: list[int] = field(default_factory=lambda: [5, 3, 3, 3])
    dilations: list[int] = field(default_factory=lambda: [1, 2, 3, 4])
    res2net_scale: int = 8
    squeeze_size: int = 128
    aggregation_size: int = 3072
    attention_size: int = 128
    embedding_size: int = 192

    def __post_init__(self, **kwargs: object) -> None:
        sizes = {
            name: getattr(self, name)
            for name in (
                "num_mel_bins",
                "hidden_size",
                "squeeze_size",
                "aggregation_size",
                "attention_size",
                "embedding_size",
            )
        }
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f"got {name}={size}, expected at least 1")
        if len(self.kernel_sizes) != len(self.dilations) or len(self.kernel_sizes) < 2:
            raise ValueError(
                f"got kernel_sizes={self.kernel_sizes} and dilations={self.dilations}, expected lists of one length, "
                "2 or more: one entry for each layer"
            )
        if any(kernel < 1 or kernel % 2 == 0 for kernel in self.kernel_sizes) or min(self.dilations) < 1:
            raise ValueError(
                f"got kernel_sizes={self.kernel_sizes} and dilations={self.dilations}, expected odd kernels and "
                "dilations of at least 1, which leave the number of frames as it is"
            )
        if self.res2net_scale < 2 or self.hidden_size % self.res2net_scale:
            raise ValueError(
                f"got res2net_scale={self.res2net_scale}, expected a number from 2 that divides "
                f"hidden_size={self.hidden_size}"
            )
        super().__post_init__(**kwargs)

    @property
    def min_frames(self) -> int:
        """Fewest frames of a clip, one more than the widest layer mirrors at the clip's ends: 5 by default."""
        return 1 + max(
            dilation * (kernel // 2) for kernel, dilation in zip(self.kernel_sizes, self.dilations, strict=True)
        )


__all__ = ["EcapaTdnnConfig"]
