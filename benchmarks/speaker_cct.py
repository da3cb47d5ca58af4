"""Speaker-conditioned CCT with the embedding given, beside plain CCT of the same size, alternating in one process.

With `--models PLAIN CONDITIONED`, two trained folders on a 4 s clip instead: from the waveform to the answer, the
voice embedded by the model's own speaker encoder.
"""

import argparse
import statistics
import sys

import numpy as np
import torch

from hf_ser import (
    CctConfig,
    CctForAudioClassification,
    EmotionClassifier,
    SpeakerCctConfig,
    SpeakerCctForAudioClassification,
)

from .cct import compare
from .machine import processor_name

# variant, channels, image: compact sizes and the published one
CASES = (
    ("cct_2_3x2_32", 1, [64, 128]),
    ("cct_7_3x2_32", 1, [64, 128]),
    ("cct_14_7x2_224", 3, [224, 224]),
)
FUSIONS = ("pair", "token", "speaker_token")
EMBEDDING_SIZE = 192
WANTED_RATIO = 1.15


def whole_way(folders: list[str], seconds: float) -> None:
    """Print what two checkpoints take from a waveform of 4 s to the answer, in turns."""
    plain, conditioned = (EmotionClassifier.from_pretrained(folder) for folder in folders)
    rate = plain.feature_extractor.sampling_rate
    wave = torch.from_numpy(0.1 * np.random.default_rng(0).standard_normal(4 * rate).astype(np.float32))
    calls = [
        lambda clip, model=model: model(clip.numpy(), source_sampling_rate=rate) for model in (conditioned, plain)
    ]
    ours, alone, ratios = compare(*calls, wave, seconds)
    print("| from the waveform of 4 s | ms | x real time |\n|---|--:|--:|")
    print(f"| {folders[0]} | {1000 * alone:.1f} | {4 / alone:.0f} |")
    print(f"| {folders[1]} | {1000 * ours:.1f} | {4 / ours:.0f} |")
    print(f"\nratio {statistics.median(ratios):.1f}, {len(ratios)} turns")


def main(arguments: list[str] | None = None) -> int:
    """Print the table; with --check, return 1 if a ratio is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6.0, help="time spent on each row; at least six turns")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--models", nargs=2, metavar=("PLAIN", "CONDITIONED"), help="trained folders")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    print(f"{processor_name()}, {options.threads} threads, torch {torch.__version__}; medians, ratio of each turn\n")
    if options.models:
        whole_way(options.models, options.seconds)
        return 0
    print("| variant | fusion | batch | CCT, ms | with the voice, ms | ratio | turns | wanted |")
    print("|---|---|---|---|---|---|---|---|")
    missed = False
    for variant, channels, image_size in CASES:
        settings = {"num_channels": channels, "image_size": image_size, "num_labels": 8}
        plain = CctForAudioClassification(CctConfig.from_variant(variant, **settings)).eval()
        for fusion in FUSIONS:
            config = SpeakerCctConfig.from_variant(
                variant, fusion=fusion, speaker_embedding_dim=EMBEDDING_SIZE, **settings
            )
            model = SpeakerCctForAudioClassification(config).eval()
            for batch in options.batches:
                features, voices = torch.randn(batch, channels, *image_size), torch.randn(batch, EMBEDDING_SIZE)
                with torch.inference_mode():
                    ours, alone, ratios = compare(
                        lambda inputs, model=model, voices=voices: model(inputs, voices),
                        plain,
                        features,
                        options.seconds,
                    )
                ratio = statistics.median(ratios)
                missed |= ratio > WANTED_RATIO
                print(
                    f"| {variant} at {image_size[0]} x {image_size[1]} | {fusion} | {batch} | {1000 * alone:.1f} | "
                    f"{1000 * ours:.1f} | {ratio:.2f} | {len(ratios)} | <= {WANTED_RATIO} |",
                    flush=True,
                )
    return int(missed and options.check)


if __name__ == "__main__":
    sys.exit(main())
