"""Muon for the matrices of a network and AdamW for the rest, as one optimizer."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

# quintic Newton-Schulz iteration of Jordan et al. 2024: drives all singular values to about 1 in five steps
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_STEPS = 5
_HEADS = ("classifier", "pooler", "training_objective")


class MuonWithAdamW(torch.optim.Optimizer):
    """Orthogonalised momentum for hidden matrices, AdamW for everything else.

    Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") replaces the momentum of a
    weight matrix by the nearest matrix with equal singular values. Its step is scaled by 0.2 sqrt(max(rows, columns)),
    which is the root mean square of a typical AdamW step (Liu et al. 2025, "Muon is scalable for LLM training",
    section 2.2), so that learning rates mean the same in both parts. torch.optim.Muon takes matrices only; here the
    kernel of a convolution counts as the matrix (out, in * sides), and one object holds both parts, as schedulers and
    checkpoints expect.

    Args:
        params: parameter groups; those with `"muon": True` get Muon, the others AdamW.
        lr: learning rate.
        betas: of AdamW.
        momentum: of Muon, with Nesterov's look-ahead.
        weight_decay: decoupled, in both parts.
        eps: of AdamW.

    Raises:
        ValueError: if a Muon group holds a parameter with fewer than two axes.
    """

    def __init__(
        self,
        params: Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.98),
        momentum: float = 0.95,
        weight_decay: float = 0.01,
        eps: float = 1e-8,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "eps": eps,
            "muon": False,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            flat = [tuple(parameter.shape) for parameter in group["params"] if group["muon"] and parameter.ndim < 2]
            if flat:
                raise ValueError(f"a Muon group holds a parameter of shape {flat[0]}, expected two axes or more")

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step; see torch.optim.Optimizer."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            update = self._muon if group["muon"] else self._adamw
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.mul_(1.0 - group["lr"] * group["weight_decay"])
                    update(parameter, parameter.grad, self.state[parameter], group)
        return loss

    @staticmethod
    def _muon(parameter: torch.Tensor, gradient: torch.Tensor, state: dict, group: dict[str, Any]) -> None:
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(gradient, 1.0 - group["momentum"])
        direction = orthogonalize(gradient.lerp(state["momentum"], group["momentum"]).flatten(1))
        scale = 0.2 * max(direction.shape) ** 0.5
        parameter.add_(direction.view_as(parameter).to(parameter.dtype), alpha=-group["lr"] * scale)

    @staticmethod
    def _adamw(parameter: torch.Tensor, gradient: torch.Tensor, state: dict, group: dict[str, Any]) -> None:
        if not state:
            state["step"] = 0
            state["mean"], state["square"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        state["step"] += 1
        first, second = group["betas"]
        state["mean"].lerp_(gradient, 1.0 - first)
        state["square"].mul_(second).addcmul_(gradient, gradient, value=1.0 - second)
        spread = (state["square"] / (1.0 - second ** state["step"])).sqrt_().add_(group["eps"])
        parameter.addcdiv_(state["mean"], spread, value=-group["lr"] / (1.0 - first ** state["step"]))


def orthogonalize(matrix: torch.Tensor) -> torch.Tensor:
    """The matrix with the same singular vectors and singular values of about 1.

    Args:
        matrix: (rows, columns).

    Returns:
        (rows, columns), bfloat16.
    """
    a, b, c = _COEFFICIENTS
    wide = matrix.bfloat16()
    tall = wide.shape[0] > wide.shape[1]
    wide = wide.mT if tall else wide
    wide = wide / (wide.norm() + 1e-7)
    for _ in range(_STEPS):
        gram = wide @ wide.mT
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return wide.mT if tall else wide


def muon_groups(
    model: nn.Module, muon_learning_rate: float, learning_rate: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Sort the trainable parameters of a model into groups for `MuonWithAdamW`.

    Weights of linear layers and convolutions get Muon, except those that read out (classifier, pooler, the objective's
    own); they and everything else get AdamW, without weight decay where a parameter is a bias, a gain or a table.
    """
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d)
    weights = {id(module.weight) for module in model.modules() if isinstance(module, kinds)}
    muon, decayed, plain = [], [], []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if id(parameter) not in weights:
            plain.append(parameter)
        elif any(part in _HEADS for part in name.split(".")):
            decayed.append(parameter)
        else:
            muon.append(parameter)
    groups = [
        {"params": muon, "lr": muon_learning_rate, "weight_decay": weight_decay, "muon": True},
        {"params": decayed, "lr": learning_rate, "weight_decay": weight_decay},
        {"params": plain, "lr": learning_rate, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
