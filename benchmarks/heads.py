"""Parameters and speed of what the results table holds: eGeMAPS, CCT, and each head on Whisper-base's lower layers.

All systems work on the same clips in turns in one process, from waveform to answer. Weights are random: they do not
matter to speed.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel, SequenceFeatureExtractor, WhisperConfig

from hf_ser import (
    CctConfig,
    CctForAudioClassification,
    EmotionClassifier,
    SpectrogramFeatureExtractor,
    SpeechEncoderConfig,
    SpeechEncoderForAudioClassification,
    SpeechFeatureExtractor,
)

from .encoders import BATCH, System, seconds_per_second
from .machine import processor_name
from .speech_clips import speech_like_clips

CLIPS, LABELS, LAYERS = 24, 8, 4
CONFIGS = Path(__file__).parents[1] / "examples" / "configs"
# head -> layers read, width of its hidden layer, settings of its own; as examples/configs/ravdess_whisper*.json
HEADS: dict[str, tuple[list[int] | None, int, dict]] = {
    "mean_tanh": (None, 256, {}),
    "statistics": ([3, 4], 0, {"batch_norm": True}),
    "attentive_statistics": ([3, 4], 256, {}),
    "weighted_sum": (None, 256, {}),
    "lstm": (None, 256, {}),
    "gru": (None, 256, {}),
    "vgg": (None, 256, {}),
}


def on_whisper(
    head: str, layers: list[int] | None, hidden_size: int, settings: dict
) -> SpeechEncoderForAudioClassification:
    """A head on the lower layers of an encoder of Whisper-base's shape."""
    whisper = WhisperConfig(d_model=512, encoder_attention_heads=8, encoder_ffn_dim=2048, encoder_layers=6)
    config = SpeechEncoderConfig(
        encoder_config=whisper,
        num_labels=LABELS,
        head=head,
        layers=layers,
        num_encoder_layers=LAYERS,
        head_hidden_size=hidden_size,
        head_config=settings,
        normalize_layers=True,
    )
    return SpeechEncoderForAudioClassification(config)


def compact_cct() -> tuple[PreTrainedModel, SequenceFeatureExtractor]:
    """The CCT of examples/configs/ravdess_compact.json and its extractor."""
    recipe = json.loads((CONFIGS / "ravdess_compact.json").read_text(encoding="utf-8"))
    features = recipe["feature_config"]
    extractor = SpectrogramFeatureExtractor.from_preset(recipe["features"], **features | {"normalization": "clip"})
    config = CctConfig.from_variant(
        recipe["variant"],
        num_channels=1,
        image_size=[features["num_mel_bins"], features["num_frames"]],
        num_labels=LABELS,
        **recipe["model_config"],
    )
    return CctForAudioClassification(config), extractor


def systems() -> dict[str, tuple[int, System]]:
    """Parameters and the classifier of each row."""
    rows: dict[str, tuple[int, System]] = {}
    try:
        from hf_ser.features.functionals import egemaps_functionals

        def functionals(clips: Sequence[np.ndarray]) -> list[np.ndarray]:
            return [egemaps_functionals(clip) for clip in clips]

        functionals(speech_like_clips(1))
        rows["eGeMAPS (without the SVM)"] = 0, functionals
    except ImportError:
        print("eGeMAPS is left out: it needs pip install 'hf-ser[egemaps]'\n")
    models = {"CCT": compact_cct()}
    extractor = SpeechFeatureExtractor("log_mel", trim_db=30.0)
    models |= {head: (on_whisper(head, *settings), extractor) for head, settings in HEADS.items()}
    for name, (model, features) in models.items():
        rows[name] = model.num_parameters(), EmotionClassifier(model, features, batch_size=BATCH).classify
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="nothing is wanted here; taken for the other benchmarks")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    clips = speech_like_clips(CLIPS)
    rows = systems()
    turns: dict[str, list[float]] = {name: [] for name in rows}
    for turn in range(options.turns + 1):
        for name, (_, system) in rows.items():
            cost = seconds_per_second(system, clips)
            if turn:
                turns[name].append(cost)
    slowest = max(statistics.median(costs) for costs in turns.values())
    print(
        f"{processor_name()}, {options.threads} threads, {CLIPS} clips, batches of {BATCH}, medians of"
        f" {options.turns} turns\n"
    )
    print("| system | parameters, M | throughput, in that of the slowest | times real time |")
    print("|---|--:|--:|--:|")
    for name, (parameters, _) in rows.items():
        cost = statistics.median(turns[name])
        print(f"| {name} | {parameters / 1e6:.2f} | {slowest / cost:.1f} | {1 / cost:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
