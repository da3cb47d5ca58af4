"""Makes hf_ser's model types known to transformers' Auto classes, without importing transformers early.

transformers has no plug-in mechanism, and importing its auto modules takes seconds. So `import hf_ser` only leaves a note: a finder
on `sys.meta_path` that lets the normal import of `transformers.models.auto.auto_factory` happen and registers right after
it. If that module is loaded already, registration happens at once.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType

_AUTO_MODULE = "transformers.models.auto.auto_factory"


def register_auto_classes() -> None:
    """Register every hf_ser model type with the Auto classes; may be called any number of times."""
    from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, AutoModelForAudioClassification

    from .features import SpectrogramFeatureExtractor
    from .models.cct import CctConfig, CctForAudioClassification, CctModel

    AutoConfig.register(CctConfig.model_type, CctConfig, exist_ok=True)
    AutoModel.register(CctConfig, CctModel, exist_ok=True)
    AutoModelForAudioClassification.register(CctConfig, CctForAudioClassification, exist_ok=True)
    AutoFeatureExtractor.register(CctConfig, SpectrogramFeatureExtractor, exist_ok=True)


class _RegisteringLoader(importlib.abc.Loader):
    """Executes a module with its own loader, then registers."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self.loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        register_auto_classes()


class _AutoModuleFinder(importlib.abc.MetaPathFinder):
    """Wraps the loader of transformers' auto factory once, then takes itself off `sys.meta_path`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _AUTO_MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _RegisteringLoader(spec.loader)
        return spec


def register_when_transformers_loads() -> None:
    """Register now if transformers' auto modules are loaded, otherwise as soon as somebody loads them."""
    if _AUTO_MODULE in sys.modules:
        register_auto_classes()
    elif not any(isinstance(finder, _AutoModuleFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AutoModuleFinder())
