#!/usr/bin/env python
"""Cross-validate a speech emotion classifier: every fold of a protocol, with several seeds.

Start it again after any interruption, and it goes on where it was. Folds run in parallel with `--jobs 2`, or one on
each GPU under `accelerate launch`:

    python examples/cross_validate.py examples/configs/ravdess_compact.json --data_dir /corpora/ravdess \
        --output_dir outputs/compact --seeds 0 1 2
"""

import logging
import sys

from hf_ser.training import cross_validate_main

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cross_validate_main(sys.argv[1:])
