"""Train on some corpora, test on another."""

from collections.abc import Iterable

import numpy as np

from .base import SpeakerTable, register_protocol
from .columns import ProtocolError
from .fold import Fold
from .grouped import balanced_groups, shares_of
from .options import names_option, seed_option, share_option

__all__ = ["cross_corpus"]


@register_protocol("cross-corpus", options=["test", "train", "validation_share", "seed"])
def cross_corpus(
    table: SpeakerTable,
    test: str | Iterable[str] | None = None,
    train: str | Iterable[str] | None = None,
    validation_share: float = 0.2,
    seed: int = 0,
) -> list[Fold]:
    """One fold per corpus: it is tested, the others train, and some of their speakers validate.

    The validation speakers are one of the groups that `grouped` would make of the training corpora's speakers,
    balanced by corpus too, so that about `validation_share` of the clips validate.

    Args:
        table: The dataset, with a column `corpus`.
        test: The corpus (or several) to test on, in one fold; each in turn if not given.
        train: The corpora to train on; all others if not given.
        validation_share: Share of the training corpora that validates, above 0 to at most 0.5.
        seed: Draws another of the many balanced choices.

    Raises:
        ProtocolError: There is no column `corpus`, one corpus, an unknown one, one on both sides, a speaker of two
            corpora, or a single training speaker.
    """
    share, seed = share_option("validation_share", validation_share), seed_option(seed)
    of_row = table.column("corpus", "combine corpora so that it names the corpus of each row")
    corpora = sorted(set(of_row.tolist()))
    if len(corpora) < 2:
        raise ProtocolError(
            f"the dataset has one corpus ({corpora[0]}); combine it with another to test across corpora"
        )
    tests = [[corpus] for corpus in corpora] if test is None else [_known("test", test, corpora)]
    if train is not None and test is None:
        raise ProtocolError(f"train={train!r} without test; name the corpus to test on, such as test={corpora[-1]!r}")
    folds = []
    for number, tested in enumerate(tests):
        learned = (
            [name for name in corpora if name not in tested] if train is None else _known("train", train, corpora)
        )
        both = sorted(set(learned) & set(tested))
        if both or not learned:
            raise ProtocolError(
                f"corpora {', '.join(both or tested)} are on both sides or leave none to train on; test={tested}, "
                f"train={learned}; corpora of the dataset: {', '.join(corpora)}"
            )
        rows = np.isin(of_row, learned)
        validation = _validation(table, rows, of_row.tolist(), share, seed)
        masks = (rows & ~validation, validation, np.isin(of_row, tested))
        folds.append(table.fold_of_rows(number, *masks, title=tested))
    return folds


def _known(option: str, value: str | Iterable[str], corpora: list[str]) -> list[str]:
    names = names_option(option, value, repr(corpora[-1]))
    unknown = [name for name in names if name not in corpora]
    if unknown:
        raise ProtocolError(
            f"{option}={value!r}: the dataset has no corpus {', '.join(map(repr, unknown))}, "
            f"expected some of {', '.join(corpora)}"
        )
    return names


def _validation(table: SpeakerTable, rows: np.ndarray, corpora: list[str], share: float, seed: int) -> np.ndarray:
    """Mask of the rows of the training corpora's speakers that validate."""
    codes = np.unique(table.codes[rows])
    if len(codes) < 2:
        raise ProtocolError(
            f"the training corpora have {len(codes)} speaker(s); at least 2 are needed, one of them for validation"
        )
    k = min(max(round(1 / share), 2), len(codes))
    group = balanced_groups(shares_of(table, codes, {"corpus": corpora}), k, np.random.default_rng(seed))
    emotions = np.asarray(table.clips.emotions, dtype=object)
    choices = []
    for number in range(k):
        mask = rows & np.isin(table.codes, codes[group == number])
        lost = len(set(emotions[rows].tolist()) - set(emotions[rows & ~mask].tolist()))
        choices.append((lost, number, mask))
    # the first group whose absence costs the training side no class
    return min(choices, key=lambda choice: choice[:2])[2]
