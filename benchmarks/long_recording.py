"""Memory that a long recording takes: `EmotionClassifier` on generated sound, the largest resident size at the end.

It runs in a process of its own, since the largest size is that of the process: `python -m benchmarks.long_recording
--model FOLDER`, or with a random model of the shape named by --shape.
"""

import argparse
import resource
import sys
import time

import numpy as np
import torch
from transformers import HubertConfig, WhisperConfig

from hf_ser import EmotionClassifier, SpeechEncoderConfig, SpeechEncoderForAudioClassification, SpeechFeatureExtractor

from .machine import processor_name

RATE = 16000
WANTED_GIB = 2.0


def make_classifier(shape: str) -> EmotionClassifier:
    """A random model of the shape of Whisper-base or HuBERT-base."""
    whisper = WhisperConfig(d_model=512, encoder_layers=6, encoder_attention_heads=8, encoder_ffn_dim=2048)
    config = SpeechEncoderConfig(encoder_config=whisper if shape == "whisper" else HubertConfig(), num_labels=8)
    extractor = SpeechFeatureExtractor("log_mel" if shape == "whisper" else "waveform")
    return EmotionClassifier(SpeechEncoderForAudioClassification(config), extractor)


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; with --check, return 1 if the memory is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--shape", choices=("whisper", "hubert"), default="whisper")
    parser.add_argument("--model", help="folder of a trained checkpoint in place of a random model")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    made = (
        make_classifier(options.shape) if options.model is None else EmotionClassifier.from_pretrained(options.model)
    )
    generator = np.random.default_rng(0)
    recording = (0.1 * generator.standard_normal(round(options.seconds * RATE), dtype=np.float32)).astype(np.float32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start = time.perf_counter()
    prediction = made.classify([recording])[0]
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{processor_name()}, {options.threads} threads, torch {torch.__version__}; {options.model or options.shape}:"
        f" {prediction.seconds:.0f} s in {prediction.windows} windows, {seconds:.1f} s of work,"
        f" {prediction.seconds / seconds:.0f} times real time, at most {peak:.2f} GiB resident ({before:.2f} GiB"
        f" before), wanted < {WANTED_GIB:.0f} GiB"
    )
    return int(options.check and peak >= WANTED_GIB)


if __name__ == "__main__":
    sys.exit(main())
