"""The mean of the weights over the last part of a run, in place of where its last step happened to end."""

from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import TrainerCallback

_FILE = "average.safetensors"
_COUNT = "steps_averaged"


class WeightAveraging(TrainerCallback):
    """Averages a model's weights over the steps after a share of the run (Izmailov et al. 2018, with every step).

    While the run goes on the model keeps its own weights, so checkpoints and evaluations are those of a run without;
    at its end the average takes their place. Running figures of batch norms are averaged like weights.

    Args:
        start: share of the run's steps after which averaging begins, in [0, 1).
    """

    def __init__(self, start: float) -> None:
        self.start = start
        self.count = 0
        self.average: dict[str, torch.Tensor] = {}

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the weights after a step in."""
        if state.global_step > self.start * state.max_steps:
            self.update(kwargs["model"])

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take a model's weights in, in single precision."""
        self.count += 1
        for name, value in _floats(model).items():
            if name not in self.average:
                self.average[name] = value.detach().float().clone()
            else:
                average = self.average[name].to(value.device)
                self.average[name] = average.lerp_(value.detach().float(), 1.0 / self.count)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Put the average in the place of the weights."""
        self.apply(kwargs["model"])

    @torch.no_grad()
    def apply(self, model: nn.Module) -> None:
        """Give a model the averaged weights; a run that was over before averaging began keeps its own."""
        if self.count:
            for name, value in _floats(model).items():
                value.copy_(self.average[name])

    def save(self, checkpoint: str | Path) -> None:
        """Write the average so far beside a checkpoint's weights, so that a resumed run goes on with it."""
        if self.count:
            tensors = {name: value.cpu().contiguous() for name, value in self.average.items()}
            save_file(tensors, str(Path(checkpoint) / _FILE), metadata={"format": "pt", _COUNT: str(self.count)})

    def load(self, checkpoint: str | Path) -> None:
        """Take up the average that a checkpoint holds; one from before averaging began holds none."""
        file = Path(checkpoint) / _FILE
        self.count, self.average = 0, {}
        if file.is_file():
            self.average = load_file(str(file))
            self.count = _steps_averaged(file)


def _floats(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value for name, value in model.state_dict().items() if value.is_floating_point()}


def _steps_averaged(file: Path) -> int:
    with safe_open(str(file), "pt") as opened:
        return int(opened.metadata()[_COUNT])


__all__ = ["WeightAveraging"]
