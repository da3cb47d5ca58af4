"""A manifest of 100,000 generated rows, loaded and split by speakers in a fresh process; no file is opened."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from .machine import processor_name

LARGEST_SECONDS, LARGEST_GIB = 10.0, 1.0
EMOTIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgust")
# imports are done before the clock starts; the peak is that of the whole process
CODE = """
import json, resource, sys, time
from hf_ser import load_corpus, speaker_folds
import datasets
start = time.perf_counter()
corpus = load_corpus("csv", sys.argv[1], check_files=False)
loaded = time.perf_counter() - start
folds = speaker_folds(corpus, protocol="grouped", k=5, duplicates="off")
total = time.perf_counter() - start
assert sum(len(fold.test) for fold in folds) == len(corpus)
unit = 1 if sys.platform == "darwin" else 1024
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
print(json.dumps([len(corpus), len(set(corpus["speaker"])), loaded, total, peak]))
"""


def write_manifest(file: Path, rows: int, speakers: int) -> None:
    """Write a CSV file of clips that need not exist."""
    generator = np.random.default_rng(0)
    who = generator.integers(0, speakers, rows)
    what = generator.integers(0, len(EMOTIONS), rows)
    lines = ["path,emotion,speaker,sex"]
    lines += [
        f"clips/{speaker:04d}/{row:06d}.wav,{EMOTIONS[emotion]},s{speaker:04d},{'female' if speaker % 2 else 'male'}"
        for row, (speaker, emotion) in enumerate(zip(who, what, strict=True))
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Print the table; with --check, return 1 if time or memory is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    print(f"{processor_name()}\n")
    print("| rows | speakers | loading, s | loading and splitting, s | wanted | peak memory, GiB | wanted |")
    print("|---|---|---|---|---|---|---|")
    missed = False
    with tempfile.TemporaryDirectory() as name:
        for speakers in (500, 5000):
            file = Path(name) / f"manifest-{speakers}.csv"
            write_manifest(file, options.rows, speakers)
            done = subprocess.run([sys.executable, "-c", CODE, str(file)], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                print(done.stderr[-2000:], file=sys.stderr)
                return 1
            rows, found, loaded, total, peak = json.loads(done.stdout.splitlines()[-1])
            missed |= total >= LARGEST_SECONDS or peak >= LARGEST_GIB
            print(
                f"| {rows} | {found} | {loaded:.1f} | {total:.1f} | < {LARGEST_SECONDS:.0f} | {peak:.2f} | "
                f"< {LARGEST_GIB:.0f} |",
                flush=True,
            )
    return int(missed and options.check)


if __name__ == "__main__":
    sys.exit(main())
