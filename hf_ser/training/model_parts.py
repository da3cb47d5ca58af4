"""Which parameters of a model lie below its layers, in them, above them, and in the head; for any architecture."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import cast

from torch import nn

OBJECTIVE = "training_objective"
_HEADS = ("classifier", "head", "score")


@dataclass(frozen=True)
class ModelParts:
    """The parameters of a model by their names, from the input up.

    Attributes:
        embeddings: below the layers: convolutions, tokenizer, positions.
        layers: those of each layer, the lowest first; empty where the model has no list of equal layers.
        top: above the layers, but still in the encoder: the last norm, pooling.
        head: outside the encoder.
        layers_name: name of the list of layers, such as "cct.layers".
    """

    embeddings: tuple[str, ...]
    layers: tuple[tuple[str, ...], ...]
    top: tuple[str, ...]
    head: tuple[str, ...]
    layers_name: str | None

    @property
    def encoder(self) -> tuple[str, ...]:
        """Everything but the head."""
        return (*self.embeddings, *(name for layer in self.layers for name in layer), *self.top)

    def depth(self, name: str) -> int:
        """How many layers a parameter lies below the head.

        Returns:
            0 for the head and all that lies above the layers, 1 for the highest layer, the number of layers for the
            lowest, one more for the embeddings.
        """
        for index, layer in enumerate(self.layers):
            if name in layer:
                return len(self.layers) - index
        return len(self.layers) + 1 if name in self.embeddings else 0


def layer_list(model: nn.Module) -> str | None:
    """Find the stack of equal layers that a model is built of.

    Of the lists of modules of one class, one as long as `config.num_hidden_layers` says wins, then the one with most
    parameters: the convolutions in front of a waveform encoder are such a list too.

    Returns:
        its name, such as "wav2vec2.encoder.layers", or None if the model has none.
    """
    found: dict[str, nn.ModuleList] = {}
    said = _said_layers(model)
    for name, module in model.named_modules():
        if module is said:
            return name
        inner = any(name.startswith(f"{outer}.") for outer in found) or name.split(".")[0] == OBJECTIVE
        if isinstance(module, nn.ModuleList) and not inner and len({type(layer) for layer in module}) == 1:
            found[name] = module
    length = getattr(getattr(model, "config", None), "num_hidden_layers", None)
    fitting = {name: layers for name, layers in found.items() if len(layers) == length} or found
    sizes = {name: sum(parameter.numel() for parameter in layers.parameters()) for name, layers in fitting.items()}
    return max(sizes, key=sizes.__getitem__, default=None)


def _said_layers(model: nn.Module) -> nn.Module | None:
    """The layers that a model itself points to, as speech encoders with a head do; None if it does not."""
    try:
        return getattr(model, "encoder_layers", None)
    except ValueError:
        # an encoder of a family that is not known
        return None


def model_parts(model: nn.Module) -> ModelParts:
    """Sort the parameters of a model.

    The head is what lies outside the module of the model that holds the layers. Inside it, parameters that are
    registered before the list of layers lie below it, those after it above it.

    Args:
        model: such as any transformers model for audio classification.
    """
    path = layer_list(model)
    names = [name for name, _ in model.named_parameters()]
    if path is None:
        encoder = _encoder_without_layers(model)
        inside = [name for name in names if encoder is not None and encoder(name)]
        outside = [name for name in names if name not in set(inside)]
        return ModelParts(tuple(inside), (), (), tuple(outside), None)
    layers: list[list[str]] = [[] for _ in cast(nn.ModuleList, model.get_submodule(path))]
    below: list[str] = []
    top: list[str] = []
    head: list[str] = []
    for name in names:
        if name.startswith(f"{path}."):
            layers[int(name[len(path) + 1 :].split(".")[0])].append(name)
        else:
            {"below": below, "top": top, "head": head}[_side(model, path, name)].append(name)
    return ModelParts(tuple(below), tuple(map(tuple, layers)), tuple(top), tuple(head), path)


def _side(model: nn.Module, path: str, name: str) -> str:
    """Where a parameter outside the layers lies: "below" or on "top" of them, or in the "head"."""
    way, own = path.split("."), name.split(".")
    shared = 0
    while way[shared] == own[shared]:
        shared += 1
    if shared == 0 and len(way) > 1:
        return "head"
    if len(own) == shared + 1:
        return "below"
    holder = model.get_submodule(".".join(way[:shared]))
    # encoders that normalise before each layer register the last norm first
    if own[shared] == "layer_norm" and getattr(getattr(holder, "config", None), "do_stable_layer_norm", False):
        return "top"
    children = list(holder._modules)
    if children.index(own[shared]) < children.index(way[shared]):
        return "below"
    return "top" if shared else "head"


def _encoder_without_layers(model: nn.Module) -> Callable[[str], bool] | None:
    prefix = getattr(model, "base_model_prefix", "")
    if prefix and prefix in model._modules:
        return lambda name: name.startswith(f"{prefix}.")
    heads = [name for name in _HEADS if name in model._modules]
    return (lambda name: name.split(".")[0] not in (*heads, OBJECTIVE)) if heads else None


def matching(names: tuple[str, ...] | list[str], pattern: str) -> set[str]:
    """Parameters that a pattern means.

    Args:
        names: names of parameters.
        pattern: name of a module or parameter, or its end at a dot, with `*`, `?` and `[...]` as in a shell:
            "feature_extractor", "layers.[01]", "wav2vec2.encoder.pos_conv_embed", "*.bias". A module means all that is
            in it.
    """
    found = set()
    for name in names:
        parts = name.split(".")
        wholes = (".".join(parts[:count]) for count in range(1, len(parts) + 1))
        if any(fnmatchcase(whole, pattern) or fnmatchcase(whole, f"*.{pattern}") for whole in wholes):
            found.add(name)
    return found


__all__ = ["ModelParts", "layer_list", "matching", "model_parts"]
