"""Packaging of hf_ser; tool settings are in pyproject.toml, exact versions for development in constraints.txt."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = next(
    line.split('"')[1]
    for line in (ROOT / "hf_ser" / "version.py").read_text(encoding="utf-8").splitlines()
    if line.startswith("__version__")
)

REQUIRES = [
    "accelerate>=1.1",
    "datasets>=4.0",
    "filelock>=3.12",
    "huggingface-hub>=1.5,<3",
    "numpy>=1.26",
    "safetensors>=0.4.3",
    "soundfile>=0.13",
    "soxr>=0.5",
    "tqdm>=4.66",
    "torch>=2.6",
    "transformers>=5.6,<6",
]
EXTRAS = {
    "train": ["evaluate>=0.4.3", "scikit-learn>=1.4"],
    "report": ["matplotlib>=3.8"],
    "augment": ["audiomentations>=0.40"],
    # not in "all": openSMILE's licence allows non-commercial use only
    "egemaps": ["opensmile>=2.5"],
    "bench": ["librosa>=0.10"],
    # reads the Keras weights of VGG-Vox
    "vggvox": ["h5py>=3.10"],
    "dev": [
        "hypothesis>=6.100",
        "mypy>=1.15",
        "pytest>=8.3",
        "pytest-timeout>=2.3",
        "pytest-xdist>=3.6",
        "ruff>=0.12",
    ],
}
EXTRAS["all"] = EXTRAS["train"] + EXTRAS["augment"] + EXTRAS["report"]
EXTRAS["dev"] += EXTRAS["all"] + EXTRAS["bench"] + EXTRAS["egemaps"] + EXTRAS["vggvox"]

setup(
    name="hf-ser",
    version=VERSION,
    description="Speech emotion recognition as a first-class citizen of Hugging Face transformers",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The hf_ser authors",
    license_expression="Apache-2.0 AND CC-BY-NC-SA-4.0",
    license_files=["LICENSE", "hf_ser/checkpoints/*/LICENSE*"],
    keywords="speech emotion recognition transformers audio classification",
    packages=find_packages(include=["hf_ser", "hf_ser.*"]),
    package_data={"hf_ser": ["py.typed", "checkpoints/*/*", "evaluation/metric_modules/*/*.py"]},
    python_requires=">=3.11",
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["hf-ser=hf_ser.cli:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Topic :: Multimedia :: Sound/Audio :: Analysis",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
)
