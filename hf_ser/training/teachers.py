"""Frozen speech encoders whose frame features a small model learns to predict."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

MAX_SECONDS = 30.0


class WhisperTeacher:
    """Features of chosen layers of a Whisper encoder, on the clip's own length (Radford et al. 2022, section 2.2).

    The encoder's position table is cut to the clip instead of the clip being padded to 30 s. Neighbouring frames are
    averaged so that one target covers what one column of the student's tokens covers.

    Args:
        folder: folder with `config.json`, `preprocessor_config.json` and `model.safetensors` of a Whisper model or its
            encoder.
        layers: layers whose outputs are put side by side, counted from 1; layers above the highest are not loaded.
        target_seconds: span of one target, a multiple of the encoder's 0.02 s.
        bf16: whether to compute in bfloat16, several times faster where the processor has it.

    Raises:
        ValueError: if a layer does not exist, the span is no multiple of a frame, or weights are missing.
    """

    def __init__(
        self, folder: str | Path, layers: Sequence[int] = (3, 4), target_seconds: float = 0.16, bf16: bool = False
    ) -> None:
        self.folder, self.layers, self.target_seconds = Path(folder), tuple(layers), target_seconds
        self.bf16 = bf16
        config = WhisperConfig.from_pretrained(folder)
        if not self.layers or min(self.layers) < 1 or max(self.layers) > config.encoder_layers:
            raise ValueError(f"layers is {list(self.layers)}, expected numbers from 1 to {config.encoder_layers}")
        self.extractor = WhisperFeatureExtractor.from_pretrained(folder)
        frame = 2 * self.extractor.hop_length / self.extractor.sampling_rate
        self.frames_per_target = round(target_seconds / frame)
        if self.frames_per_target < 1 or abs(self.frames_per_target * frame - target_seconds) > 1e-6:
            raise ValueError(f"target_seconds is {target_seconds}, expected a multiple of the encoder's {frame} s")
        config.encoder_layers = max(self.layers)
        config._attn_implementation = "sdpa"
        self.encoder = WhisperEncoder(config).eval().requires_grad_(False)
        self._load(load_file(str(self.folder / "model.safetensors")))

    @property
    def fingerprint(self) -> str:
        """Hash of the teacher's weights and config."""
        digest = hashlib.sha256()
        for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
            digest.update((self.folder / name).read_bytes())
        return digest.hexdigest()[:16]

    @property
    def dim(self) -> int:
        """Size of a target."""
        return len(self.layers) * self.encoder.config.d_model

    def _load(self, weights: dict[str, torch.Tensor]) -> None:
        own = self.encoder.state_dict()
        found = {
            name.split("encoder.", 1)[1]: tensor.float() for name, tensor in weights.items() if "encoder." in name
        }
        missing = sorted(set(own) - set(found) - {"layer_norm.weight", "layer_norm.bias"})
        if missing:
            raise ValueError(
                f"{self.folder}/model.safetensors lacks {len(missing)} tensors of the encoder, {missing[0]!r} first"
            )
        self.encoder.load_state_dict({name: tensor for name, tensor in found.items() if name in own}, strict=False)

    @torch.inference_mode()
    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """Encode one clip.

        Args:
            waveform: (samples,), float32 at 16 kHz, at most 30 s.

        Returns:
            targets (targets, dim), float32, one for every `target_seconds` begun.

        Raises:
            ValueError: if the clip is longer than the encoder's positions.
        """
        rate = self.extractor.sampling_rate
        if len(waveform) > MAX_SECONDS * rate:
            raise ValueError(
                f"the clip has {len(waveform) / rate:.1f} s, expected at most {MAX_SECONDS:.0f} s; split it first"
            )
        # one target for every span begun: the clip is completed with silence to a whole number of them
        span = self.frames_per_target * 2 * self.extractor.hop_length
        padded = np.pad(waveform, (0, -len(waveform) % span))
        features = self.extractor(
            padded, sampling_rate=rate, padding="longest", truncation=False, return_tensors="pt"
        ).input_features
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            outputs = self._layer_outputs(features)
        stacked = torch.cat(outputs, dim=-1)[0].float()
        return stacked.unflatten(0, (-1, self.frames_per_target)).mean(1).numpy()

    def _layer_outputs(self, features: torch.Tensor) -> list[torch.Tensor]:
        """The chosen layers' outputs, (1, frames, d_model) each, of log-mels (1, bands, 2 * frames)."""
        hidden = torch.nn.functional.gelu(self.encoder.conv1(features))
        hidden = torch.nn.functional.gelu(self.encoder.conv2(hidden)).transpose(1, 2)
        hidden = hidden + self.encoder.embed_positions.weight[: hidden.shape[1]]
        outputs = []
        for number, layer in enumerate(self.encoder.layers, start=1):
            hidden = layer(hidden, None)
            hidden = hidden[0] if isinstance(hidden, tuple) else hidden
            if number in self.layers:
                outputs.append(hidden)
        return outputs
