"""Makes hf_ser's model types known to transformers' Auto classes, without importing transformers early.

transformers has no plug-in mechanism, and importing its auto modules takes seconds. So `import hf_ser` only leaves a
note: a finder on `sys.meta_path` that lets transformers' auto modules and hf_ser's own modules be imported as usual,
and registers right after each of them whatever can be. What is loaded already is registered at once, so the order of
the imports does not matter. A class is handed over only once both its own module and the auto module are complete,
because each may be imported from within the other.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NamedTuple


class _Entry(NamedTuple):
    """`auto_class` of `auto_module` maps the config class of `model_type` to the class `name` of `module`."""

    auto_module: str
    auto_class: str
    model_type: str
    module: str
    name: str


_AUTO = "transformers.models.auto"
_CCT, _SPEECH = "hf_ser.models.cct", "hf_ser.models.speech_encoder"
_SPEAKER = "hf_ser.models.speaker_encoder"
_CONFIGS = {
    "ser_cct": (f"{_CCT}.configuration_cct", "CctConfig"),
    "ser_speaker_cct": (f"{_CCT}.configuration_speaker_cct", "SpeakerCctConfig"),
    "ser_speech_encoder": (f"{_SPEECH}.configuration_speech_encoder", "SpeechEncoderConfig"),
    "ser_ecapa_tdnn": (f"{_SPEAKER}.configuration_ecapa_tdnn", "EcapaTdnnConfig"),
    "ser_vgg_vox": (f"{_SPEAKER}.configuration_vgg_vox", "VggVoxConfig"),
}


def _entries(model_type: str, modeling: str, names: tuple[str, ...], extractor: tuple[str, str]) -> tuple[_Entry, ...]:
    """What a model type hands to the Auto classes: its base, its classifier if it has one, its feature extractor."""
    autos = ("AutoModel", "AutoModelForAudioClassification")
    return (
        *(
            _Entry(f"{_AUTO}.modeling_auto", auto, model_type, modeling, name)
            for auto, name in zip(autos, names, strict=False)
        ),
        _Entry(f"{_AUTO}.feature_extraction_auto", "AutoFeatureExtractor", model_type, *extractor),
    )


_ENTRIES = (
    *_entries(
        "ser_cct",
        f"{_CCT}.modeling_cct",
        ("CctModel", "CctForAudioClassification"),
        ("hf_ser.features.feature_extraction_spectrogram", "SpectrogramFeatureExtractor"),
    ),
    *_entries(
        "ser_speaker_cct",
        f"{_CCT}.modeling_speaker_cct",
        ("SpeakerCctModel", "SpeakerCctForAudioClassification"),
        ("hf_ser.features.feature_extraction_speaker_spectrogram", "SpeakerSpectrogramFeatureExtractor"),
    ),
    *_entries(
        "ser_speech_encoder",
        f"{_SPEECH}.modeling_speech_encoder",
        ("SpeechEncoderModel", "SpeechEncoderForAudioClassification"),
        ("hf_ser.features.feature_extraction_speech", "SpeechFeatureExtractor"),
    ),
    *_entries(
        "ser_ecapa_tdnn",
        f"{_SPEAKER}.modeling_ecapa_tdnn",
        ("EcapaTdnnModel",),
        ("hf_ser.features.feature_extraction_ecapa", "EcapaTdnnFeatureExtractor"),
    ),
    *_entries(
        "ser_vgg_vox",
        f"{_SPEAKER}.modeling_vgg_vox",
        ("VggVoxModel",),
        ("hf_ser.features.feature_extraction_vgg_vox", "VggVoxFeatureExtractor"),
    ),
)
_CONFIGURATION_AUTO = f"{_AUTO}.configuration_auto"
_AUTO_MODULES = {_CONFIGURATION_AUTO, *(entry.auto_module for entry in _ENTRIES)}
# imports the auto modules and is imported by models, ours among them: those wait for it when it comes first
_LAYERS = "transformers.modeling_layers"
_WATCHED = (
    _AUTO_MODULES | {_LAYERS} | {entry.module for entry in _ENTRIES} | {module for module, _ in _CONFIGS.values()}
)
_complete: set[str] = set()


def _config_class(model_type: str) -> type:
    module, name = _CONFIGS[model_type]
    return getattr(import_module(module), name)


def _import_unless_busy(module: str, group: set[str]) -> None:
    """Import a module of ours that is due, unless another is half imported, which it may be built on.

    The completion of that other one comes back to `_register`, as does the module's own.
    """
    if module not in sys.modules and not any(name in sys.modules and name not in _complete for name in group):
        import_module(module)


def _register(completed: str) -> None:
    """Register what the completion of a module makes possible."""
    _complete.add(completed)
    for model_type, (module, _) in _CONFIGS.items():
        if _CONFIGURATION_AUTO in _complete:
            _import_unless_busy(module, {module for module, _ in _CONFIGS.values()})
        if completed in (_CONFIGURATION_AUTO, module) and {_CONFIGURATION_AUTO, module} <= _complete:
            sys.modules[_CONFIGURATION_AUTO].AutoConfig.register(model_type, _config_class(model_type), exist_ok=True)
    if _LAYERS not in _complete and getattr(
        getattr(sys.modules.get(_LAYERS), "__spec__", None), "_initializing", False
    ):
        return
    for entry in _ENTRIES:
        if entry.auto_module in _complete:
            _import_unless_busy(entry.module, {entry.module for entry in _ENTRIES})
        # what was due while the layers were half imported is made up for when they are complete
        if completed in (entry.auto_module, entry.module, _LAYERS) and {entry.auto_module, entry.module} <= _complete:
            auto = getattr(sys.modules[entry.auto_module], entry.auto_class)
            auto.register(
                _config_class(entry.model_type), getattr(sys.modules[entry.module], entry.name), exist_ok=True
            )


class _RegisteringLoader(importlib.abc.Loader):
    """Executes a module with its own loader, then registers."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self.loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Leave it to the usual loader."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, then register what that makes possible."""
        self.loader.exec_module(module)
        _register(module.__name__)

    def __getattr__(self, name: str) -> object:
        # inspect and importlib.resources ask the loader for sources
        return getattr(self.loader, name)


class _WatchingFinder(importlib.abc.MetaPathFinder):
    """Finds the watched modules as the usual finder does, with a loader that registers."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a watched module as the usual finder does; leave the others to it."""
        if fullname not in _WATCHED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _RegisteringLoader(spec.loader)
        return spec


def register_when_transformers_loads() -> None:
    """Register with the auto modules that are loaded, and leave a finder for those that are not."""
    if not any(type(finder).__name__ == _WatchingFinder.__name__ for finder in sys.meta_path):
        sys.meta_path.insert(0, _WatchingFinder())
    for name in sorted(_AUTO_MODULES & set(sys.modules)):
        _register(name)
