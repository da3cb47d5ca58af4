"""From a JSON-able list of names and arguments to audiomentations objects; names are looked up, never evaluated."""

import difflib
import inspect
import json
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from .presets import WAVEFORM_PRESETS
from .reverberation import DecayReverb
from .speed import SpeedPerturb

_CONTAINERS = ("Compose", "OneOf", "SomeOf")
# Signalsmith's stretcher, slowing a signal down to less than half its speed, draws phases from a generator of its own
# that the operating system seeds (python-stretch 0.3.1: equal calls differ at rate 0.499 and agree at 0.5).
_SLOWEST_REPRODUCIBLE_RATE = 0.5


def resolve_spec(spec: str | Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Turn the name of a preset or a list of transforms into a fresh list of plain JSON values.

    Args:
        spec: See `WaveformAugmentation`.

    Returns:
        The list, owned by the caller.

    Raises:
        ValueError: Unknown preset, or a string that starts a list but is not JSON.
        TypeError: Neither a name nor a list, or a value that JSON cannot hold.
    """
    if isinstance(spec, str) and spec.lstrip().startswith("["):
        try:
            spec = json.loads(spec)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"augmentation: got {spec!r}, which is not JSON ({error}); mind quotes and brackets"
            ) from error
    if isinstance(spec, str):
        if spec not in WAVEFORM_PRESETS:
            raise ValueError(
                f"augmentation preset: got {spec!r}, expected one of {', '.join(WAVEFORM_PRESETS)}, "
                'or a list of {"transform": name, "kwargs": {...}}'
            )
        spec = WAVEFORM_PRESETS[spec]
    if not isinstance(spec, Sequence):
        raise TypeError(f"augmentation: got {type(spec).__name__}, expected the name of a preset or a list of dicts")
    try:
        return json.loads(json.dumps(list(spec)))
    except TypeError as error:
        raise TypeError(
            f"augmentation: {error}; a spec holds only JSON values (names, numbers, lists, dicts)"
        ) from error


def build_transforms(entries: Sequence[dict[str, Any]]) -> list[Any]:
    """Make the audiomentations transforms that a resolved spec names; an empty spec needs no audiomentations.

    Args:
        entries: What `resolve_spec` returns.

    Returns:
        Callables (waveform, sampling rate in Hz) -> waveform, one per entry.

    Raises:
        ValueError: Unknown transform, wrong arguments, or a setting whose result cannot be repeated.
        TypeError: An entry of another form than `{"transform": name, "kwargs": {...}}`.
        ImportError: audiomentations is missing.
    """
    if not entries:
        return []
    library = _audiomentations()
    return [_build(entry, library) for entry in entries]


def _audiomentations() -> ModuleType:
    """Import the optional dependency."""
    try:
        import audiomentations
    except ImportError as error:
        raise ImportError(
            'waveform augmentation needs audiomentations: pip install "hf-ser[augment]", or choose the preset "none"'
        ) from error
    return audiomentations


def _build(entry: Any, library: ModuleType) -> Any:
    """Make one transform (and, in a container, its children) from its dict."""
    if (
        not isinstance(entry, dict)
        or not set(entry) <= {"transform", "kwargs"}
        or not isinstance(entry.get("transform"), str)
        or not isinstance(entry.get("kwargs", {}), dict)
    ):
        raise TypeError(f'augmentation entry: got {entry!r}, expected {{"transform": name, "kwargs": {{...}}}}')
    name, kwargs = entry["transform"], dict(entry.get("kwargs", {}))
    known = _transform_classes(library)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or sorted(known)
        raise ValueError(
            f"augmentation transform: got {name!r}, unknown to audiomentations; expected {', '.join(near)}"
        )
    accepted = [
        parameter.name
        for parameter in inspect.signature(known[name]).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD
    ]
    if unknown := sorted(set(kwargs) - set(accepted)):  # some transforms would swallow them silently
        raise ValueError(f"augmentation {name}: got {', '.join(unknown)}, expected only {', '.join(accepted)}")
    if name in _CONTAINERS:
        kwargs["transforms"] = [_build(child, library) for child in kwargs.get("transforms") or []]
        if not kwargs["transforms"]:
            raise ValueError(f'augmentation {name}: got no transforms; give a list under kwargs["transforms"]')
        if isinstance(kwargs.get("num_transforms"), list):
            kwargs["num_transforms"] = tuple(kwargs["num_transforms"])
    try:
        transform = known[name](**kwargs)
    except (TypeError, ValueError, AssertionError) as error:
        raise ValueError(f"augmentation {name} refused {entry.get('kwargs')}: {error}") from error
    if (
        name == "TimeStretch"
        and transform.method == "signalsmith_stretch"
        and transform.min_rate < _SLOWEST_REPRODUCIBLE_RATE
    ):
        raise ValueError(
            f"augmentation TimeStretch: got min_rate={transform.min_rate}, expected at least "
            f"{_SLOWEST_REPRODUCIBLE_RATE}: "
            'slower than that, equal seeds give different sounds; raise it or pass method="librosa_phase_vocoder"'
        )
    return transform


def _transform_classes(library: ModuleType) -> dict[str, type]:
    """List what a spec may name: waveform transforms and containers, without Lambda, which takes code, and our own."""
    base = library.core.transforms_interface.BaseWaveformTransform
    own: dict[str, type] = {SpeedPerturb.__name__: SpeedPerturb, DecayReverb.__name__: DecayReverb}
    return own | {
        name: value
        for name, value in vars(library).items()
        if isinstance(value, type) and (issubclass(value, base) or name in _CONTAINERS) and name != "Lambda"
    }


__all__ = ["build_transforms", "resolve_spec"]
