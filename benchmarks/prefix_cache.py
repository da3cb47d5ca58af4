"""Training on a frozen Whisper-base encoder of 4 layers, random weights, from the prefix cache and without it: clips a
second of processor time, epochs after the first, in turns. Where a layer is trained, its own cost stays and bounds
what can be won.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import datasets
import soundfile
import torch
from transformers import WhisperConfig

from hf_ser import SerTrainer, SerTrainingArguments, SpeechEncoderConfig, SpeechEncoderForAudioClassification
from hf_ser.features.feature_extraction_speech import SpeechFeatureExtractor

from .machine import processor_name
from .speech_clips import RATE, read_clips, speech_like_clips

WANTED = 5.0
LABELS = ("neutral", "happy", "sad", "angry")
# what is frozen -> whether the wanted ratio can be had there
CASES: dict[str, tuple[list[str], bool]] = {
    "frozen encoder": (["encoder"], True),
    "last layer of 4": (["embeddings", "layers.[012]"], False),
}


def make_trainer(clips: datasets.Dataset, folder: Path, freeze: list[str], **settings: Any) -> SerTrainer:
    """A trainer of a head with statistics pooling of states 3 and 4."""
    torch.manual_seed(0)
    config = SpeechEncoderConfig(
        encoder_config=WhisperConfig(d_model=512, encoder_layers=6, encoder_attention_heads=8, encoder_ffn_dim=2048),
        head="statistics",
        layers=[3, 4],
        num_encoder_layers=4,
        id2label=dict(enumerate(LABELS)),
        label2id={name: index for index, name in enumerate(LABELS)},
    )
    defaults: dict[str, Any] = {"per_device_train_batch_size": 16, "eval_strategy": "no", "save_strategy": "no"}
    defaults |= {"use_cpu": True, "disable_tqdm": True, "output_dir": str(folder), "seed": 0, "freeze": freeze}
    return SerTrainer(
        SpeechEncoderForAudioClassification(config),
        SerTrainingArguments(**(defaults | settings)),
        train_dataset=clips,
        processing_class=SpeechFeatureExtractor(input_kind="log_mel"),
    )


def epoch_seconds(trainer: SerTrainer, optimizer: torch.optim.Optimizer) -> float:
    """Processor time of an epoch, so that other programs do not count: batches made, forward, backward, optimizer."""
    model: Any = trainer.model.train()
    trainer.freezing.enter(model, 0)
    start = time.process_time()
    for batch in trainer.get_train_dataloader():
        trainer.compute_loss(model, batch).backward()
        optimizer.step()
        optimizer.zero_grad()
    return time.process_time() - start


def save_clips(folder: Path, count: int, source: Path | None) -> datasets.Dataset:
    """Write clips as FLAC, as corpora lie on disk, and list them."""
    folder.mkdir()
    waves = speech_like_clips(count) if source is None else read_clips(source, count)
    paths = [str(folder / f"{number}.flac") for number in range(len(waves))]
    for path, wave in zip(paths, waves, strict=True):
        soundfile.write(path, wave, RATE)
    emotions = [LABELS[number % len(LABELS)] for number in range(len(waves))]
    rows = {"audio": paths, "emotion": emotions, "speaker": ["one"] * len(waves), "clip": paths}
    return datasets.Dataset.from_dict(rows).cast_column("audio", datasets.Audio(decode=False))


def main(arguments: list[str] | None = None) -> int:
    """Print the table; with --check, return 1 if the ratio is missed where the whole encoder is frozen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3, help="epochs of each, in turns")
    parser.add_argument("--recordings", type=Path, help="folder of recordings to use in place of generated clips")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    missed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = save_clips(folder / "clips", options.clips, options.recordings)
        print(f"{processor_name()}, {options.threads} threads, torch {torch.__version__}; {len(clips)} clips\n")
        print("| trained | first epoch, s | without cache, clips/s | with cache, clips/s | ratio | wanted |")
        print("|---|---|---|---|---|---|")
        for number, (case, (freeze, wanted)) in enumerate(CASES.items()):
            plain = make_trainer(clips, folder / f"plain{number}", freeze)
            start = time.process_time()
            cache = {"prefix_cache_dir": str(folder / f"cache{number}")}
            kept = make_trainer(clips, folder / f"kept{number}", freeze, **cache)
            sides = {"plain": (plain, plain.create_optimizer()), "kept": (kept, kept.create_optimizer())}
            epoch_seconds(*sides["kept"])
            first = time.process_time() - start
            seconds: dict[str, list[float]] = {side: [] for side in sides}
            for turn in range(options.rounds):
                for side in list(sides)[:: 1 if turn % 2 else -1]:
                    seconds[side].append(epoch_seconds(*sides[side]))
            ratio = statistics.median(a / b for a, b in zip(seconds["plain"], seconds["kept"], strict=True))
            missed |= wanted and ratio < WANTED
            rates = {side: len(clips) / statistics.median(times) for side, times in seconds.items()}
            print(
                f"| {'head' if wanted else 'head and ' + case} | {first:.1f} | {rates['plain']:.1f} | "
                f"{rates['kept']:.1f} | {ratio:.1f} | {f'>= {WANTED:.0f}' if wanted else '-'} |",
                flush=True,
            )
    return int(missed and options.check)


if __name__ == "__main__":
    sys.exit(main())
