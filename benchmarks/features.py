"""Log-mel extraction of 4 s clips beside transformers' ASTFeatureExtractor and librosa, alternating in one process."""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable

import librosa
import numpy as np
import torch
from threadpoolctl import threadpool_limits
from transformers import ASTFeatureExtractor

from hf_ser import SpectrogramFeatureExtractor

from .machine import processor_name

RATE, SECONDS, BATCH = 16000, 4.0, 32
AST_RATIO, LIBROSA_RATIO = 5.0, 2.0
# dB; a fault in framing, filters or scale shows as far more
LARGEST_DIFFERENCE = 0.01


def make_clips(count: int) -> list[np.ndarray]:
    """Clips of a gliding harmonic tone in soft noise, from a fixed seed: float32, SECONDS long."""
    generator = np.random.default_rng(0)
    time_axis = np.arange(int(SECONDS * RATE)) / RATE
    clips = []
    for _ in range(count):
        phase = 2 * np.pi * (generator.uniform(90, 250) * time_axis + generator.uniform(-10, 10) * time_axis**2)
        voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 20))
        noise = generator.standard_normal(len(time_axis))
        clips.append((0.1 * voice + 0.003 * noise).astype(np.float32))
    return clips


def interleaved(calls: dict[str, Callable[[], object]], rounds: int, burst: int) -> dict[str, float]:
    """Median seconds of each call; they take turns in bursts, so that a disturbance from outside hits all of them.

    The first call of a burst is not counted: threads that the call before it left spinning would slow it.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            call()
            for _ in range(burst):
                start = time.perf_counter()
                call()
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def by_librosa(clip: np.ndarray) -> np.ndarray:
    """128 Slaney mels in dB under the clip's maximum, (128, frames)."""
    power = librosa.feature.melspectrogram(y=clip, sr=RATE, n_fft=512, win_length=400, hop_length=160, n_mels=128)
    return librosa.power_to_db(power, ref=np.max)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; with --check, return 1 if a ratio or the agreement with librosa is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--rounds", type=int, default=20, help="turns of each for single clips; batches take half of them"
    )
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)

    with warnings.catch_warnings():
        # 128 mels leave some of AST's filters empty, which it mentions
        warnings.simplefilter("ignore")
        ast = ASTFeatureExtractor(num_mel_bins=128, max_length=400)
    # AST's settings: natural log of 128 Kaldi mels from 20 Hz, frames not centred, pre-emphasis
    like_ast = SpectrogramFeatureExtractor(
        num_mel_bins=128,
        mel_scale="kaldi",
        mel_norm=None,
        triangularize_in_mel_space=True,
        min_frequency=20.0,
        window_periodic=False,
        center=False,
        preemphasis=0.97,
        log_scale="ln",
        log_offset=1.2e-7,
        num_frames=400,
    )
    like_librosa = SpectrogramFeatureExtractor(num_mel_bins=128)
    clips = make_clips(BATCH)

    difference = max(
        float(np.abs(like_librosa(clip, sampling_rate=RATE)["input_features"][0, 0] - by_librosa(clip)).max())
        for clip in clips[:4]
    )
    print(
        f"{processor_name()}, {options.threads} threads, torch {torch.__version__}; 4 s at 16 kHz, 128 mels, medians\n"
    )
    print("| peer | clips | peer, ms a clip | hf_ser, ms a clip | ratio | wanted | largest difference |")
    print("|---|---|---|---|---|---|---|")
    missed = difference > LARGEST_DIFFERENCE
    with threadpool_limits(limits=options.threads):
        for count in (1, BATCH):
            part = clips if count > 1 else clips[0]
            rounds, burst = (options.rounds, 10) if count == 1 else (max(3, options.rounds // 2), 3)
            seconds = interleaved(
                {
                    "ast": lambda part=part: ast(part, sampling_rate=RATE, return_tensors="pt"),
                    "like_ast": lambda part=part: like_ast(part, sampling_rate=RATE, return_tensors="pt"),
                    "librosa": lambda count=count: [by_librosa(clip) for clip in clips[:count]],
                    "like_librosa": lambda part=part: like_librosa(part, sampling_rate=RATE, return_tensors="pt"),
                },
                rounds,
                burst,
            )
            for peer, ours, wanted, note in (
                ("ast", "like_ast", AST_RATIO, "equal shape and settings"),
                ("librosa", "like_librosa", LIBROSA_RATIO, f"{difference:.1e} dB"),
            ):
                ratio = seconds[peer] / seconds[ours]
                missed |= ratio < wanted
                milliseconds = [1000 * seconds[name] / count for name in (peer, ours)]
                print(
                    f"| {'ASTFeatureExtractor' if peer == 'ast' else 'librosa, clip by clip'} | {count} |"
                    f" {milliseconds[0]:.2f} | {milliseconds[1]:.2f} | {ratio:.1f} | {wanted:.0f} | {note} |",
                    flush=True,
                )
    return int(options.check and missed)


if __name__ == "__main__":
    sys.exit(main())
