"""Speaker vectors of a corpus by ECAPA-TDNN, random weights: embedded and kept on disk, then found there by another
run, which reads and checks the encoder's weights again. Processor time.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch

from hf_ser import (
    EcapaTdnnConfig,
    EcapaTdnnFeatureExtractor,
    EcapaTdnnModel,
    SpeakerCctConfig,
    SpeakerCctForAudioClassification,
    SpeakerSpectrogramFeatureExtractor,
)
from hf_ser.training.speaker_cache import SpeakerCache

from .machine import processor_name
from .prefix_cache import save_clips

WANTED = 10.0


def pass_over(folder: Path, model: SpeakerCctForAudioClassification, paths: list[str]) -> tuple[float, torch.Tensor]:
    """Processor seconds for the vectors of all clips, from a cache that is opened anew; and the vectors."""
    start = time.process_time()
    cache = SpeakerCache(folder, model, SpeakerSpectrogramFeatureExtractor(EcapaTdnnFeatureExtractor()))
    found = cache.features_of(paths, progress=False)
    vectors = torch.stack([torch.from_numpy(found.read(0, index)[:, 0]) for index in range(len(paths))])
    return time.process_time() - start, vectors


def main(arguments: list[str] | None = None) -> int:
    """Print the table; with --check, return 1 if the ratio is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--recordings", type=Path, help="folder of recordings to use in place of generated clips")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    config = SpeakerCctConfig.from_variant("cct_2_3x2_32", speaker_embedding_dim=192)
    model = SpeakerCctForAudioClassification(config).set_speaker_encoder(EcapaTdnnModel(EcapaTdnnConfig()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = save_clips(folder / "clips", options.clips, options.recordings)
        paths = [audio["path"] for audio in clips["audio"]]
        print(f"{processor_name()}, {options.threads} threads, torch {torch.__version__}\n")
        print("| clips | embedded, s | found on disk, s | ratio | wanted |")
        print("|---|---|---|---|---|")
        first, computed = pass_over(folder / "cache", model, paths)
        second, found = pass_over(folder / "cache", model, paths)
        if not torch.equal(computed, found):
            raise RuntimeError("the cache gave other vectors than it was given")
        print(f"| {len(paths)} | {first:.2f} | {second:.3f} | {first / second:.1f} | >= {WANTED:.0f} |", flush=True)
    return int(first / second < WANTED and options.check)


if __name__ == "__main__":
    sys.exit(main())
