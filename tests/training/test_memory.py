import subprocess
import sys
from pathlib import Path

import pytest

MEASURE = """
import resource, sys
sys.path.insert(0, {here!r})
from tiny import tiny_corpus, tiny_trainer
from hf_ser import load_corpus
corpus = load_corpus("ravdess", {folder!r}, check_grid="off")
trainer = tiny_trainer(corpus, {folder!r} + "/run", augmentation="light")
trainer.train_dataset.rows = trainer.train_dataset.rows * {times}
trainer.train_dataset.labels = trainer.train_dataset.labels * {times}
clips = sum(len(batch["labels"]) for batch in trainer.get_train_dataloader())
print(clips, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_peak_memory_does_not_grow_with_the_number_of_clips(tmp_path, corpus):
    folder = str(Path(corpus[0]["audio"]["path"]).parents[1])
    peaks = []
    for times in (1, 40):
        code = MEASURE.format(here=str(Path(__file__).parent), folder=folder, times=times)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        clips, peak = map(int, done.stdout.split()[-2:])
        peaks.append((clips, peak))
    assert peaks[1][0] == 40 * peaks[0][0]
    # 40 times the clips would hold 50 MB of waveforms and 30 MB of features
    assert peaks[1][1] - peaks[0][1] < 25, peaks
