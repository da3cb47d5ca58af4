"""Some columns of a dataset, fit to have others put beside them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datasets

__all__ = ["pick_columns"]


def pick_columns(dataset: "datasets.Dataset", names: Sequence[str]) -> "datasets.Dataset":
    """`dataset.select_columns(names)`, without what breaks `concatenate_datasets(axis=1)`.

    A dataset to which columns were added is a table of blocks. datasets keeps blocks that lose all their columns, with
    no rows in them, and fails later to put columns of its full length beside them; here they are left out.

    Args:
        dataset: Any dataset. Its recordings are not copied, unless its rows were selected or shuffled.
        names: Columns to keep, in this order.
    """
    import datasets

    chosen = dataset.select_columns(list(names))
    if not isinstance(chosen.data, datasets.table.ConcatenationTable):
        return chosen
    chosen = chosen.flatten_indices()
    if not isinstance(chosen.data, datasets.table.ConcatenationTable):
        return chosen
    blocks = [[block for block in row if block.num_columns > 0] for row in chosen.data.blocks]
    info = datasets.DatasetInfo(features=chosen.features)
    return datasets.Dataset(datasets.table.ConcatenationTable.from_blocks(blocks), info=info)
