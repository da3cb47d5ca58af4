"""Every benchmark in turn: `python -m benchmarks [--check]`."""

import sys
from importlib import import_module

NAMES = (
    "imports",
    "features",
    "cct",
    "speaker",
    "speaker_cct",
    "speaker_cache",
    "feeding",
    "prefix_cache",
    "mixing",
    "manifest",
    "encoders",
    "heads",
    "long_recording",
)


def main(arguments: list[str]) -> int:
    """Run each benchmark; returns 1 if one of them missed its ratio and --check was given."""
    missed = []
    for name in NAMES:
        print(f"\n## {name}\n", flush=True)
        if import_module(f"benchmarks.{name}").main(arguments):
            missed.append(name)
    if missed:
        print(f"\nmissed: {', '.join(missed)}", file=sys.stderr)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
