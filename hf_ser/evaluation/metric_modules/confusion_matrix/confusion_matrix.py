"""The metric `confusion_matrix` for `evaluate.load`."""

from typing import Any

import datasets
import evaluate

from hf_ser.evaluation import confusion_matrix
from hf_ser.evaluation.metric_loading import check_options, count_labels

_DESCRIPTION = """
Confusion matrix: clips by true emotion (row) and predicted emotion (column).
"""

_INPUTS = """
Args:
    predictions: predicted class of each clip, integers from 0.
    references: true class of each clip, integers from 0.
    num_labels: number of classes; by default up to the highest that occurs.
Returns:
    confusion_matrix: a list of rows, each a list of counts.
Examples:
    >>> metric = hf_ser.evaluation.load_metric("confusion_matrix")
    >>> metric.compute(predictions=[0, 0, 1], references=[0, 0, 0])
"""

_CITATION = r"""
@article{pedregosa2011scikit,
  title = {Scikit-learn: Machine Learning in {P}ython},
  author = {Pedregosa, Fabian and others},
  journal = {Journal of Machine Learning Research},
  volume = {12},
  pages = {2825--2830},
  year = {2011}
}
"""


class ConfusionMatrix(evaluate.Metric):
    """Clips by true and predicted emotion."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features(
                {"predictions": datasets.Value("int64"), "references": datasets.Value("int64")}
            ),
            reference_urls=["https://scikit-learn.org/stable/modules/model_evaluation.html"],
        )

    def _compute(
        self, *, predictions: Any, references: Any, num_labels: int | None = None, **options: Any
    ) -> dict[str, Any]:
        check_options(options)
        size = count_labels(references, predictions) if num_labels is None else num_labels
        return {"confusion_matrix": confusion_matrix(references, predictions, size).tolist()}
