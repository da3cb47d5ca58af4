"""What a training run waits for its data: share of the time with cached features, and an epoch's feeding with the
cache beside one without it, in turns. Starting the workers of an epoch counts as waiting; with few clips it shows.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from hf_ser import SerTrainer

from .machine import processor_name
from .speech import BANDS, BATCH, FRAMES, load_clips, make_trainer

LARGEST_SHARE, WANTED_RATIO = 0.10, 3.0
MASKS = {"time_masks": 1, "frequency_masks": 2}


def feeding_seconds(trainer: SerTrainer) -> float:
    """Wall time in which an epoch's batches are made, nothing else being done."""
    start = time.perf_counter()
    for _ in trainer.get_train_dataloader():
        pass
    return time.perf_counter() - start


def waiting_share(trainer: SerTrainer, steps: int) -> tuple[float, float]:
    """Train for some steps.

    Returns:
        the share of the time that was spent waiting for batches, and seconds a step.
    """
    model: Any = trainer.model.train()
    optimizer = trainer.create_optimizer()
    waited, start, done = 0.0, time.perf_counter(), 0
    while done < steps:
        batches = iter(trainer.get_train_dataloader())
        while done < steps:
            asked = time.perf_counter()
            batch = next(batches, None)
            waited += time.perf_counter() - asked
            if batch is None:
                break
            trainer.compute_loss(model, batch).backward()
            optimizer.step()
            optimizer.zero_grad()
            done += 1
    total = time.perf_counter() - start
    return waited / total, total / steps


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; with --check, return 1 if a share or a ratio is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clips", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=3, help="epochs of each, in turns")
    parser.add_argument("--steps", type=int, default=24, help="training steps of each row")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    missed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips, kind = load_clips(folder / "clips", options.clips)
        print(
            f"{processor_name()}, {options.threads} threads, torch {torch.__version__}; {len(clips)} {kind}, "
            f"{BANDS} x {FRAMES} log-mels, batches of {BATCH}\n"
        )
        print("| training from | augmentation | workers | step, ms | waits for data | wanted |")
        print("|---|---|---|---|---|---|")
        cached = {"feature_cache_dir": str(folder / "cache")}
        augmented = {"augmentation": "light", **MASKS}
        cases: list[tuple[str, dict[str, Any]]] = [
            ("cached features", cached | MASKS),
            ("cached features", cached | augmented | {"feature_cache_views": 3}),
            ("waveforms", augmented),
        ]
        for number, (source, settings) in enumerate(cases):
            for workers in (0, 1):
                trainer = make_trainer(clips, folder / f"run{number}", dataloader_num_workers=workers, **settings)
                share, seconds = waiting_share(trainer, options.steps)
                wanted = f"< {LARGEST_SHARE:.0%}" if "cached" in source else "-"
                missed |= "cached" in source and share >= LARGEST_SHARE
                print(
                    f"| {source} | {settings.get('augmentation', 'masks')} | {workers} | {1000 * seconds:.0f} | "
                    f"{share:.1%} | {wanted} |",
                    flush=True,
                )
        print("\n| augmentation | first epoch, s | without cache, s | with cache, s | ratio | wanted |")
        print("|---|---|---|---|---|---|")
        for number, (augmentation, views) in enumerate((("none", 1), ("light", 3))):
            plain = make_trainer(clips, folder / f"plain{number}", augmentation=augmentation, **MASKS)
            fresh = {"feature_cache_dir": str(folder / f"fresh{number}"), "feature_cache_views": views}
            start = time.perf_counter()
            kept = make_trainer(clips, folder / f"kept{number}", augmentation=augmentation, **fresh, **MASKS)
            first = time.perf_counter() - start + feeding_seconds(kept)
            seconds = {name: [] for name in ("plain", "kept")}
            for turn in range(options.rounds):
                for side, trainer in (("plain", plain), ("kept", kept))[:: 1 if turn % 2 else -1]:
                    seconds[side].append(feeding_seconds(trainer))
            ratio = statistics.median(a / b for a, b in zip(seconds["plain"], seconds["kept"], strict=True))
            missed |= ratio < WANTED_RATIO
            print(
                f"| {augmentation} | {first:.2f} | {statistics.median(seconds['plain']):.2f} | "
                f"{statistics.median(seconds['kept']):.2f} | {ratio:.1f} | >= {WANTED_RATIO:.0f} |",
                flush=True,
            )
    return int(missed and options.check)


if __name__ == "__main__":
    sys.exit(main())
