#!/usr/bin/env python
"""Train a speech emotion classifier on a corpus, speaker-independently.

Runs by python, `accelerate launch` and `torchrun` alike. Settings come as flags or as one JSON file, flags after it
win:

    python examples/train.py examples/configs/ravdess_cct.json --data_dir /corpora/ravdess --output_dir outputs/cct
"""

import logging
import sys

from hf_ser.training import train_main

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    train_main(sys.argv[1:])
