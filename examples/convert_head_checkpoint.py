"""Turn a published speech emotion checkpoint, whose head transformers cannot load, into a folder that hf_ser loads.

    python examples/convert_head_checkpoint.py someone/wav2vec2-emotion out/wav2vec2-emotion
    python examples/convert_head_checkpoint.py best.pt out/shemo --config facebook/hubert-base-ls960 \
        --labels anger fear happiness neutral sadness surprise

The weights are read as tensors only: nothing in the files is run.
"""

import argparse
import sys

from hf_ser import convert_head_checkpoint


def main() -> None:
    """Parse the command line and convert."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="folder, Hub id, or a file of weights")
    parser.add_argument("output_folder", help="folder to write; must be new or empty")
    parser.add_argument("--config", help="folder or Hub id of the encoder, for a file without config.json")
    parser.add_argument("--labels", nargs="+", help="names of the outputs, where the checkpoint gives none")
    parser.add_argument("--activation", choices=["tanh", "none"], help="between the two layers, if not the usual one")
    parser.add_argument("--drop", nargs="+", default=[], help="beginnings of names of tensors to leave out")
    arguments = parser.parse_args()
    try:
        report = convert_head_checkpoint(
            arguments.checkpoint,
            arguments.output_folder,
            config=arguments.config,
            labels=arguments.labels,
            activation=arguments.activation,
            drop=arguments.drop,
        )
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    print(f"head: {report.layout}; {len(report.mapped)} tensors taken over, {len(report.dropped)} left out")
    for name, reason in report.dropped.items():
        print(f"  left out {name}: {reason}")
    print(f"wrote {report.folder}; load it with hf_ser.from_pretrained_strict({str(report.folder)!r})")


if __name__ == "__main__":
    main()
