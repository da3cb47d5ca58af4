"""The metric `macro_f1` for `evaluate.load`."""

from typing import Any

import datasets
import evaluate

from hf_ser.evaluation import classification_metrics
from hf_ser.evaluation.metric_loading import check_options, count_labels

_DESCRIPTION = """
Macro-F1: the mean F1 over the emotions that occur among references or predictions.
"""

_INPUTS = """
Args:
    predictions: predicted class of each clip, integers from 0.
    references: true class of each clip, integers from 0.
Returns:
    macro_f1: share in 0..1.
Examples:
    >>> metric = hf_ser.evaluation.load_metric("macro_f1")
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


class MacroF1(evaluate.Metric):
    """Mean F1 over emotions."""

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

    def _compute(self, *, predictions: Any, references: Any, **options: Any) -> dict[str, Any]:
        check_options(options)
        size = count_labels(references, predictions)
        return {"macro_f1": classification_metrics(references, predictions, size)["macro_f1"]}
