"""A learning rate for each layer: the lower the layer, the slower it is changed."""

from collections import defaultdict
from typing import Any

import torch
from torch import nn

from .model_parts import model_parts


def set_layer_rates(
    optimizer: torch.optim.Optimizer, model: nn.Module, decay: float = 1.0, head_learning_rate: float | None = None
) -> None:
    """Split the groups of a fresh optimizer by layer, and give each layer its own learning rate.

    The head and what lies above the layers keep the group's rate; the highest layer gets `decay` times it, each lower
    layer `decay` times that of the one above, the embeddings `decay` times that of the lowest layer (discriminative
    fine-tuning, Howard & Ruder 2018, "Universal Language Model Fine-tuning for Text Classification", section 3.1;
    with the constant factor of Clark et al. 2020, "ELECTRA", appendix A).

    Args:
        optimizer: an optimizer that has taken no step, before a scheduler reads its rates.
        model: the model that it trains.
        decay: the factor from a layer to the one below, in (0, 1].
        head_learning_rate: the rate of the head, in every group that holds a part of it.

    Raises:
        ValueError: if the model has no list of layers while `decay` is not 1, or the optimizer has no rate to scale.
    """
    if decay == 1.0 and head_learning_rate is None:
        return
    parts = model_parts(model)
    if decay != 1.0:
        check_has_layers(model)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    head = set(parts.head)
    groups: list[dict[str, Any]] = []
    for group in optimizer.param_groups:
        if group.get("lr") is None:
            raise ValueError(
                f"{type(optimizer).__name__} sets its learning rates itself; layer_learning_rate_decay and "
                "head_learning_rate need an optimizer with given ones, such as optim='adamw_torch'"
            )
        split: dict[tuple[int, bool], list[nn.Parameter]] = defaultdict(list)
        for parameter in group["params"]:
            name = names[id(parameter)]
            split[parts.depth(name), name not in head].append(parameter)
        for (depth, below_head), parameters in sorted(split.items(), key=lambda item: item[0]):
            rate = group["lr"] * decay**depth
            if not below_head and head_learning_rate is not None:
                rate = head_learning_rate
            groups.append(group | {"params": parameters, "lr": rate})
    optimizer.param_groups[:] = groups


def check_has_layers(model: nn.Module) -> None:
    """See that a model has layers that rates can follow.

    Raises:
        ValueError: if it has none.
    """
    if not model_parts(model).layers:
        raise ValueError(
            f"layer_learning_rate_decay needs layers, but {type(model).__name__} has no list of equal layers; "
            "leave it out"
        )


__all__ = ["check_has_layers", "set_layer_rates"]
