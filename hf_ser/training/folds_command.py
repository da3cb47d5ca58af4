"""What `hf-ser folds` does with its command line: who is tested in each fold, before anything is trained."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from ..protocols import corpus_fingerprint, save_folds
from .cross_validation import CrossValidationArguments
from .data_arguments import DataArguments, every_fold, load_data, pick_folds
from .run_config import RUN_SETTINGS, given_settings, parse_settings

__all__ = ["FoldsArguments", "folds_main"]


@dataclass
class FoldsArguments:
    """What to do with folds besides printing them."""

    save: str | None = field(
        default=None, metadata={"help": "File to write all folds to; hf-ser train --folds_file takes it."}
    )


def folds_main(arguments: Sequence[str], prog: str | None = None) -> int:
    """Print the folds of a corpus and protocol, and save them where asked.

    Args:
        arguments: a JSON file with settings first, if there is one, then flags. The file may be that of a run, whose
            other settings play no part.
        prog: name of the command, for its help.

    Returns:
        the exit status, 0.

    Raises:
        ValueError: if a setting is unknown or does not fit, or the protocol does not suit the corpus.
        FileExistsError: if the file to save to is there already.
    """
    kinds = (DataArguments, FoldsArguments)
    settings = {"folds": "all"} | given_settings(arguments, kinds, prog)
    if strange := sorted(settings.keys() - _names(*kinds, *RUN_SETTINGS, CrossValidationArguments)):
        raise ValueError(f"unknown settings: {', '.join(strange)}; --help lists those of folds")
    own = _names(*kinds)
    data, options = parse_settings({name: value for name, value in settings.items() if name in own}, kinds)
    if data.folds == "none":
        raise ValueError(
            "folds is 'none', which trains on every speaker; name folds to print, or leave it out for all"
        )
    if options.save and Path(options.save).exists():
        raise FileExistsError(f"--save {options.save!r} is there already; name another file, or delete it")
    corpus = load_data(data)
    folds = every_fold(corpus, data)
    speakers = len(set(corpus["speaker"]) - {None, ""})
    print(f"{data.corpus_name}: {len(corpus)} clips, {speakers} speakers, fingerprint {corpus_fingerprint(corpus)}")
    for _, fold in pick_folds(folds, data):
        print(f"\n{fold.describe()}")
    if options.save:
        save_folds(folds, options.save)
        print(f"\nall {len(folds)} fold(s) are in {options.save}; --folds_file takes them")
    return 0


def _names(*kinds: type) -> set[str]:
    return {one.name for kind in kinds for one in fields(kind)}
