"""A manifest of 100,000 recordings is loaded and split within 10 s and 1 GiB, without opening one."""

import csv
import json
import subprocess
import sys

EMOTIONS = ("angry", "happy", "sad", "neutral")
CODE = """
import json, resource, sys, time
start = time.perf_counter()
from hf_ser import load_corpus, speaker_folds
dataset = load_corpus("csv", sys.argv[1], check_files=False)
folds = speaker_folds(dataset, "grouped", k=5, duplicates="off")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
print(json.dumps({
    "seconds": time.perf_counter() - start, "cpu": time.process_time(), "MiB": peak, "rows": len(dataset),
    "tested": sorted(row for fold in folds for row in fold.test) == list(range(len(dataset))),
}))
"""


def test_hundred_thousand_rows(tmp_path):
    path = tmp_path / "many.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "emotion", "speaker", "sex", "text"])
        writer.writerows(
            [f"part{n % 40:02d}/clip{n:06d}.wav", EMOTIONS[n * 7 % 4], f"{n % 1000:04d}", "fm"[n % 2], f"sentence {n}"]
            for n in range(100_000)
        )
    result = subprocess.run([sys.executable, "-c", CODE, str(path)], capture_output=True, text=True, check=True)
    measured = json.loads(result.stdout.splitlines()[-1])
    print(measured)
    assert measured["rows"] == 100_000
    assert measured["tested"]
    assert measured["MiB"] < 1024
    # other processes of the machine do not count
    assert min(measured["seconds"], measured["cpu"]) < 10
