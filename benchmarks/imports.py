"""How long `import hf_ser` takes, in fresh processes, and that it loads neither torch nor transformers."""

import argparse
import statistics
import subprocess
import sys

LIMIT_SECONDS = 0.3
CODE = (
    "import time; start = time.perf_counter(); import hf_ser; seconds = time.perf_counter() - start; import sys; "
    "print(seconds, *[name for name in ('torch', 'transformers', 'datasets', 'numpy') if name in sys.modules])"
)


def measure(repeats: int) -> tuple[list[float], set[str]]:
    """Import in `repeats` fresh processes; returns the seconds of each and the heavy modules that were loaded."""
    seconds, loaded = [], set()
    for _ in range(repeats):
        words = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout.split()
        seconds.append(float(words[0]))
        loaded.update(words[1:])
    return seconds, loaded


def main(arguments: list[str] | None = None) -> int:
    """Print the table; with --check, exit with 1 if the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    seconds, loaded = measure(options.repeats)
    median = statistics.median(seconds)
    print("| import hf_ser | median | limit | heavy modules loaded |\n|---|---|---|---|")
    print(
        f"| {options.repeats} fresh processes | {median:.3f} s | {LIMIT_SECONDS} s | "
        f"{', '.join(sorted(loaded)) or 'none'} |"
    )
    return int(options.check and (median > LIMIT_SECONDS or bool(loaded)))


if __name__ == "__main__":
    sys.exit(main())
