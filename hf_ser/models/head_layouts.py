"""Heads that published checkpoints of speech encoders carry, told apart by the names of their tensors."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class HeadLayout:
    """How a kind of checkpoint names the two linear layers that its head is made of.

    `hidden` is the name of the layer before the classes and `output` that of the layer that gives them, without
    `.weight` and `.bias`. `activation` stands between the two, "tanh" or "none". Time is pooled before `hidden`; where
    no activation follows, a mean taken after it gives the same.
    """

    name: str
    hidden: str
    output: str
    activation: str

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the head's tensors."""
        return tuple(f"{layer}.{kind}" for layer in (self.hidden, self.output) for kind in ("weight", "bias"))


LAYOUTS = (
    HeadLayout("classifier.dense / classifier.output", "classifier.dense", "classifier.output", "tanh"),
    HeadLayout("classifier.dense / classifier.out_proj", "classifier.dense", "classifier.out_proj", "tanh"),
    HeadLayout("projector / classifier", "projector", "classifier", "none"),
)


def recognise_head(keys: Iterable[str]) -> HeadLayout | None:
    """Find the layout whose tensors are all there.

    Args:
        keys: names of a checkpoint's tensors.

    Returns:
        the layout, or None if the head is of no known kind.
    """
    present = set(keys)
    return next((layout for layout in LAYOUTS if present.issuperset(layout.keys)), None)


__all__ = ["LAYOUTS", "HeadLayout", "recognise_head"]
