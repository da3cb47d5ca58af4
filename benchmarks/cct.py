"""Forward pass of CctForAudioClassification beside the same network in plain PyTorch, alternating in one process.

The plain network is tests/models/cct/reference_cct.py: no masks, no options, no outputs but the logits.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch

from hf_ser.models.cct import CctConfig, CctForAudioClassification, convert_cct_state_dict

from .machine import processor_name

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "models" / "cct"))
from reference_cct import ReferenceCct

# variant, channels, image: published sizes, and 4 s of 128 log-mels as they are
CASES = (
    ("cct_7_3x1_32", 3, [32, 32]),
    ("cct_7_7x2_224", 1, [128, 400]),
    ("cct_14_7x2_224", 1, [128, 400]),
    ("cct_14_7x2_224", 3, [224, 224]),
)
BATCHES = (1, 8, 32)
WANTED_RATIO, WANTED_FROM_BATCH = 1.05, 8
LARGEST_DIFFERENCE = 1e-4


def seconds_of(model: torch.nn.Module, features: torch.Tensor) -> float:
    """Wall time of one forward pass, in seconds."""
    start = time.perf_counter()
    model(features)
    return time.perf_counter() - start


def compare(
    ours: torch.nn.Module, plain: torch.nn.Module, features: torch.Tensor, budget: float
) -> tuple[float, float, list[float]]:
    """Time both in turns, the first to go changing every time, until the budget (s) is spent.

    Returns:
        Median seconds of ours and of plain, and the ratio of each turn.
    """
    for _ in range(2):
        ours(features)
        plain(features)
    ours_seconds, plain_seconds = [], []
    end = time.perf_counter() + budget
    while time.perf_counter() < end or len(ours_seconds) < 6:
        turns = ((ours, ours_seconds), (plain, plain_seconds))
        for model, seconds in turns if len(ours_seconds) % 2 else reversed(turns):
            seconds.append(seconds_of(model, features))
    ratios = [one / other for one, other in zip(ours_seconds, plain_seconds, strict=True)]
    return statistics.median(ours_seconds), statistics.median(plain_seconds), ratios


def main(arguments: list[str] | None = None) -> int:
    """Print the table; with --check, return 1 if a ratio or the agreement of the logits is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8.0, help="time spent on each row; at least six turns")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    print(f"{processor_name()}, {options.threads} threads, torch {torch.__version__}; medians, ratio of each turn\n")
    print("| variant | input | batch | plain, ms | hf_ser, ms | ratio | turns | wanted | largest difference |")
    print("|---|---|---|---|---|---|---|---|---|")
    missed = False
    for variant, channels, image_size in CASES:
        config = CctConfig.from_variant(variant, num_channels=channels, image_size=image_size, num_labels=8)
        plain = ReferenceCct(config).eval()
        ours = CctForAudioClassification(config).eval()
        ours.load_state_dict(convert_cct_state_dict(plain.state_dict(), config, source_grid=config.token_grid))
        for batch in BATCHES:
            features = torch.randn(batch, channels, *image_size)
            with torch.inference_mode():
                difference = float((ours(features).logits - plain(features)).abs().max())
                our_time, plain_time, ratios = compare(ours, plain, features, options.seconds)
            ratio = statistics.median(ratios)
            wanted = f"<= {WANTED_RATIO}" if batch >= WANTED_FROM_BATCH else "-"
            missed |= difference > LARGEST_DIFFERENCE or (batch >= WANTED_FROM_BATCH and ratio > WANTED_RATIO)
            print(
                f"| {variant} | {channels} x {image_size[0]} x {image_size[1]} | {batch} | {1000 * plain_time:.1f} | "
                f"{1000 * our_time:.1f} | {ratio:.2f} | {len(ratios)} | {wanted} | {difference:.1e} |",
                flush=True,
            )
    return int(missed and options.check)


if __name__ == "__main__":
    sys.exit(main())
