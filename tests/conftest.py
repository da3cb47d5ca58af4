"""Fixtures for all tests: small trees of synthetic voices, named as RAVDESS and EmoDB name theirs."""

import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest
import soundfile
from fake_hub import fake_hub  # noqa: F401

EMODB_CODES = {"neutral": "N", "happy": "F", "sad": "T", "angry": "W", "fearful": "A", "disgust": "E"}


def _load_maker() -> ModuleType:
    path = Path(__file__).parents[1] / "examples" / "make_synthetic_corpus.py"
    spec = importlib.util.spec_from_file_location("make_synthetic_corpus", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    """The module examples/make_synthetic_corpus.py, with `make_ravdess_tree(...)` and `synthetic_voice(...)`."""
    return _load_maker()


@pytest.fixture(scope="session")
def make_ravdess_tree(synthetic: ModuleType) -> Callable[..., Path]:
    """`make_ravdess_tree(folder, actors, emotions, ...)`, clips of 0.4 to 0.8 s unless told otherwise."""

    def make(folder: Path, actors: Sequence[int] = range(1, 7), *args, **options) -> Path:
        return synthetic.make_ravdess_tree(folder, actors, *args, **{"seconds": (0.4, 0.8), **options})

    return make


@pytest.fixture(scope="session")
def ravdess_tree(make_ravdess_tree: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """96 clips: 6 actors, 8 emotions, 2 repetitions, FLAC at 16 kHz. Shared by all tests: do not change it."""
    return make_ravdess_tree(tmp_path_factory.mktemp("ravdess"), range(1, 7), statements=(1,))


@pytest.fixture(scope="session")
def make_emodb_tree(synthetic: ModuleType) -> Callable[..., Path]:
    """`make_emodb_tree(folder, speakers, emotions, texts)`: EmoDB names in `folder/wav`."""

    def make(
        folder: Path,
        speakers: Sequence[str] = ("03", "08", "09", "10"),
        emotions: Sequence[str] = ("neutral", "happy", "sad", "angry"),
        texts: Sequence[str] = ("a01", "b02"),
        seconds: tuple[float, float] = (0.4, 0.8),
        suffix: str = ".wav",
    ) -> Path:
        place = Path(folder) / "wav"
        place.mkdir(parents=True, exist_ok=True)
        for speaker in speakers:
            for emotion in emotions:
                for number, text in enumerate(texts, start=10):
                    wave = synthetic.synthetic_voice(emotion, 100 + int(speaker), number, seconds=seconds)
                    soundfile.write(place / f"{speaker}{text}{EMODB_CODES[emotion]}a{suffix}", wave, 16_000)
        return Path(folder)

    return make


@pytest.fixture(scope="session")
def emodb_tree(make_emodb_tree: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """32 clips: 4 speakers, 4 emotions, 2 texts. Shared by all tests: do not change it."""
    return make_emodb_tree(tmp_path_factory.mktemp("emodb"))


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real corpora (`ravdess/`, `emodb/`) named by HF_SER_DATA; tests that ask for it are marked so."""
    folder = os.environ.get("HF_SER_DATA")
    if not folder:
        pytest.skip("set HF_SER_DATA to a folder that holds ravdess/ and emodb/")
    return Path(folder)
