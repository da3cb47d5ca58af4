"""The metric `class_recall` for `evaluate.load`."""

from typing import Any

import datasets
import evaluate

from hf_ser.evaluation import classification_metrics
from hf_ser.evaluation.metric_loading import check_options, count_labels

_DESCRIPTION = """
Recall of each emotion: the share of its clips that are found.
"""

_INPUTS = """
Args:
    predictions: predicted class of each clip, integers from 0.
    references: true class of each clip, integers from 0.
    num_labels: number of classes; by default up to the highest that occurs.
Returns:
    class_recall: one share in 0..1 for each class, None where it is not among the references.
Examples:
    >>> metric = hf_ser.evaluation.load_metric("class_recall")
    >>> metric.compute(predictions=[0, 0, 1], references=[0, 0, 0], num_labels=2)
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


class ClassRecall(evaluate.Metric):
    """Recall of each emotion."""

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
        return {"class_recall": classification_metrics(references, predictions, size)["recall"]}
