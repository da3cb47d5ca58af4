"""The metrics as modules of the library evaluate, packaged, so that they load without a network.

Each is a folder of `metric_modules/` with a file of its name, which `evaluate.load` takes as a path.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import evaluate

_FOLDER = Path(__file__).parent / "metric_modules"
_OPTIONS = ("bins", "num_labels", "prediction_scores", "score_type")


def list_metrics() -> list[str]:
    """Name the metrics that `load_metric` knows, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*/*.py") if path.stem == path.parent.name)


def metric_path(name: str) -> str:
    """Give the folder of a metric, for `evaluate.load(...)` and `evaluate.combine([...])`.

    Args:
        name: One of `list_metrics()`, such as "ua".

    Raises:
        ValueError: No such metric.
    """
    if name not in list_metrics():
        raise ValueError(f"metric: got {name!r}, expected one of {', '.join(list_metrics())}")
    return str(_FOLDER / name)


def load_metric(name: str, **options: Any) -> "evaluate.Metric":
    """Load a metric of the library evaluate; no network is needed.

    Args:
        name: One of `list_metrics()`, such as "ua".
        **options: Passed on to `evaluate.load`, such as `experiment_id` or `keep_in_memory`.

    Returns:
        A metric with `add_batch(...)` and `compute(...)`, which `evaluate.combine` takes too.

    Raises:
        ValueError: No such metric.
        ImportError: evaluate is missing.
    """
    path = metric_path(name)
    try:
        import evaluate
    except ImportError as error:
        raise ImportError("metric modules need evaluate: pip install 'hf-ser[train]'") from error
    return evaluate.load(path, **options)


def count_labels(labels: ArrayLike, predictions: ArrayLike) -> int:
    """Give the least number of classes that holds all labels and predictions; errors are left to the metrics."""
    return int(max([0, *(int(np.max(values)) for values in (labels, predictions) if np.size(values))])) + 1


def check_options(options: Iterable[str]) -> None:
    """Refuse options that no metric has.

    `evaluate.combine` hands every option to every metric, so those of the others are let pass.

    Raises:
        TypeError: An option that no metric has.
    """
    if unknown := sorted(set(options) - set(_OPTIONS)):
        raise TypeError(f"got unknown options {', '.join(unknown)}, expected among {', '.join(_OPTIONS)}")


__all__ = ["check_options", "count_labels", "list_metrics", "load_metric", "metric_path"]
