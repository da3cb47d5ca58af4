#!/usr/bin/env python
"""What a few unlabelled clips of a voice are worth: WA and UA against the number of reference clips.

Takes the models of a cross-validation that was trained with references, such as

    python examples/cross_validate.py examples/configs/ravdess_whisper_ridge.json --data_dir /corpora/ravdess \
        --reference standardise --output_dir outputs/references
    python examples/enrolment_curve.py outputs/references --data_dir /corpora/ravdess

or of one with a speaker-conditioned CCT trained with `--own_voice False` (the voice of any other is, without
references, that of the clip itself), and prints a Markdown table. Which recordings to read, and which emotions to
merge or drop, is read from the run's results; name their folder where it is another by now. In each draw some clips
of every test speaker are set aside as references and never scored; all sizes are scored on the other clips (see
`hf_ser.inference.enrolment_curve`).
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from hf_ser.inference import enrolment_curve
from hf_ser.inference.curves import SIZES
from hf_ser.training import data_of_run, load_data


def _size(text: str) -> int | str:
    return text if text == "all" else int(text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", help="folder of the cross-validation")
    parser.add_argument("--data_dir", nargs="+", help="folder of its corpus, if it is another by now")
    parser.add_argument("--sizes", nargs="+", type=_size, default=list(SIZES), help="numbers of clips, and 'all'")
    parser.add_argument("--draws", type=int, default=5, help="draws of the reference clips")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--emotion", help="take references among the clips of this emotion only")
    parser.add_argument("--device", default="cpu", help="where the models run")
    parser.add_argument("--output", help="write the figures here too, as JSON")
    options = parser.parse_args(arguments)
    corpus = load_data(data_of_run(options.run, data_dir=options.data_dir))
    drawn = {"draws": options.draws, "seed": options.seed, "emotion": options.emotion}
    curve = enrolment_curve(options.run, corpus, options.sizes, device=options.device, **drawn)
    print(curve)
    if options.output:
        Path(options.output).write_text(json.dumps(curve.to_dict(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
