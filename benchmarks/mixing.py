"""What mixup and masks add to a training step of a compact CCT.

The same steps with and without them are timed in turns, from the examples to the moved weights. So is all of a step
that they touch, that is everything but the network (which reads batches of the same shape either way): the difference
there, as a share of a whole step, is the cost that is checked, since differences between whole steps drown in noise.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from hf_ser import SerTrainer

from .machine import processor_name
from .speech import BANDS, BATCH, FRAMES, load_clips, make_trainer

LARGEST_COST = 0.05
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("masks", {"time_masks": 2, "frequency_masks": 2}),
    ("mixup", {"mixup_alpha": 0.4}),
    ("mixup and masks", {"mixup_alpha": 0.4, "time_masks": 2, "frequency_masks": 2}),
)


class NoNetwork(torch.nn.Module):
    """In the model's place: logits that do not depend on the batch."""

    def __init__(self, num_labels: int) -> None:
        super().__init__()
        self.bias = torch.nn.Parameter(torch.zeros(num_labels))

    def forward(self, input_features: torch.Tensor, **_: Any) -> dict[str, torch.Tensor]:
        """The same logits (batch, num_labels) for all clips."""
        return {"logits": self.bias.expand(len(input_features), -1)}


class Step:
    """One step of a trainer on the same clips every time: from the examples to the moved weights."""

    def __init__(self, trainer: SerTrainer, model: torch.nn.Module) -> None:
        self.trainer, self.model = trainer, model.train()
        self.examples = [trainer.train_dataset[index] for index in range(BATCH)]
        self.optimizer = torch.optim.AdamW(model.parameters())

    def __call__(self) -> float:
        """Take it; returns wall time in seconds."""
        start = time.perf_counter()
        self.trainer.compute_loss(self.model, self.trainer.train_collator(self.examples)).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return time.perf_counter() - start


def in_turns(steps: Sequence[Step], turns: int) -> list[float]:
    """Median seconds of each step; the first to go changes, so that none always meets what the other left behind."""
    seconds: list[list[float]] = [[] for _ in steps]
    for turn in range(turns + 2):
        order = range(len(steps)) if turn % 2 else reversed(range(len(steps)))
        for number in order:
            taken = steps[number]()
            if turn >= 2:
                seconds[number].append(taken)
    return [statistics.median(values) for values in seconds]


def main(arguments: list[str] | None = None) -> int:
    """Print the table; with --check, return 1 if a cost is too high."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=20, help="whole steps of each")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    missed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips, kind = load_clips(folder / "clips", 2 * BATCH)
        cache = {"feature_cache_dir": str(folder / "cache")}
        print(
            f"{processor_name()}, {options.threads} threads, torch {torch.__version__}; {kind}, {BANDS} x {FRAMES} "
            f"log-mels from a cache, batches of {BATCH}; medians\n"
        )
        print(
            "| with | step without, ms | step with, ms | of it added, ms | cost | wanted |\n|---|---|---|---|---|---|"
        )
        plain = make_trainer(clips, folder / "plain", **cache)
        for what, settings in CASES:
            other = make_trainer(clips, folder / "other", **cache, **settings)
            labels = plain.model.config.num_labels
            around = in_turns([Step(trainer, NoNetwork(labels)) for trainer in (plain, other)], 5 * options.turns)
            whole = in_turns([Step(trainer, trainer.model) for trainer in (plain, other)], options.turns)
            added = around[1] - around[0]
            cost = added / whole[0]
            missed |= cost >= LARGEST_COST
            print(
                f"| {what} | {1000 * whole[0]:.1f} | {1000 * whole[1]:.1f} | {1000 * added:.2f} | {cost:.1%} | "
                f"< {LARGEST_COST:.0%} |",
                flush=True,
            )
    return int(missed and options.check)


if __name__ == "__main__":
    sys.exit(main())
