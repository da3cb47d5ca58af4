"""Speaker-conditioned CCT with the embedding given, beside plain CCT of the same size, alternating in one process."""

import argparse
import statistics
import sys

import torch

from hf_ser import CctConfig, CctForAudioClassification, SpeakerCctConfig, SpeakerCctForAudioClassification

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


def main(arguments: list[str] | None = None) -> int:
    """Print the table; with --check, return 1 if a ratio is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6.0, help="time spent on each row; at least six turns")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    print(f"{processor_name()}, {options.threads} threads, torch {torch.__version__}; medians, ratio of each turn\n")
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
