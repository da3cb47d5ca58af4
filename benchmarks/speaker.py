"""A speaker encoder on a clip of 4 s, features included: seconds of sound for each second of work.

ECAPA-TDNN of the published size with random weights, which do not matter to speed, or with --model any folder that
`hf_ser.load_speaker_encoder` loads. Wall time on --threads threads, and processor time on one, which other programs
on the machine hardly touch: what one core to itself would do. --check asks that either is fast enough.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from hf_ser import EcapaTdnnConfig, EcapaTdnnFeatureExtractor, EcapaTdnnModel, embed_speakers, load_speaker_encoder

from .machine import processor_name

RATE, SECONDS = 16000, 4.0
WANTED = 20.0


def times_real_time(embed: Callable[[], object], clock: Callable[[], float], threads: int, turns: int) -> float:
    """Median over turns, after one to warm up."""
    torch.set_num_threads(threads)
    embed()
    taken = []
    for _ in range(turns):
        start = clock()
        embed()
        taken.append(clock() - start)
    return SECONDS / statistics.median(taken)


def main(arguments: list[str] | None = None) -> int:
    """Print the row; with --check, return 1 if the speed is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--model", help="folder of a speaker encoder in place of a random ECAPA-TDNN")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    if options.model is None:
        model, extractor = EcapaTdnnModel(EcapaTdnnConfig()).eval(), EcapaTdnnFeatureExtractor()
    else:
        model, extractor = load_speaker_encoder(options.model)
    clip = (0.1 * np.random.default_rng(0).standard_normal(round(SECONDS * RATE))).astype(np.float32)

    @torch.inference_mode()
    def embed() -> torch.Tensor:
        return embed_speakers(model, *extractor(clip, sampling_rate=RATE, return_tensors="pt").values())

    one_core = times_real_time(embed, time.process_time, 1, options.turns)
    wall = times_real_time(embed, time.perf_counter, options.threads, options.turns)
    print(
        f"{processor_name()}, torch {torch.__version__}; a clip of {SECONDS:.0f} s at a time, medians of"
        f" {options.turns}\n"
    )
    print(f"| encoder | times real time, wall, {options.threads} threads | processor time, 1 thread | wanted |")
    print("|---|---|---|---|")
    print(f"| {options.model or 'ECAPA-TDNN'} | {wall:.1f} | {one_core:.1f} | >= {WANTED:.0f} |")
    return int(options.check and max(wall, one_core) < WANTED)


if __name__ == "__main__":
    sys.exit(main())
