"""Turn an original Compact Transformers checkpoint (.pth) into a folder that `from_pretrained` reads.

    python examples/convert_cct_checkpoint.py cct_14_7x2_224_imagenet.pth out/cct_14 --variant cct_14_7x2_224
    python examples/convert_cct_checkpoint.py cct_14_7x2_224_imagenet.pth out/encoder --variant cct_14_7x2_224 \
        --drop-head --image-size 224 400

The file is read as tensors only: nothing in it is run.
"""

import argparse
import sys

from hf_ser.models.cct.convert_cct_checkpoint import convert_cct_checkpoint


def main() -> None:
    """Parse the command line and convert."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="original .pth, .pth.tar, .bin or .safetensors file")
    parser.add_argument("output_folder", help="folder to write; must be new or empty")
    parser.add_argument("--variant", required=True, help="its name, e.g. cct_14_7x2_224 or vit_7_4_32")
    parser.add_argument("--num-labels", type=int, help="classes of the checkpoint, if not the variant's own")
    parser.add_argument("--num-channels", type=int, help="input channels of the checkpoint, if not 3")
    parser.add_argument("--image-size", type=int, nargs=2, metavar=("FREQUENCY", "TIME"), help="size to resize to")
    parser.add_argument("--drop-head", action="store_true", help="write the encoder alone, for new classes")
    arguments = parser.parse_args()
    options = {name: getattr(arguments, name) for name in ("num_labels", "num_channels", "image_size")}
    try:
        folder = convert_cct_checkpoint(
            arguments.checkpoint,
            arguments.output_folder,
            arguments.variant,
            drop_head=arguments.drop_head,
            **{name: value for name, value in options.items() if value is not None},
        )
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    model_class = "CctModel" if arguments.drop_head else "CctForAudioClassification"
    print(f"wrote {folder}; load it with hf_ser.{model_class}.from_pretrained({str(folder)!r})")


if __name__ == "__main__":
    main()
