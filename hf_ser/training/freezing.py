"""Freezing parts of a model, and unfreezing them in stages, from the head down."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import nn
from transformers import TrainerCallback

from .layer_rates import check_has_layers
from .model_parts import ModelParts, matching, model_parts

if TYPE_CHECKING:
    from .arguments import SerTrainingArguments

WORDS = ("encoder", "all_but_head", "embeddings", "tokenizer", "layers")
Stages = Mapping[int, int | str | list[str]]


class Freezing:
    """Which parameters of a model are trained in which epoch.

    Frozen parameters take no gradient, no weight decay and no momentum, and frozen modules run in evaluation mode:
    their dropout is off and their running statistics stand still, so that what lies above them sees in training what
    it will see later. A module is frozen when all of its parameters are. Where the lowest layer is frozen, the modules
    around the layers are in evaluation mode too: layer drop, dropout of the embeddings and the masking of their output
    would otherwise disturb frozen layers. This holds for parameters that the caller froze by `requires_grad` as well.

    The stage depends on the epoch alone, never on what happened before, so that a run can be resumed anywhere.

    Args:
        model: the model.
        freeze: what is frozen from the start: names of modules or parameters, or their ends at a dot, with wildcards
            as in a shell ("feature_extractor", "layers.[01]"); or one of the words "encoder" (or "all_but_head":
            everything but the head), "layers", and "embeddings" (or "tokenizer": all that lies below the layers).
        unfreeze_at: what becomes trainable at the beginning of which epoch, counted from 0, on top of what is: a
            number of layers from the top (with the norm and pooling above them), "all", or words and patterns as in
            `freeze`. "gradual" unfreezes one more layer after each epoch, the embeddings last (Howard & Ruder 2018,
            "Universal Language Model Fine-tuning for Text Classification", section 3.3).

    Raises:
        ValueError: if a pattern matches nothing, everything is frozen, a stage unfreezes nothing that is frozen, or
            the model has no list of layers to count.
    """

    def __init__(self, model: nn.Module, freeze: Sequence[str] = (), unfreeze_at: Stages | str | None = None) -> None:
        self._parts = parts = model_parts(model)
        self._names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
        frozen = set(self._names) & set().union(*(self._named(what) for what in freeze))
        self._frozen_at_start = frozen
        if frozen and not set(self._names) - frozen:
            raise ValueError(
                f"freeze is {list(freeze)}, which leaves nothing to train; expected at least the head free"
            )
        if unfreeze_at and not frozen:
            raise ValueError(
                f"unfreeze_at is {unfreeze_at!r} but nothing is frozen; say what with freeze, such as ['encoder']"
            )
        if unfreeze_at == "gradual":
            unfreeze_at = {count: count for count in range(1, self._count_layers() + 1)}
            if frozen & set(parts.embeddings):
                unfreeze_at[self._count_layers() + 1] = "all"
        self._stages: list[tuple[int, set[str]]] = []
        remaining = set(frozen)
        for epoch, what in sorted((unfreeze_at or {}).items()):  # type: ignore[union-attr]
            opened = self._opened(what) & remaining
            if not opened:
                raise ValueError(
                    f"unfreeze_at says {what!r} for epoch {epoch}, but nothing of that is frozen by then; "
                    f"frozen are {_some(sorted(remaining)) or 'no parameters'}"
                )
            remaining -= opened
            self._stages.append((epoch, opened))
        self._never_trained = remaining
        self._quiet: list[nn.Module] = []

    @property
    def staged(self) -> bool:
        """Whether anything is unfrozen on the way."""
        return bool(self._stages)

    def _count_layers(self) -> int:
        if not self._parts.layers:
            raise ValueError(
                "unfreeze_at counts layers, but the model has no list of equal layers; name modules instead, such as "
                "unfreeze_at={2: ['features.4']}"
            )
        return len(self._parts.layers)

    def _named(self, what: str) -> set[str]:
        """Parameters that a word or a pattern means."""
        parts = self._parts
        if what in ("encoder", "all_but_head"):
            found = set(parts.encoder)
        elif what in ("embeddings", "tokenizer"):
            found = set(parts.embeddings) if parts.layers else set()
        elif what == "layers" and parts.layers:
            found = {name for layer in parts.layers for name in layer}
        else:
            found = set()
        found = found or matching([*parts.encoder, *parts.head], what)
        if not found:
            raise ValueError(
                f"{what!r} matches no module or parameter of the model; expected one of {', '.join(WORDS)}, or a name "
                f"or its end at a dot, wildcards allowed, such as {_some(_modules([*parts.encoder, *parts.head]), 12)}"
            )
        return found

    def _opened(self, what: int | str | list[str]) -> set[str]:
        """Parameters that an entry of `unfreeze_at` means."""
        if what == "all":
            return set(self._names)
        if isinstance(what, int):
            count = self._count_layers()
            if not 1 <= what <= count:
                raise ValueError(
                    f"unfreeze_at says {what} layers, expected 1 to {count}: the model has {count} in "
                    f"{self._parts.layers_name!r}; 'all' unfreezes the embeddings too"
                )
            return set(self._parts.top).union(*self._parts.layers[count - what :])
        return set().union(*(self._named(one) for one in ([what] if isinstance(what, str) else what)))

    def frozen_at(self, epoch: int) -> set[str]:
        """Names of the parameters that are frozen during an epoch, counted from 0."""
        return self._frozen_at_start.difference(*(opened for at, opened in self._stages if at <= epoch))

    def stage_at(self, epoch: int) -> int:
        """How many times something was unfrozen by an epoch, counted from 0."""
        return sum(at <= epoch for at, _ in self._stages)

    def trained(self) -> set[str]:
        """Names of the parameters that are trained in any epoch."""
        return set(self._names) - self._never_trained

    def frozen_layers(self) -> int | None:
        """How many layers, from the input up, are trained in no epoch, what lies below them included.

        A last norm belongs to what the highest layer gives, so that layer does not count where the norm is trained.

        Returns:
            the number; None if anything below the layers is trained, or the model has no list of layers.
        """
        parts, trained = self._parts, self.trained()
        if not parts.layers or trained.intersection(parts.embeddings):
            return None
        frozen = next(
            (index for index, layer in enumerate(parts.layers) if trained.intersection(layer)), len(parts.layers)
        )
        return min(frozen, len(parts.layers) - 1) if trained.intersection(parts.top) else frozen

    def open(self, model: nn.Module) -> None:
        """Let every parameter take gradients that is trained in any epoch: what the optimizer, and the wrapper that
        joins processes, must know of.
        """
        self._set(model, self._never_trained)

    def enter(self, model: nn.Module, epoch: int) -> None:
        """Freeze what is frozen during an epoch, and nothing else."""
        self._set(model, self.frozen_at(epoch))
        self._quiet = quiet_modules(model, self._parts)

    def settle(self) -> None:
        """Put frozen modules into evaluation mode, after `model.train()` has put all modules into training mode."""
        for module in self._quiet:
            module.training = False

    def _set(self, model: nn.Module, frozen: set[str]) -> None:
        ours = set(self._names)
        for name, parameter in model.named_parameters():
            if name in ours:
                parameter.requires_grad_(name not in frozen)
                if name in frozen:
                    parameter.grad = None


def freezing_of(model: nn.Module, args: "SerTrainingArguments", learning_objective: bool) -> Freezing:
    """What the settings of a run freeze, and when; see `Freezing`.

    Among several processes, parameters that are frozen for a while need `ddp_find_unused_parameters`, which is set.

    Args:
        model: the model.
        args: the settings.
        learning_objective: whether the objective has parameters of its own.

    Raises:
        ValueError: if the settings do not fit the model or the way in which processes are joined.
    """
    freezing = Freezing(model, args.freeze, args.unfreeze_at)
    if args.layer_learning_rate_decay != 1.0:
        check_has_layers(model)
    if not freezing.staged:
        return freezing
    joined = [name for name in ("fsdp", "deepspeed") if getattr(args, name, None)]
    if joined:
        raise ValueError(
            f"unfreeze_at is set with {joined[0]}, which fixes what is trained before the first step; leave one out"
        )
    if args.world_size > 1 and learning_objective:
        raise ValueError(
            f"unfreeze_at is set with {args.world_size} processes and an objective that learns (a teacher's), which "
            "cannot be told from a frozen part; leave unfreeze_at out, or train in one process"
        )
    if args.world_size > 1 and args.ddp_find_unused_parameters is False:
        raise ValueError(
            "ddp_find_unused_parameters is False, expected True or None with unfreeze_at: frozen parameters are "
            "unused for a while"
        )
    if not learning_objective:
        args.ddp_find_unused_parameters = True
    return freezing


class StageCallback(TrainerCallback):
    """Brings a model into the stage of the epoch, also after a resume."""

    def __init__(self, freezing: Freezing) -> None:
        self.freezing = freezing

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Enter the stage that a run starts or continues in."""
        self._enter(args, state, kwargs)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Enter the epoch's stage; epochs are counted by steps."""
        self._enter(args, state, kwargs)

    def _enter(self, args: Any, state: Any, kwargs: dict[str, Any]) -> None:
        steps = max(1, math.ceil(len(kwargs["train_dataloader"]) / args.gradient_accumulation_steps))
        self.freezing.enter(kwargs["model"], state.global_step // steps)


def quiet_modules(model: nn.Module, parts: ModelParts) -> list[nn.Module]:
    """The modules that belong into evaluation mode while the model trains; see `Freezing`."""
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    holders: set[str] = set()
    busy: set[str] = set()
    for name, _ in model.named_parameters():
        ways = _prefixes(name)
        holders.update(ways)
        if name in trained:
            busy.update(ways)
    below = parts.layers_name is not None and not trained.intersection(parts.layers[0])
    around = _prefixes(parts.layers_name)[1:] if below and parts.layers_name is not None else []
    quiet: dict[str, bool] = {}
    modules = []
    for name, module in model.named_modules():
        parent = name.rpartition(".")[0]
        if name in holders:
            quiet[name] = name not in busy or name in around
        else:
            # what has no parameters goes with what it is part of
            quiet[name] = quiet.get(parent, False) if name else False
        if quiet[name]:
            modules.append(module)
    return modules


def _prefixes(name: str) -> list[str]:
    """The modules that a parameter or module lies in, from the whole model ("") down."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(len(parts))]


def _modules(names: Iterable[str]) -> list[str]:
    """Modules two or three levels down, for messages."""
    return list(dict.fromkeys(".".join(name.split(".")[:3][: max(1, name.count("."))]) for name in names))


def _some(names: Sequence[str], count: int = 4) -> str:
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")


__all__ = ["Freezing", "StageCallback", "freezing_of", "quiet_modules"]
