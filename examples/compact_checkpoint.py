#!/usr/bin/env python
"""Round a checkpoint to half precision, half the size on disk: how the checkpoint that ships was made from a run.

python examples/compact_checkpoint.py outputs/final outputs/compact
"""

import argparse

from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

import hf_ser  # noqa: F401 - registers the model types
from hf_ser.hub import save_compact


def main() -> None:
    """Read the two folders and write the second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="folder to read")
    parser.add_argument("folder", help="folder to write; new or empty")
    options = parser.parse_args()
    model = AutoModelForAudioClassification.from_pretrained(options.checkpoint)
    print(save_compact(model, AutoFeatureExtractor.from_pretrained(options.checkpoint), options.folder))


if __name__ == "__main__":
    main()
